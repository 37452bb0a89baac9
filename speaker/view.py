"""What the API server says, as the speaker needs it: Services, their endpoints, Nodes, configuration."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from msgspec.structs import replace

from lb.announce.case import Endpoints, endpoints_in
from lb.announce.eligibility import is_alike
from lb.api.endpoint_slice import SERVICE_NAME, EndpointSlice
from lb.api.namespace import Namespace
from lb.api.node import Node
from lb.api.secret import MEMBERLIST, SECRET_KEY, Secret
from lb.api.service import Service
from lb.cluster.client import Client
from lb.cluster.completeness import complete
from lb.cluster.custom_resources import CustomResources
from lb.cluster.named_objects import NamedObjects
from lb.cluster.reflector import Reflector
from lb.cluster.resource import (
    ENDPOINT_SLICES,
    NAMESPACES,
    NODES,
    SECRETS,
    SERVICES,
    Selection,
    named,
)
from lb.config.memory import Memory
from lb.config.parser import Parsed, parse
from lb.config.peers import secrets_of
from lb.config.resources import Resources, gathered

log = logging.getLogger(__name__)


class Listener(Protocol):
    """Whoever acts on what changed; called on the loop, after the view has the change."""

    def service_changed(self, service: str) -> None:
        """Something about the Service with this key changed: itself or its endpoints."""

    def configuration_changed(self) -> None:
        """The configuration was read, for the first time or anew."""

    def surroundings_changed(self) -> None:
        """A Node or the configuration changed, which may concern every Service."""

    def secret_changed(self, secret: bytes) -> None:
        """The secret by which speakers know each other is *secret* now."""


class View:
    """Kept up to date by the `reflectors`, which the caller runs as tasks."""

    def __init__(self, client: Client, namespace: str, listener: Listener) -> None:
        self._listener = listener
        self._slices_of: dict[str, dict[str, EndpointSlice]] = {}
        self._endpoints_of: dict[str, Endpoints] = {}
        self._parse_is_due = False
        self.is_complete = False
        """Whether everything has been read, and so the configuration is whole."""
        self.parsed = Parsed()
        self._memory = Memory()
        self._custom_resources = CustomResources(client, namespace, self._configuration_changed)
        self._namespaces = Reflector(client, NAMESPACES, self._namespace)
        self.secrets = NamedObjects(client, SECRETS, namespace, self._configuration_changed)
        """Those that BGPPeers refer to; the caller runs it."""
        memberlist = Selection(namespace=namespace, field_selector=named(MEMBERLIST))
        self._services = Reflector(client, SERVICES, self._service)
        self._nodes = Reflector(client, NODES, self._node)
        self.reflectors: tuple[Reflector[Any], ...] = (
            self._services,
            self._nodes,
            self._namespaces,
            *self._custom_resources.reflectors.values(),
            Reflector(client, ENDPOINT_SLICES, self._slice),
            Reflector(client, SECRETS, self._secret, memberlist),
        )

    @property
    def services(self) -> Mapping[str, Service]:
        """Services by key."""
        return self._services.store

    @property
    def nodes(self) -> Mapping[str, Node]:
        """Nodes by name."""
        return self._nodes.store

    def slices_of(self, service: str) -> Iterable[EndpointSlice]:
        """The EndpointSlices of *service*."""
        return self._slices_of.get(service, {}).values()

    def endpoints_of(self, service: str) -> Endpoints:
        """What they tell, all together."""
        found = self._endpoints_of.get(service)
        if found is None:
            found = self._endpoints_of[service] = endpoints_in(self.slices_of(service))
        return found

    async def complete(self) -> None:
        """Returns once everything has been read from the API server."""
        await complete(self.reflectors)
        self.is_complete = True
        self._parse()
        self._listener.surroundings_changed()

    def _service(self, key: str, old: Service | None, new: Service | None) -> None:
        if new is None:
            self._endpoints_of.pop(key, None)
        self._listener.service_changed(key)

    def _slice(self, key: str, old: EndpointSlice | None, new: EndpointSlice | None) -> None:
        for each in (old, new):
            if each is None or SERVICE_NAME not in each.metadata.labels:
                continue
            service = f"{each.metadata.namespace}/{each.metadata.labels[SERVICE_NAME]}"
            slices = self._slices_of.setdefault(service, {})
            slices.pop(key, None)
            if each is new:
                slices[key] = each
            if not slices:
                del self._slices_of[service]
            self._endpoints_of.pop(service, None)
            self._listener.service_changed(service)

    def _node(self, key: str, old: Node | None, new: Node | None) -> None:
        if old is None or new is None or not is_alike(old, new):
            self._listener.surroundings_changed()
        self._configuration_changed()

    def _secret(self, key: str, old: Secret | None, new: Secret | None) -> None:
        secret = new.data.get(SECRET_KEY) if new else None
        if secret:
            self._listener.secret_changed(secret)
        else:
            log.warning("Secret %s holds no %s now; the one known before is used on", key, SECRET_KEY)

    def _namespace(self, key: str, old: Namespace | None, new: Namespace | None) -> None:
        self._configuration_changed()

    def _configuration_changed(self) -> None:
        if self.is_complete and not self._parse_is_due:
            self._parse_is_due = True
            asyncio.get_running_loop().call_soon(self._parse)

    def _parse(self) -> None:
        self._parse_is_due = False
        before, told = self.parsed.config, self.parsed.rejections
        resources = self._resources()
        self.secrets.follow(secrets_of(resources.peers, self._memory))
        self.parsed = parse(resources, self.parsed.config, self._memory)
        for rejection in self.parsed.rejections:
            if rejection not in told:
                log.error("%s", rejection)
        self._listener.configuration_changed()
        if self.parsed.config != before:
            self._listener.surroundings_changed()

    def _resources(self) -> Resources:
        return replace(
            gathered(self._custom_resources.of),
            nodes=tuple(self._nodes.store.values()),
            namespaces=tuple(self._namespaces.store.values()),
            secrets={**dict.fromkeys(self.secrets.unread), **self.secrets.found},
        )
