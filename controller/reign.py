"""What the leader among the controllers does, and nobody else: it allocates, and tells of it.

When a reign begins and ends is `lb.cluster.lease`'s to say.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import NoReturn

from controller.configuration import Configuration
from controller.pool_status import PoolStatuses
from controller.quarantine import Quarantine
from controller.reconciler import Reconciler, Serving
from controller.settings import OnConflict, Settings
from lb.api.configuration_state import CONTROLLER
from lb.api.service import Service
from lb.cluster.client import Client
from lb.cluster.configuration_state import StateWriter, own_pod
from lb.cluster.errors import ApiError, Conflict
from lb.cluster.events import Recorder, reference
from lb.cluster.lease import Term
from lb.cluster.lull import lull
from lb.cluster.memberlist import ensure_memberlist_key
from lb.cluster.pace import Pace
from lb.cluster.reflector import Reflector
from lb.cluster.work_queue import WorkQueue
from lb.config.condition import judge
from lb.config.parser import Parsed
from lb.config.rejection import Rejection
from lb.config.services import is_ours
from lb.ipam.space import Space
from lb.observe.metrics import ClientMetrics, LeaderMetrics

log = logging.getLogger(__name__)
WRITES = 8
"""Statuses written at the same time."""
DECIDED = 96
"""Services that are decided upon ahead, so that the Lease tells of many writes at once."""
PATIENCE = 1.0
"""Seconds until a configuration takes effect that takes addresses away: where a range goes from one pool to
another, or a pool gets another name, the other half of the change is on its way."""
KEY_CHECK = 30.0
"""Seconds between looks whether the speakers' key is still there."""


