"""The one snapshot that all verdicts of this node are a function of, and whom each change of it concerns.

It holds the view of the API server, who is ready, and what the nodes tell of themselves.
"""

import logging
from collections.abc import Collection, Mapping
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from lb.announce.bulletin import Bulletin, parse
from lb.announce.case import Endpoints
from lb.announce.claims import Claims
from lb.announce.electorate import Electorate
from lb.announce.eligibility import Surroundings
from lb.announce.petition import Petition
from lb.announce.sharing import Sharing
from lb.announce.verdict import Silent, Verdict, judge
from lb.announce.why import WhyNobody
from lb.api.node import Node
from lb.api.service import Service
from lb.config.parser import Parsed
from lb.config.ranges import Address
from lb.config.services import is_ours, status_addresses

log = logging.getLogger(__name__)
GONE = Silent(WhyNobody.NOT_OURS)


class World(Protocol):
    """What is read of a `View`."""

    @property
    def services(self) -> Mapping[str, Service]:
        """Services by key."""

    @property
    def nodes(self) -> Mapping[str, Node]:
        """Nodes by name."""

    @property
    def parsed(self) -> Parsed:
        """The configuration."""

    def endpoints_of(self, service: str) -> Endpoints:
        """Where *service* is served."""


class Rules(Struct, frozen=True):
    """Which Services are ours, and by which rules the speakers elect; see `Surroundings`."""

    load_balancer_class: str | None = None
    ignores_exclusion: bool = False
    is_sticky: bool = True


class Snapshot:
    """What there is to know now. The methods that change it return the keys of those whom that concerns.

    Those that concern nodes leave it to `refresh`, since many nodes may change at one moment.
    """

    def __init__(self, rules: Rules, world: World) -> None:
        self.claims = Claims()
        self.ready: frozenset[str] = frozenset()
        self._rules = rules
        self._world = world
        self._sharing = Sharing()
        self._told: dict[str, bytes] = {}
        self._bulletins: dict[str, Bulletin] = {}
        self._electorate: Electorate | None = None
        self._is_stale = True

    @property
    def services(self) -> Mapping[str, Service]:
        """All Services by key."""
        return self._world.services

    @property
    def bulletins(self) -> Mapping[str, Bulletin]:
        """What each node last told, as far as it can be read."""
        return self._bulletins

    def service_changed(self, key: str) -> Collection[str]:
        """Service *key* or its endpoints are not as they were."""
        service = self._world.services.get(key)
        ours = service is not None and is_ours(service, self._rules.load_balancer_class)
        before = self._sharing.group(key)
        self._sharing.put(key, status_addresses(service) if service is not None and ours else ())
        return before | self._sharing.group(key)

    def surroundings_changed(self) -> None:
        """The configuration or a node is not as it was."""
        self._is_stale = True

    def set_ready(self, ready: frozenset[str]) -> None:
        """*ready* are the nodes with a ready speaker from now on."""
        self.ready = ready
        self._is_stale = True

    def refresh(self) -> Collection[str]:
        """Look at what has changed of the nodes since the last time."""
        if not self._is_stale:
            return ()
        before, self._electorate = self._electorate, None
        self._is_stale = False
        is_like = before is not None and self.electorate.is_like(before)
        return () if is_like else self._world.services.keys()

    def hear(self, told: Mapping[str, bytes]) -> Collection[str]:
        """This is what the other nodes tell, each in its latest bulletin."""
        changed: set[Address] = set()
        for node in self._told.keys() - told.keys():
            del self._told[node]
            changed |= self._note(node, None)
        for node, text in told.items():
            if self._told.get(node) != text:
                self._told[node] = text
                changed |= self._note(node, self._parsed(node, text))
        return self._sharing.at(changed)

    def speak(self, node: str, bulletin: Bulletin) -> Collection[str]:
        """This is what our own *node* tells."""
        return self._sharing.at(self._note(node, bulletin))

    @staticmethod
    def _parsed(node: str, text: bytes) -> Bulletin | None:
        bulletin = parse(text)
        if bulletin is None:
            log.warning("what node %s tells of itself cannot be read: is its speaker another version?", node)
        return bulletin

    def _note(self, node: str, bulletin: Bulletin | None) -> frozenset[Address]:
        """The addresses that *node* begins or ceases to claim by *bulletin*."""
        before = self._bulletins.pop(node, None)
        if bulletin is not None:
            self._bulletins[node] = bulletin
        if not (before and bulletin) or before != replace(bulletin, addresses=before.addresses):
            self._is_stale = True
        return self.claims.put(node, bulletin.addresses if bulletin else frozenset())

    def judge(self, key: str) -> dict[str, Verdict]:
        """The verdicts on Service *key* and on those that are judged together with it."""
        group = self._sharing.group(key)
        services = {each: self._world.services[each] for each in group if each in self._world.services}
        petitions = {each: Petition(services[each], self._world.endpoints_of(each)) for each in services}
        verdicts = judge(self.electorate, self.claims, petitions, self._rules.load_balancer_class)
        return {each: verdicts.get(each, GONE) for each in group}

    @property
    def electorate(self) -> Electorate:
        """How the nodes stand."""
        if self._electorate is None:
            surroundings = Surroundings(
                dict(self._world.nodes),
                self.ready,
                dict(self._bulletins),
                self._rules.ignores_exclusion,
                self._rules.is_sticky,
            )
            self._electorate = Electorate(self._world.parsed.config, surroundings)
        return self._electorate
