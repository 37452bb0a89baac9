"""Stands between what is elected and what is announced, and hears who else speaks for the addresses.

What follows from it is decided by the machines `conflicts`, for strangers, and `apparitions`, for speakers.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Final, Protocol

from msgspec.structs import replace

from lb.announce.bulletin import Bulletin, emit
from lb.config.conflict import Conflict
from lb.config.ranges import Address
from lb.observe.metrics import ConflictMetrics
from speaker.layer2.announcer import Announcer, Interfaces
from speaker.layer2.protocol.acquaintances import Acquaintances
from speaker.layer2.protocol.apparitions import Apparitions, Place
from speaker.layer2.protocol.conflicts import DEFAULT, Conflicts, Defence, Probe, State, Timing
from speaker.layer2.protocol.sighting import Kind, Sighting

log = logging.getLogger(__name__)
ELECTION: Final = 0.02
"""Seconds in which an election is held, after which the winner makes itself known."""
INSISTED_APART: Final = 1.0
"""Seconds between two times that it does, for one address: each has repetitions of its own."""


class Listener(Protocol):
    """Whoever acts on what is heard on the segment."""

    def segment_changed(self) -> None:
        """Other speakers are `seen` than before, or they tell something else."""

    def withheld_changed(self) -> None:
        """Something is announced that was `withheld`."""

    def conflict_changed(self, address: Address, state: State | None, stranger: Conflict | None) -> None:
        """A *stranger* speaks for *address*, which stands like this; or none does any more."""

    def keeps(self, address: Address) -> bool:
        """Whether *address* is ours to announce, by the latest election."""


class Sentry:
    """Announces by *announcer* what is neither to be probed first nor withheld.

    Speakers are fresh for *freshness* seconds. Without *probes* nothing is probed before it is announced.
    """

    def __init__(
        self,
        announcer: Announcer,
        metrics: ConflictMetrics,
        listener: Listener,
        *,
        freshness: float,
        probes: bool = True,
        timing: Timing = DEFAULT,
    ) -> None:
        self._announcer = announcer
        self._metrics = metrics
        self._listener = listener
        self._probes = probes
        self._loop = asyncio.get_running_loop()
        self._acquaintances = Acquaintances(freshness)
        self._apparitions = Apparitions()
        self._conflicts = Conflicts(timing)
        self._announced: set[Address] = set()
        self._withheld: set[Address] = set()
        self._inquired: set[Address] = set()
        self._listened: set[Address] = set()
        self._strangers: dict[Address, Conflict] = {}
        self._insisted: dict[Address, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._turn: asyncio.Handle | None = None
        self._has_news = False

    @property
    def usable(self) -> frozenset[str]:
        """As the announcer's."""
        return self._announcer.usable

    @property
    def usable_ipv6(self) -> frozenset[str]:
        """As the announcer's."""
        return self._announcer.usable_ipv6

    @property
    def withheld(self) -> frozenset[Address]:
        """What is to be announced, and is not: it is probed first, or a stranger has it."""
        return frozenset(self._withheld)

    @property
    def is_probing(self) -> bool:
        """Whether something is not announced yet because it is probed."""
        return any(self._conflicts.state(each) is State.PROBING for each in self._withheld)

    @property
    def conflicts(self) -> Mapping[Address, Conflict]:
        """Strangers that speak for what is to be announced."""
        return self._strangers

    @property
    def seen(self) -> frozenset[str]:
        """The nodes whose heartbeats are not heard and that are heard on the segment."""
        return self._apparitions.seen

    @property
    def words(self) -> dict[str, bytes]:
        """What these would tell, as far as can be known."""
        now = self._loop.time()
        told = {node: self._acquaintances.word(node, now) or Bulletin() for node in self.seen}
        return {
            node: emit(replace(word, addresses=self._apparitions.served_by(node)))
            for node, word in told.items()
        }

    def announce(self, address: Address, interfaces: Interfaces) -> None:
        """Announce *address* on *interfaces* and only there; where no speaker serves it, once it is free."""
        now = self._loop.time()
        is_ours = not self._probes or self._acquaintances.is_ours(address, now)
        self._conflicts.announce(address, interfaces, now, is_ours=is_ours)
        self._settle()

    def withdraw(self, address: Address) -> None:
        """Fall silent about *address*."""
        if address in self._announced:
            self._acquaintances.lapse(address, self._loop.time())
        self._insisted.pop(address, None)
        self._conflicts.withdraw(address)
        self._settle()

    def hear(self, told: Mapping[str, bytes], members: Collection[str], left: Collection[str]) -> None:
        """The other speakers that live tell *told*; *members* are ready, and *left* have stopped."""
        now, withheld = self._loop.time(), len(self._withheld)
        self._acquaintances.hear(told, members, left, now)
        self._conflicts.pardon(self._acquaintances.macs)
        self._apparitions.miss(self._acquaintances.missing, now)
        self._settle()
        if len(self._withheld) != withheld:
            self._listener.withheld_changed()

    def know(self, nodes: Collection[str]) -> None:
        """There are only these *nodes*."""
        self._acquaintances.keep(nodes)

    def see(self, interface: str, sighting: Sighting) -> None:
        """Another host said this on our *interface*."""
        node = self._acquaintances.node_of(sighting.mac)
        if node is None:
            self._do(self._conflicts.see(interface, sighting))
            self._settle()
            return
        if self._apparitions.see(node, interface, sighting):
            log.info("node %s is heard on %s: %s %s", node, interface, sighting.address, sighting.kind)
            self._has_news = True
        self._look_soon()
        if sighting.kind is not Kind.PROBE and sighting.address in self._announced:
            self._insist_soon(sighting.address)

    def _insist_soon(self, address: Address) -> None:
        now = self._loop.time()
        if now >= self._insisted.get(address, now):
            self._insisted[address] = now + INSISTED_APART
            self._loop.call_later(ELECTION, self._insist, address)

    def _insist(self, address: Address) -> None:
        if address in self._announced and self._listener.keeps(address):
            self._announcer.repeat(address)

    def _settle(self) -> None:
        for address in self._conflicts.take_changed():
            self._apply(address)
        self._look_soon()

    def _look_soon(self) -> None:
        # Once for all that comes in this turn of the loop: it may be of hundreds of addresses.
        if self._turn is None:
            self._turn = self._loop.call_soon(self._look)

    def _look(self) -> None:
        self._turn = None
        has_news, self._has_news = self._has_news, False
        inquiries = self._apparitions.inquired(self._announced).values()
        before, self._inquired = self._inquired, {each.address for some in inquiries for each in some}
        for address in before ^ self._inquired:
            self._tune(address)
        self._arm()
        if has_news:
            self._listener.segment_changed()

    def _apply(self, address: Address) -> None:
        state = self._conflicts.state(address)
        if state is not None and state.is_announced:
            self._announced.add(address)
            self._withheld.discard(address)
            self._announcer.announce(address, self._conflicts.interfaces(address))
        else:
            self._announced.discard(address)
            self._announcer.withdraw(address)
            (self._withheld.discard if state is None else self._withheld.add)(address)
        self._tune(address)
        self._note(address, state, self._conflicts.stranger(address))

    def _tune(self, address: Address) -> None:
        """Listen to *address*, or not; what is announced is heard anyway."""
        if address in self._withheld or address in self._inquired:
            if address not in self._listened:
                self._listened.add(address)
                self._announcer.listen(address)
        elif address in self._listened:
            self._listened.discard(address)
            self._announcer.ignore(address)

    def _note(self, address: Address, state: State | None, stranger: Place | None) -> None:
        before = self._strangers.pop(address, None)
        if stranger is not None:
            self._strangers[address] = Conflict(address, stranger.mac.hex(":"), stranger.interface)
        now = self._strangers.get(address)
        if now is not None and before is None:
            self._metrics.conflicts.inc()
            self._metrics.in_conflict.labels(str(address)).set(1)
        elif now is None and before is not None:
            self._metrics.in_conflict.remove(str(address))
        if now != before:
            self._listener.conflict_changed(address, state, now)

    def _arm(self) -> None:
        times = (self._conflicts.next_timer(), self._apparitions.next_timer(self._announced))
        at = min((each for each in times if each is not None), default=None)
        if self._timer is not None and self._timer.when() == at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if at is None else self._loop.call_at(at, self._fire)

    def _fire(self) -> None:
        self._timer = None
        now, withheld = self._loop.time(), len(self._withheld)
        self._do(self._conflicts.due(now))
        self._has_news |= self._apparitions.judge(now)
        for each in self._apparitions.due(self._announced, now):
            self._announcer.probe(each.address, frozenset({each.place.interface}), each.place.mac)
        self._settle()
        if len(self._withheld) != withheld:
            self._listener.withheld_changed()

    def _do(self, actions: Iterable[Probe | Defence]) -> None:
        for action in actions:
            match action:
                case Probe(address, interfaces):
                    self._announcer.probe(address, interfaces)
                case Defence(address):
                    self._announcer.defend(address)

    def close(self) -> None:
        """Ask nobody any more."""
        for handle in (self._timer, self._turn):
            if handle is not None:
                handle.cancel()
