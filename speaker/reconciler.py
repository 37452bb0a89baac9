"""Makes true on this node what `lb.announce` decides: which addresses are answered for, and who is told."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from lb.announce.claims import Claims
from lb.announce.election import first_by_rank
from lb.announce.handover import PATIENCE, is_over
from lb.announce.verdict import Announced, Silent, Verdict
from lb.announce.why import WhyNobody
from lb.api.service import Service
from lb.cluster.events import Recorder, reference
from lb.cluster.resource import SERVICES
from lb.config.ranges import Address
from lb.config.services import status_addresses
from lb.observe.metrics import SpeakerMetrics
from speaker.layer2.announcer import Interfaces

log = logging.getLogger(__name__)
PROTOCOL = "layer2"
NOT_TOLD = frozenset({WhyNobody.NOT_OURS, WhyNobody.NO_ADDRESS, WhyNobody.LEFT_TO_BGP})
"""Reasons to announce nothing that are as they should be, or the controller's to tell."""


class Announcement(Struct, frozen=True):
    """What this node does for one Service."""

    addresses: tuple[Address, ...]
    interfaces: Interfaces


class Ledger(Protocol):
    """Where it is noted for users what this node announces."""

    def note(self, service: str, interfaces: Interfaces) -> None:
        """*service*, by key, is announced from here on *interfaces*."""

    def strike(self, service: str) -> None:
        """*service* is not announced from here any more."""


class Announcer(Protocol):
    """What announces, or withholds for a while what it is told to announce."""

    @property
    def usable(self) -> frozenset[str]:
        """The interfaces that reach anybody."""

    @property
    def usable_ipv6(self) -> frozenset[str]:
        """Those of them that carry IPv6."""

    @property
    def withheld(self) -> frozenset[Address]:
        """What is to be announced, and is not yet."""

    def announce(self, address: Address, interfaces: Interfaces) -> None:
        """Announce *address* on *interfaces*."""

    def withdraw(self, address: Address) -> None:
        """Fall silent about *address*."""


class _Parting(Struct, frozen=True):
    """An address that is answered for although no Service is announced at it from here any more.

    `service` is the last that was; None as `successor`: nobody takes over.
    """

    service: str
    successor: str | None
    since: float


