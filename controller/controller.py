"""The controller's parts, joined: reflectors fill a queue of Services, workers reconcile them."""

import asyncio
import logging
from typing import Any, NoReturn

from prometheus_client import CollectorRegistry

from controller.pool_metrics import PoolMetrics
from controller.reconciler import Reconciler
from controller.settings import Settings, WebhookMode
from lb.api import ip_address_pool
from lb.api.custom_resource import CustomResource
from lb.api.service import Service
from lb.cluster.client import Client
from lb.cluster.completeness import complete, missing
from lb.cluster.errors import ApiError, Conflict
from lb.cluster.events import Recorder, reference
from lb.cluster.memberlist import ensure_memberlist_key
from lb.cluster.reflector import Reflector
from lb.cluster.resource import IP_ADDRESS_POOLS, L2_ADVERTISEMENTS, SERVICES, Selection
from lb.cluster.work_queue import WorkQueue
from lb.config.admission import Answer, Change
from lb.config.parser import Parsed, parse
from lb.config.rejection import Rejection
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
        self._queue: WorkQueue[str] = WorkQueue()
        self._reconciler = Reconciler(client, self._recorder, settings.load_balancer_class, self._queue.add)
        ours = Selection(namespace=settings.namespace)
        self._services = Reflector(client, SERVICES, self._service_changed)
        self._pools = Reflector(client, IP_ADDRESS_POOLS, self._configuration_changed, ours)
        self._advertisements = Reflector(client, L2_ADVERTISEMENTS, self._configuration_changed, ours)
        self._parsed = Parsed()
        self._parse_is_due = False
        self._begun = False
        registry.register(PoolMetrics(lambda: self._reconciler.space))
        self._client_metrics = ClientMetrics.of(registry)

    @property
    def _reflectors(self) -> tuple[Reflector[Any], ...]:
        return self._services, self._pools, self._advertisements

    async def run(self) -> None:
        """Allocate until cancelled; with --webhook-mode=onlywebhook only know what there is."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recorder.run())
            tasks.create_task(self._keep_key())
            for reflector in self._reflectors:
                tasks.create_task(reflector.run())
            await complete(self._reflectors)
            if self._settings.webhook.mode is WebhookMode.ONLY:
                await asyncio.get_running_loop().create_future()
            self._begin()
            await self._queue.serve(self._work, WORKERS)

    def _begin(self) -> None:
        self._parse()
        self._reconciler.begin(self._parsed.config, self._services.store.values())
        self._begun = True
        for name in self._services.store:
            self._queue.add(name)

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

    def _configuration_changed(
        self, key: str, old: CustomResource | None, new: CustomResource | None
    ) -> None:
        if self._begun and not self._parse_is_due:
            self._parse_is_due = True
            asyncio.get_running_loop().call_soon(self._reconfigure)

    def _reconfigure(self) -> None:
        self._parse_is_due = False
        self._parse()
        self._reconciler.use(self._parsed.config)

    def _parse(self) -> None:
        told = self._parsed.rejections
        pools, advertisements = self._pools.store.values(), self._advertisements.store.values()
        self._parsed = parse(pools, advertisements, self._parsed.config)
        for rejection in self._parsed.rejections:
            if rejection not in told:
                log.error("%s", rejection)
                self._tell(rejection)
        self._client_metrics.config_loaded.set(1)
        self._client_metrics.config_stale.set(1 if self._parsed.rejections else 0)

    def _tell(self, rejection: Rejection) -> None:
        kind, name = rejection.object.kind, rejection.object.name
        reflector = self._pools if kind == ip_address_pool.KIND else self._advertisements
        about = reflector.store.get(f"{self._settings.namespace}/{name}")
        if about is not None:
            subject = reference(reflector.resource, about)
            self._recorder.warning(subject, "ConfigurationError", str(rejection))

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
        return Answer()

    def not_ready(self) -> list[str]:
        """Why nothing is allocated yet, a reason a line."""
        return missing(self._reflectors)

    def debug(self) -> object:
        """Who holds which address."""
        space = self._reconciler.space
        return {
            "pools": list(space.config.pools),
            "rejections": [str(each) for each in self._parsed.rejections],
            "holdings": {name: str(space.held_by(name)) for name in space.holders()},
        }
