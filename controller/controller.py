"""The controller's parts, joined: what every replica knows, and whose turn it is to act on it."""

import asyncio
import logging
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry

from controller.configuration import Configuration
from controller.pool_metrics import PoolMetrics
from controller.reign import Reign
from controller.settings import Settings, WebhookMode
from lb.api.service import Service
from lb.cluster.client import Client
from lb.cluster.completeness import complete, missing
from lb.cluster.lease import Leadership, Term
from lb.cluster.reflector import Reflector
from lb.cluster.resource import SERVICES
from lb.cluster.service_status import make_void
from lb.config.admission import Answer, Change
from lb.config.parser import Parsed
from lb.config.resources import FIELD_OF
from lb.ipam.space import Space
from lb.observe.metrics import ClientMetrics, LeaderMetrics

log = logging.getLogger(__name__)


class Controller:
    """Allocates addresses for the whole cluster while it leads; knows what there is all the time."""

    def __init__(self, settings: Settings, client: Client, registry: CollectorRegistry) -> None:
        self._settings = settings
        self._client = client
        self._services = Reflector(client, SERVICES, self._service_changed)
        self._configuration = Configuration(
            client,
            settings.namespace,
            self._services.store,
            self._configuration_changed,
            self._sightings_changed,
        )
        self._leadership = Leadership(
            client,
            settings.namespace,
            settings.identity,
            settings.timing,
            self._is_bound,
            partial(make_void, client),
        )
        self._allocates = settings.webhook.mode is not WebhookMode.ONLY
        self._reign: Reign | None = None
        registry.register(PoolMetrics(lambda: self._space))
        self._metrics = ClientMetrics.of(registry), LeaderMetrics.of(registry)
        self._metrics[1].leads.set_function(lambda: self._leadership.leads)

    @property
    def _reflectors(self) -> tuple[Reflector[Any], ...]:
        return self._services, *self._configuration.reflectors

    @property
    def _space(self) -> Space:
        """Who holds which address, as far as we are those who say so."""
        return self._reign.space if self._reign is not None else Space()

    async def run(self) -> None:
        """Stand for election and allocate until cancelled; with --webhook-mode=onlywebhook do neither."""
        async with asyncio.TaskGroup() as tasks:
            for reflector in (*self._reflectors, *self._configuration.optional):
                tasks.create_task(reflector.run())
            await complete(self._reflectors)
            self._configuration.begin()
            if self._allocates:
                await self._leadership.run(self._lead)

    async def leave(self) -> None:
        """Let another replica lead from now on."""
        if self._allocates:
            await self._leadership.resign()

    async def _lead(self, term: Term) -> None:
        self._reign = Reign(
            self._settings, self._client, term, self._services, self._configuration, self._metrics
        )
        try:
            await self._reign.run()
        finally:
            self._reign = None

    def _is_bound(self, name: str, version: str) -> bool:
        service = self._services.store.get(name)
        return service is not None and service.metadata.resource_version == version

    def _service_changed(self, key: str, old: Service | None, new: Service | None) -> None:
        if self._reign is not None:
            self._reign.service_changed(key, new)

    def _configuration_changed(self, before: Parsed) -> None:
        parsed = self._configuration.parsed
        metrics, _ = self._metrics
        metrics.config_loaded.set(1)
        metrics.config_stale.set(1 if parsed.rejections else 0)
        if not self._allocates:
            return
        for rejection in parsed.rejections:
            if rejection not in before.rejections:
                log.error("%s", rejection)
        if self._reign is not None:
            self._reign.configuration_changed(before, parsed)

    def _sightings_changed(self) -> None:
        if self._reign is not None:
            self._reign.sightings_changed()

    def review(self, change: Change) -> Answer:
        """What is to be said to *change* of the configuration."""
        return self._configuration.review(change)

    def not_ready(self) -> list[str]:
        """Why we could neither allocate nor answer, a reason a line. Who only stands by is ready too."""
        return missing(self._reflectors)

    def debug(self) -> object:
        """Who leads, what is in force of the configuration, and, if it is us, who holds which address."""
        space, parsed = self._space, self._configuration.parsed
        return {
            "identity": self._settings.identity,
            "leader": self._leadership.holder,
            "leads": self._leadership.leads,
            "in_force": {kind: list(getattr(parsed.config, field)) for kind, field in FIELD_OF.items()},
            "rejections": [str(each) for each in parsed.rejections],
            "warnings": [str(each) for each in parsed.cautions],
            "holdings": {name: [str(each) for each in space.held_by(name)] for name in space.holders()},
        }