class Reconciler:
    """Acts on verdicts. *node* is the node that it runs on. Whoever calls `act` calls `settle` after it."""

    def __init__(
        self,
        node: str,
        announcer: Announcer,
        recorder: Recorder,
        metrics: SpeakerMetrics,
        ledger: Ledger,
    ) -> None:
        self._node = node
        self._announcer = announcer
        self._recorder = recorder
        self._metrics = metrics
        self._ledger = ledger
        self._announcements: dict[str, Announcement] = {}
        self._on: defaultdict[Address, dict[str, Interfaces]] = defaultdict(dict)
        """By address the Services that it is announced for, and where."""
        self._parting: dict[Address, _Parting] = {}
        self._changes = 0
        """Counts what becomes of these two."""
        self._served: frozenset[Address] = frozenset()
        self._served_by: object = None
        self.is_leaving = False
        """Whether this node is no member any more because it chose so, and waits for its successors."""
        self.verdicts: dict[str, Verdict] = {}
        """The last verdict on each Service that is, or was, ours to announce."""

    @property
    def served(self) -> frozenset[Address]:
        """What is answered for, on an interface that reaches anybody.

        The same object as before where nothing changed.
        """
        known = self._changes, self._announcer.usable, self._announcer.usable_ipv6, self._announcer.withheld
        if known != self._served_by:
            self._served_by, self._served = known, self._count_served()
        return self._served

    def _count_served(self) -> frozenset[Address]:
        there = {4: self._announcer.usable, 6: self._announcer.usable_ipv6}
        announced = {
            address
            for address, on in self._on.items()
            if any(there[address.version] & (each or there[address.version]) for each in on.values())
        }
        parting = {each for each in self._parting if there[each.version]}
        return frozenset(announced | parting) - self._announcer.withheld

    def services_at(self, address: Address) -> list[str]:
        """The Services, by key, for which *address* is ours to announce."""
        return list(self._on.get(address, ()))

    @property
    def parting(self) -> frozenset[Address]:
        """Those of them that another node is about to take over."""
        return frozenset(self._parting)

    def act(
        self, key: str, service: Service | None, verdict: Verdict, ready: frozenset[str], now: float
    ) -> None:
        """Let *verdict* on Service *key* be true; *service* is None if there is none any more.

        *ready* are the nodes with a ready speaker, one of which tells where nobody announces.
        """
        before = self.verdicts.get(key)
        if service is None:
            self.verdicts.pop(key, None)
        elif before is not None or verdict.outcome is not WhyNobody.NOT_OURS:
            self.verdicts[key] = verdict
        self._move(key, self._mine(verdict), now)
        self._follow(key, verdict, before, self.is_leaving or self._node in ready)
        if (
            service is not None
            and key in self.verdicts
            and (before is None or verdict.outcome != before.outcome)
        ):
            if isinstance(verdict, Silent) and _is_alarming(verdict, before):
                log.warning("Service %s: %s", key, verdict)
                self._warn(service, verdict, ready)
            else:
                log.info("Service %s: %s", key, verdict)
                self._tell(service, verdict)

    def _mine(self, verdict: Verdict) -> Announcement | None:
        if not isinstance(verdict, Announced) or verdict.winner != self._node:
            return None
        return Announcement(verdict.addresses, verdict.interfaces)

    def _move(self, key: str, mine: Announcement | None, now: float) -> None:
        old = self._announcements.pop(key, None)
        if mine is not None:
            self._announcements[key] = mine
        if mine == old:
            return
        for address in old.addresses if old else ():
            if mine is None or address not in mine.addresses:
                self._drop(key, address, now)
        if mine is not None:
            self._take(key, mine)
        else:
            self._ledger.strike(key)

    def _take(self, key: str, mine: Announcement) -> None:
        self._changes += 1
        for address in mine.addresses:
            if address in self._parting and self._parting.pop(address).successor is not None:
                self._announcer.withdraw(address)  # so that it is made known anew: it may have moved
            self._on[address][key] = mine.interfaces
            self._announcer.announce(address, _united(self._on[address]))
            self._count(key, address)
        self._ledger.note(key, mine.interfaces)

    def _count(self, key: str, address: Address) -> None:
        is_announced = address not in self._announcer.withheld
        self._metrics.announced.labels(key, PROTOCOL, self._node, str(address)).set(int(is_announced))

    def recount(self) -> None:
        """Something else is withheld than before."""
        for address, on in self._on.items():
            for key in on:
                self._count(key, address)

    def _drop(self, key: str, address: Address, now: float) -> None:
        self._changes += 1
        on = self._on[address]
        del on[key]
        self._metrics.announced.remove(key, PROTOCOL, self._node, str(address))
        if on:
            self._announcer.announce(address, _united(on))
        else:
            del self._on[address]
            self._parting[address] = _Parting(key, None, now)

    def _follow(self, key: str, verdict: Verdict, before: Verdict | None, waits: bool) -> None:
        """Note who takes over what we part with, as the latest *verdict* on *key* has it.

        It is not waited for where others took us for dead: they took over, or are about to.
        """
        takes_over = verdict if isinstance(verdict, Announced) and verdict.winner != self._node else None
        taken = takes_over.addresses if takes_over else ()
        lost = before.addresses if isinstance(before, Announced) else ()
        for address in {*taken, *lost} & self._parting.keys():
            parting = self._parting[address]
            if takes_over is not None and address in taken and waits:
                self._parting[address] = _Parting(key, takes_over.winner, parting.since)
            elif parting.service == key or not waits:
                self._parting[address] = _Parting(key, None, parting.since)

    def settle(self, claims: Claims, now: float) -> None:
        """Fall silent about what nobody takes over, or what others serve by their *claims*."""
        for address, parting in list(self._parting.items()):
            successor = parting.successor
            if successor is None or is_over(address, successor, claims, parting.since, now):
                del self._parting[address]
                self._changes += 1
                self._announcer.withdraw(address)
                log.info("%s is not announced from here any more", address)

    def next_timer(self) -> float | None:
        """When to call `settle` at the latest."""
        return min((each.since + PATIENCE for each in self._parting.values()), default=None)

    def _tell(self, service: Service, verdict: Verdict) -> None:
        if isinstance(verdict, Announced) and verdict.winner == self._node:
            message = f'announcing from node "{self._node}" with protocol "{PROTOCOL}": {verdict}'
            self._recorder.normal(reference(SERVICES, service), "nodeAssigned", message)

    def _warn(self, service: Service, verdict: Silent, ready: frozenset[str]) -> None:
        """Say that nobody announces, if that is ours to say: one of the speakers does."""
        addresses = status_addresses(service)
        if first_by_rank(ready, addresses[0]) == self._node:
            message = f"no node announces {' and '.join(map(str, addresses))}: {verdict}"
            self._recorder.warning(reference(SERVICES, service), "announceFailed", message)


def _is_alarming(verdict: Silent, before: Verdict | None) -> bool:
    if verdict.why is WhyNobody.NO_ENDPOINT:  # which is how each begins
        return isinstance(before, Announced)
    return verdict.why not in NOT_TOLD


def _united(on: Mapping[str, Interfaces]) -> Interfaces:
    every = [each for each in on.values() if each is not None]
    return frozenset().union(*every) if len(every) == len(on) else None
