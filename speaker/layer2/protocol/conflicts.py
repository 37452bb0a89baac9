"""Strangers who speak for our addresses (RFC 5227, for IPv4; in the same way for IPv6).

An address that no speaker serves is probed before it is announced. While a stranger has it, it is withheld;
if one comes up later it is announced nevertheless and defended, since a forged packet must not take it away.
Who is a stranger is not known here. Times are seconds of one monotonic clock.
"""

from collections.abc import Collection, Mapping
from enum import Enum, auto
from heapq import heappop, heappush
from typing import Final

from msgspec import Struct

from lb.config.ranges import Address
from speaker.layer2.protocol.apparitions import Place
from speaker.layer2.protocol.schedule import Pace
from speaker.layer2.protocol.sighting import Kind, Sighting

Interfaces = frozenset[str] | None
"""Names of interfaces; None: all."""


class State(Enum):
    """How an address stands that is to be announced."""

    PROBING = auto()
    """It is not announced yet."""
    CLEAR = auto()
    """It is announced, and nobody else speaks for it."""
    WITHHELD = auto()
    """It is not announced: a stranger has it."""
    DISPUTED = auto()
    """It is announced, and a stranger speaks for it, too."""

    @property
    def is_announced(self) -> bool:
        """Whether an address of this state is announced."""
        return self in (State.CLEAR, State.DISPUTED)


class Signal(Enum):
    """What can happen to an address."""

    STRANGER = auto()
    """A stranger spoke for it."""
    QUIET = auto()
    """It was probed for long enough, and no stranger answered."""


TRANSITIONS: Final[Mapping[tuple[State, Signal], State]] = {
    (State.PROBING, Signal.STRANGER): State.WITHHELD,
    (State.PROBING, Signal.QUIET): State.CLEAR,
    (State.CLEAR, Signal.STRANGER): State.DISPUTED,
    (State.WITHHELD, Signal.STRANGER): State.WITHHELD,
    (State.WITHHELD, Signal.QUIET): State.CLEAR,
    (State.DISPUTED, Signal.STRANGER): State.DISPUTED,
    (State.DISPUTED, Signal.QUIET): State.CLEAR,
}


class Timing(Struct, frozen=True):
    """When is probed, in seconds.

    A round has `probes` `apart`, after each of which is listened for that long. While a stranger is known,
    a round begins `again` after the last one, and what is announced is defended after `defend` at the
    earliest (DEFEND_INTERVAL). What is announced is clear after `quiet` rounds without an answer, and what is
    withheld after one. Nothing is told or defended for `grace`: a stranger may turn out to be a speaker.
    """

    probes: int = 3
    apart: float = 0.1
    again: float = 10.0
    defend: float = 10.0
    quiet: int = 3
    grace: float = 0.5


DEFAULT: Final = Timing()


class Probe(Struct, frozen=True):
    """Ask all on *interfaces* who has *address*."""

    address: Address
    interfaces: Interfaces


class Defence(Struct, frozen=True):
    """Make *address* known once."""

    address: Address


class _Case:
    """One address; *serial* tells it from earlier ones of the same address."""

    def __init__(self, state: State, interfaces: Interfaces, serial: int) -> None:
        self.state = state
        self.interfaces = interfaces
        self.serial = serial
        self.stranger: Place | None = None
        self.is_told = False
        self.sent = 0
        self.was_heard = False
        self.quiet = 0
        self.defended_at = float("-inf")


class _Due(Struct, frozen=True, order=True):
    at: float
    serial: int
    tells: bool
    address: Address