class Reign:
    """One *term* of this process. What it knows of addresses it reads anew, and forgets afterwards.

    The caller runs *services* and *configuration*, and tells what changes in them.
    """

    def __init__(
        self,
        settings: Settings,
        client: Client,
        term: Term,
        services: Reflector[Service],
        configuration: Configuration,
        metrics: tuple[ClientMetrics, LeaderMetrics],
    ) -> None:
        self._settings = settings
        self._client = client
        self._term = term
        self._services = services
        self._configuration = configuration
        self._client_metrics, self._metrics = metrics
        self._calm = asyncio.Event()
        """Set while no write waits or is under way: addresses are more urgent than events."""
        turn = partial(lull, self._calm)
        self._recorder = Recorder(client, "anvil-lb-controller", settings.pod_name, turn=turn)
        owner = own_pod(settings.pod_name, settings.pod_uid)
        self._state = StateWriter(client, CONTROLLER, settings.namespace, owner)
        self._queue: WorkQueue[str] = WorkQueue()
        self._pace: Pace[str] = Pace()
        """Of the writes of each status: another load balancer may put its own address there each time."""
        self._writes = asyncio.Semaphore(WRITES)
        self._urgent = 0
        """Writes that wait or are under way."""
        self._reconciler = Reconciler(
            client,
            self._recorder,
            Serving(settings.load_balancer_class, settings.shares_freely),
            self._queue.add,
            permit=self._permit,
        )
        self._pools = PoolStatuses(client, settings.namespace, self._reconciler.space)
        self._quarantine = Quarantine(
            client,
            settings.namespace,
            configuration.custom_resources,
            self._recorder,
            lambda: configuration.sightings,
            lambda: configuration.parsed.config,
        )
        self._seen: dict[str, float] = {}
        """By Service, since when it has been seen without an address."""
        self._begun = False
        self._reconfigured = asyncio.Event()

    @property
    def space(self) -> Space:
        """Who holds which address."""
        return self._reconciler.space

    async def run(self) -> None:
        """Allocate until cancelled."""
        await self._services.refresh()  # it holds what earlier leaders wrote, all of it
        self._begin()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recorder.run())
            tasks.create_task(self._state.run())
            tasks.create_task(self._pools.run())
            tasks.create_task(self._keep_configured())
            tasks.create_task(self._keep_key())
            if self._settings.on_conflict is OnConflict.QUARANTINE:
                tasks.create_task(self._quarantine.run())
            tasks.create_task(self._queue.serve(self._work, DECIDED))

    def _begin(self) -> None:
        parsed = self._configuration.parsed
        self._reconciler.begin(parsed.config, self._services.store.values())
        self._begun = True
        self.sightings_changed()
        self.configuration_changed(Parsed(), parsed)
        for name, service in self._services.store.items():
            self.service_changed(name, service)

    def service_changed(self, name: str, service: Service | None) -> None:
        """The Service *name* is this now."""
        if not self._begun:
            return
        if service is None or not is_ours(service, self._settings.load_balancer_class):
            self._seen.pop(name, None)
        elif not service.status.load_balancer.ingress:
            self._seen.setdefault(name, asyncio.get_running_loop().time())
        self._queue.add(name)

    def configuration_changed(self, before: Parsed, parsed: Parsed) -> None:
        """The configuration is *parsed* now."""
        if not self._begun:
            return
        for rejection in parsed.rejections:
            if rejection not in before.rejections:
                self._tell(rejection)
        self._state.tell(partial(judge, CONTROLLER, [str(each) for each in parsed.rejections]))
        self._reconfigured.set()
        self._quarantine.stir()

    def sightings_changed(self) -> None:
        """The speakers tell of other strangers than before."""
        if self._begun:
            self._reconciler.hear(self._configuration.sightings)
            self._quarantine.stir()

    async def _keep_configured(self) -> NoReturn:
        """Let each configuration take effect, in its time."""
        while True:
            await self._reconfigured.wait()
            if self.space.loses(self._configuration.parsed.config):
                await asyncio.sleep(PATIENCE)
            self._reconfigured.clear()
            config = self._configuration.parsed.config
            if self.space.config != config:  # a Node or a Namespace alone concerns no address
                self._reconciler.use(config)
            self._pools.stir()

    @asynccontextmanager
    async def _permit(self, name: str, version: str) -> AsyncIterator[None]:
        self._pace.spend(name, asyncio.get_running_loop().time())
        self._urgent += 1
        self._calm.clear()
        try:
            async with self._term.write(name, version), self._writes:
                yield
        finally:
            self._urgent -= 1
            if not self._urgent:
                self._calm.set()

    async def _work(self, name: str) -> None:
        service = self._services.store.get(name)
        if service is None:
            self._pace.forget(name)
        elif rest := self._pace.rest(name, asyncio.get_running_loop().time()):
            self._queue.add_after(name, rest)
            return
        self._client_metrics.updates.inc()
        try:
            await self._reconciler.reconcile(name, service)
            self._measure(name)
        except Conflict:
            self._queue.retry(name)  # the newer version is on its way to the store
        except ApiError as error:
            self._client_metrics.update_errors.inc()
            log.error("Service %s: its status was not written: %s", name, error)
            self._queue.retry(name)
        self._pools.stir()

    def _measure(self, name: str) -> None:
        if name in self._seen and self.space.held_by(name):
            self._metrics.allocation.observe(asyncio.get_running_loop().time() - self._seen.pop(name))

    def _tell(self, rejection: Rejection) -> None:
        kind, name = rejection.object.kind, rejection.object.name
        about = self._configuration.custom_resources.get(kind, name)
        if about is not None:
            resource = self._configuration.custom_resources.reflectors[kind].resource
            self._recorder.warning(reference(resource, about), "ConfigurationError", str(rejection))

    async def _keep_key(self) -> NoReturn:
        """Make the key by which speakers know each other, and make it again should somebody delete it."""
        while True:
            try:
                await ensure_memberlist_key(
                    self._client, self._settings.namespace, name=self._settings.secret_name
                )
            except ApiError as error:
                log.error("the speakers' key is not there: %s", error)
            await asyncio.sleep(KEY_CHECK)
