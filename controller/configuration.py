"""The configuration as the controller reads it: what is in force, and what a change of it would mean."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from lb.api.configuration_state import (
    COMPONENT_TYPE,
    CONFLICTS,
    HARDWARE_ADDRESSES,
    NODE_NAME,
    SUBNETS,
    ConfigurationState,
)
from lb.api.service import Service
from lb.cluster.client import Client
from lb.cluster.custom_resources import CustomResources
from lb.cluster.reflector import Reflector
from lb.cluster.resource import CONFIGURATION_STATES, NAMESPACES, NODES, SERVICE_CIDRS, Selection
from lb.config.admission import Answer, Change, review, review_alone
from lb.config.config import Pool
from lb.config.conflict import parse as parse_conflicts
from lb.config.memory import Memory
from lb.config.parser import Parsed, parse
from lb.config.ranges import Address, AddressRange, parse_range
from lb.config.resources import Resources, gathered
from lb.config.services import key, status_addresses
from lb.ipam.conflict import Sighting


class Configuration:
    """Kept up to date by the `reflectors` and the `optional` ones, which the caller runs.

    *on_change(before)* is called on the loop after each parsing, from the first one, which `begin` makes, and
    *on_sightings* when speakers tell of others `sightings` than before.
    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        services: Mapping[str, Service],
        on_change: Callable[[Parsed], None],
        on_sightings: Callable[[], None] = lambda: None,
    ) -> None:
        self._namespace = namespace
        self._services = services
        self._on_change = on_change
        self._on_sightings = on_sightings
        self.sightings: dict[Address, tuple[Sighting, ...]] = {}
        """Of strangers who use addresses, as the speakers tell, by address."""
        self._memory = Memory()
        self._begun = False
        self._parse_is_due = False
        self.parsed = Parsed()
        self.custom_resources = CustomResources(client, namespace, self._changed)
        of_speakers = Selection(namespace=namespace, label_selector=f"{COMPONENT_TYPE}=speaker")
        self._nodes = Reflector(client, NODES, self._some_changed)
        self._namespaces = Reflector(client, NAMESPACES, self._some_changed)
        self._states = Reflector(client, CONFIGURATION_STATES, self._state_changed, of_speakers)
        self._service_cidrs = Reflector(client, SERVICE_CIDRS, self._some_changed)

    @property
    def reflectors(self) -> tuple[Reflector[Any], ...]:
        """Those without which the configuration cannot be read."""
        return (*self.custom_resources.reflectors.values(), self._nodes, self._namespaces)

    @property
    def optional(self) -> tuple[Reflector[Any], ...]:
        """Those of which only warnings come; a cluster before Kubernetes 1.33 has no ServiceCIDRs."""
        return self._states, self._service_cidrs

    def begin(self) -> None:
        """Parse, now that the reflectors have read everything, and again whenever something changes."""
        self._begun = True
        self._parse()

    def review(self, change: Change) -> Answer:
        """What the author of *change* is to be told."""
        if not self._begun:
            return review_alone(change, self._namespace)
        given = self._resources()
        return review(change, given, self.parsed, self._namespace, self._in_use, self._memory)

    def _some_changed(self, key: str, old: Any, new: Any) -> None:
        self._changed()

    def _state_changed(self, key: str, old: Any, new: Any) -> None:
        self._changed()
        sightings = sightings_in(self._states.store.values())
        if sightings != self.sightings:
            self.sightings = sightings
            self._on_sightings()

    def _changed(self) -> None:
        if self._begun and not self._parse_is_due:
            self._parse_is_due = True
            asyncio.get_running_loop().call_soon(self._parse)

    def _parse(self) -> None:
        self._parse_is_due = False
        before, self.parsed = self.parsed, parse(self._resources(), self.parsed.config, self._memory)
        self._on_change(before)

    def _resources(self) -> Resources:
        return replace(
            gathered(self.custom_resources.of),
            nodes=tuple(self._nodes.store.values()),
            namespaces=tuple(self._namespaces.store.values()),
            service_cidrs=tuple(self._service_cidrs.store.values()),
            subnets=self._subnets(),
        )

    def _subnets(self) -> dict[str, tuple[AddressRange, ...]]:
        """By ConfigurationState of a speaker, the subnets that it tells of."""
        texts = {
            name: each.metadata.annotations.get(SUBNETS, "") for name, each in self._states.store.items()
        }
        return {name: tuple(_ranges(text)) for name, text in texts.items() if text}

    def _in_use(self, pool: Pool) -> Iterator[tuple[str, Address]]:
        for service in self._services.values():
            for address in status_addresses(service):
                if any(address in span for span in pool.ranges):
                    yield key(service), address


def sightings_in(states: Iterable[ConfigurationState]) -> dict[Address, tuple[Sighting, ...]]:
    """What *states* of speakers tell of strangers; one that another speaker calls itself is none."""
    told = [(each, each.metadata.annotations) for each in states]
    speakers = {mac for _, annotations in told for mac in annotations.get(HARDWARE_ADDRESSES, "").split(",")}
    found: dict[Address, tuple[Sighting, ...]] = {}
    for state, annotations in sorted(told, key=lambda each: each[0].metadata.name):
        for each in parse_conflicts(annotations.get(CONFLICTS, "")):
            if each.mac not in speakers:
                node = state.metadata.labels.get(NODE_NAME, state.metadata.name)
                found[each.address] = (*found.get(each.address, ()), Sighting(node, each))
    return found


def _ranges(text: str) -> Iterator[AddressRange]:
    for each in text.split(","):
        span = parse_range(each)
        if isinstance(span, AddressRange):
            yield span