class Conflicts:
    """A machine for all addresses that this node is to announce."""

    def __init__(self, timing: Timing = DEFAULT) -> None:
        self._timing = timing
        self._pace = Pace(most=64)
        self._cases: dict[Address, _Case] = {}
        self._heap: list[_Due] = []
        self._serial = 0
        self._changed: dict[Address, None] = {}

    def announce(self, address: Address, interfaces: Interfaces, now: float, *, is_ours: bool) -> None:
        """*address* is to be announced on *interfaces*; it is probed first unless it *is_ours* already."""
        case = self._cases.get(address)
        if case is not None:
            case.interfaces = interfaces
        else:
            self._serial += 1
            state = State.CLEAR if is_ours else State.PROBING
            case = self._cases[address] = _Case(state, interfaces, self._serial)
            if not is_ours:
                self._put_off(address, case, now)
        self._changed[address] = None

    def withdraw(self, address: Address) -> None:
        """*address* is not to be announced any more."""
        if self._cases.pop(address, None) is not None:
            self._changed[address] = None

    def see(self, interface: str, sighting: Sighting) -> list[Defence]:
        """A stranger spoke on *interface*; what is to be done at once.

        One that only asks whether anybody has it gets an answer, and leaves it to us.
        """
        case = self._cases.get(sighting.address)
        if case is None or sighting.kind is Kind.PROBE:
            return []
        case.was_heard = True
        case.stranger = case.stranger or Place(interface, sighting.mac)
        before = case.state
        self._signal(sighting.address, case, Signal.STRANGER)
        if case.state is not before:
            self._begin_again(sighting.address, case, sighting.at)
        return self._defence(sighting.address, case, sighting.at) if case.is_told else []

    def _defence(self, address: Address, case: _Case, now: float) -> list[Defence]:
        if not case.state.is_announced or now < case.defended_at + self._timing.defend:
            return []
        case.defended_at = now
        return [Defence(address)]

    def _begin_again(self, address: Address, case: _Case, now: float) -> None:
        """Tell of the stranger, and let the next round begin, after a while."""
        self._serial += 1
        case.serial, case.sent, case.quiet = self._serial, 0, 0
        self._put_off(address, case, now + self._timing.grace, tells=True)
        self._put_off(address, case, now + self._timing.again)

    def pardon(self, macs: Collection[bytes]) -> None:
        """The hosts with *macs* are speakers, and no strangers."""
        for address, case in self._cases.items():
            if case.stranger is not None and case.stranger.mac in macs:
                self._serial += 1
                case.serial = self._serial
                self._signal(address, case, Signal.QUIET)

    def _signal(self, address: Address, case: _Case, signal: Signal) -> None:
        before, case.state = case.state, TRANSITIONS[case.state, signal]
        if signal is Signal.QUIET:
            case.stranger, case.is_told = None, False
        if case.state is not before:
            self._changed[address] = None

    def _put_off(self, address: Address, case: _Case, at: float, *, tells: bool = False) -> None:
        heappush(self._heap, _Due(at, case.serial, tells, address))

    def due(self, now: float) -> list[Probe | Defence]:
        """What is to be done at *now*; rounds without an answer have their consequence."""
        done: list[Probe | Defence] = []
        while self._heap and self._heap[0].at <= now:
            due = heappop(self._heap)
            case = self._cases.get(due.address)
            if case is None or case.serial != due.serial:
                continue
            if due.tells:
                case.is_told = True
                self._changed[due.address] = None
                done += self._defence(due.address, case, now)
            elif case.sent == self._timing.probes:
                self._end_round(due.address, case, now)
            else:
                done += self._probe(due.address, case, now)
        return done

    def _probe(self, address: Address, case: _Case, now: float) -> list[Probe]:
        if not self._pace.take(1, now):
            self._put_off(address, case, self._pace.opens_at(1))
            return []
        case.was_heard = case.was_heard and case.sent > 0
        case.sent += 1
        self._put_off(address, case, now + self._timing.apart)
        return [Probe(address, case.interfaces)]

    def _end_round(self, address: Address, case: _Case, now: float) -> None:
        case.sent = 0
        case.quiet = 0 if case.was_heard else case.quiet + 1
        if case.quiet >= (self._timing.quiet if case.state is State.DISPUTED else 1):
            case.quiet = 0
            self._signal(address, case, Signal.QUIET)
        else:
            self._put_off(address, case, now + self._timing.again)

    def next_timer(self) -> float | None:
        """When to call `due` next; None: not until something else happens."""
        return self._heap[0].at if self._heap else None

    def take_changed(self) -> list[Address]:
        """The addresses of which `state`, `interfaces` or `stranger` may be others, each given out once."""
        changed, self._changed = self._changed, {}
        return list(changed)

    def state(self, address: Address) -> State | None:
        """How *address* stands; None: it is not to be announced."""
        case = self._cases.get(address)
        return case.state if case is not None else None

    def interfaces(self, address: Address) -> Interfaces:
        """Where *address*, which is to be announced, is to be."""
        return self._cases[address].interfaces

    def stranger(self, address: Address) -> Place | None:
        """Who else speaks for *address*, if it is to be told."""
        case = self._cases.get(address)
        return case.stranger if case is not None and case.is_told else None
