"""The controller's parts, joined: reflectors fill a queue of Services, workers reconcile them."""

import asyncio
import logging
from functools import partial
from typing import Any, NoReturn

from prometheus_client import CollectorRegistry

from controller.configuration import Configuration
from controller.pool_metrics import PoolMetrics
from controller.reconciler import Reconciler
from controller.settings import Settings, WebhookMode
from lb.api.configuration_state import CONTROLLER
from lb.api.service import Service
from lb.cluster.client import Client
from lb.cluster.completeness import complete, missing
from lb.cluster.configuration_state import StateWriter, own_pod
from lb.cluster.errors import ApiError, Conflict
from lb.cluster.events import Recorder, reference
from lb.cluster.memberlist import ensure_memberlist_key
from lb.cluster.reflector import Reflector
from lb.cluster.resource import SERVICES
from lb.cluster.work_queue import WorkQueue
from lb.config.admission import Answer, Change
from lb.config.condition import judge
from lb.config.parser import Parsed
from lb.config.rejection import Rejection
from lb.config.resources import FIELD_OF
from lb.observe.metrics import ClientMetrics

log = logging.getLogger(__name__)
WORKERS = 8
"""Statuses written at the same time."""
KEY_CHECK = 30.0
"""Seconds between looks whether the speakers' key is still there."""


class Controller:
    """Allocates addresses for the whole cluster."""

    def __init__(self, settings: Settings, client: Client, registry: CollectorRegistry) -> None:
        self._settings = settings
        self._client = client
        self._recorder = Recorder(client, "anvil-lb-controller", settings.pod_name)
        owner = own_pod(settings.pod_name, settings.pod_uid)
        self._state = StateWriter(client, CONTROLLER, settings.namespace, owner)
        self._queue: WorkQueue[str] = WorkQueue()
        self._reconciler = Reconciler(client, self._recorder, settings.load_balancer_class, self._queue.add)
        self._services = Reflector(client, SERVICES, self._service_changed)
        self._configuration = Configuration(
            client, settings.namespace, self._services.store, self._configuration_changed
        )
        self._allocates = settings.webhook.mode is not WebhookMode.ONLY
        self._begun = False
        registry.register(PoolMetrics(lambda: self._reconciler.space))
        self._client_metrics = ClientMetrics.of(registry)

    @property
    def _reflectors(self) -> tuple[Reflector[Any], ...]:
        return self._services, *self._configuration.reflectors

    async def run(self) -> None:
        """Allocate until cancelled; with --webhook-mode=onlywebhook only know what there is."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recorder.run())
            tasks.create_task(self._state.run())
            tasks.create_task(self._keep_key())
            for reflector in (*self._reflectors, *self._configuration.optional):
                tasks.create_task(reflector.run())
            await complete(self._reflectors)
            self._configuration.begin()
            if self._allocates:
                await self._queue.serve(self._work, WORKERS)

    async def _work(self, name: str) -> None:
        self._client_metrics.updates.inc()
        try:
            await self._reconciler.reconcile(name, self._services.store.get(name))
        except Conflict:
            self._queue.retry(name)  # the newer version is on its way to the store
        except ApiError as error:
            self._client_metrics.update_errors.inc()
            log.error("Service %s: its status was not written: %s", name, error)
            self._queue.retry(name)

    def _service_changed(self, key: str, old: Service | None, new: Service | None) -> None:
        if self._begun:
            self._queue.add(key)

    def _configuration_changed(self, before: Parsed) -> None:
        parsed = self._configuration.parsed
        self._client_metrics.config_loaded.set(1)
        self._client_metrics.config_stale.set(1 if parsed.rejections else 0)
        if not self._allocates:
            return
        for rejection in parsed.rejections:
            if rejection not in before.rejections:
                log.error("%s", rejection)
                self._tell(rejection)
        self._state.tell(partial(judge, CONTROLLER, [str(each) for each in parsed.rejections]))
        if not self._begun:
            self._begin(parsed)
        elif parsed.config != before.config:  # a Node or a Namespace alone concerns no address
            self._reconciler.use(parsed.config)

    def _begin(self, parsed: Parsed) -> None:
        self._reconciler.begin(parsed.config, self._services.store.values())
        self._begun = True
        for name in self._services.store:
            self._queue.add(name)

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

    def review(self, change: Change) -> Answer:
        """What is to be said to *change* of the configuration."""
        return self._configuration.review(change)

    def not_ready(self) -> list[str]:
        """Why nothing is allocated yet, a reason a line."""
        return missing(self._reflectors)

    def debug(self) -> object:
        """What is in force of the configuration, what is wrong with the rest, and who holds which address."""
        space, parsed = self._reconciler.space, self._configuration.parsed
        return {
            "in_force": {kind: list(getattr(parsed.config, field)) for kind, field in FIELD_OF.items()},
            "rejections": [str(each) for each in parsed.rejections],
            "warnings": [str(each) for each in parsed.cautions],
            "holdings": {name: str(space.held_by(name)) for name in space.holders()},
        }
