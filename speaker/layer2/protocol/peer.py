"""One other speaker as the failure detector sees it: what is known of it, and when it gave a sign of life."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from speaker.layer2.protocol.heartbeat import Condition, Heartbeat, Record

Address = tuple[str, int]
"""Host and UDP port."""


class State(Enum):
    """Whether a speaker lives."""

    DEAD = auto()
    ALIVE = auto()
    SUSPECT = auto()


class Signal(Enum):
    """What can happen to a speaker's standing."""

    HEARD = auto()
    """It gave a sign of life, to us or to one that we hear."""
    MISSED = auto()
    """We watch it, and there was no sign for longer than a live speaker is silent."""
    CONDEMNED = auto()
    """Those who watch it agree that it is dead."""
    LEFT = auto()
    """It said that it stops."""


TRANSITIONS: Final[Mapping[tuple[State, Signal], State]] = {
    (State.DEAD, Signal.HEARD): State.ALIVE,
    (State.DEAD, Signal.CONDEMNED): State.DEAD,
    (State.DEAD, Signal.LEFT): State.DEAD,
    (State.ALIVE, Signal.HEARD): State.ALIVE,
    (State.ALIVE, Signal.MISSED): State.SUSPECT,
    (State.ALIVE, Signal.CONDEMNED): State.DEAD,
    (State.ALIVE, Signal.LEFT): State.DEAD,
    (State.SUSPECT, Signal.HEARD): State.ALIVE,
    (State.SUSPECT, Signal.CONDEMNED): State.DEAD,
    (State.SUSPECT, Signal.LEFT): State.DEAD,
}

_SIGNALS: Final = {
    Condition.UNREADY: Signal.HEARD,
    Condition.READY: Signal.HEARD,
    Condition.LEFT: Signal.LEFT,
    Condition.DEAD: Signal.CONDEMNED,
}

NEVER = float("-inf")


class Comparison:
    """Whether it knows what we know, by our digest and its own."""

    def __init__(self) -> None:
        self._differ: tuple[int, int] | None = None
        self._since = NEVER
        self._told: tuple[int, int] | None = None
        self._told_at = NEVER

    def is_due(self, ours: int, theirs: int, now: float, after: float, apart: float) -> bool:
        """Whether all that we know is to be told now: the same difference stands for *after* seconds.

        What differs for good, because we know of other nodes, is told once in *apart* seconds.
        """
        differ = (ours, theirs) if ours != theirs else None
        if differ is None or differ != self._differ:
            self._differ, self._since = differ, now
            return False
        if now < self._since + after or (differ == self._told and now < self._told_at + apart):
            return False
        self._told, self._told_at = differ, now
        return True


class Peer:
    """The speaker *name*, reached at `address`."""

    def __init__(self, name: str, address: Address) -> None:
        self.name = name
        self.address = address
        self.state = State.DEAD
        self.record: Record | None = None
        """What is known of it; None before anything is."""
        self.heard_at = NEVER
        """When we heard it ourselves."""
        self.heard_clock = 0
        """Its clock as we heard it ourselves, in its present life and while we watch it; 0 before."""
        self.told: Heartbeat | None = None
        """What it said last."""
        self.asked = 0
        """Our own clock when we began to ask for it, as a suspect."""
        self.suspected_at = NEVER
        self.answered_at = NEVER
        """When we last answered it."""
        self.comparison = Comparison()
        self.clock = 0
        """Its latest clock that anybody heard, as far as we know."""
        self._alive_at = NEVER
        self._sequence = 0

    @property
    def incarnation(self) -> int:
        """Its present life, as far as is known; 0 before."""
        return self.record.incarnation if self.record is not None else 0

    @property
    def newest(self) -> int | None:
        """The mark of its newest key; None: not known."""
        return self.told.newest if self.told is not None else None

    def take(self, record: Record) -> None:
        """*record* is known of it now."""
        if record.incarnation != self.incarnation:
            self.heard_at = self._alive_at = NEVER
            self.heard_clock = self.clock = self._sequence = 0
            self.told = None
        self.record = record
        signal = _SIGNALS[record.condition]
        if signal is not Signal.HEARD or self.state is State.DEAD:
            self._signal(signal)

    def is_replay(self, sequence: int) -> bool:
        """Whether *sequence*, of its present life, was received before or overtaken by a later one."""
        return sequence <= self._sequence

    def note(self, sequence: int) -> None:
        """*sequence* was received."""
        self._sequence = sequence

    def hear(self, heartbeat: Heartbeat, now: float) -> None:
        """Take in what it said itself, in its present life."""
        self.note(heartbeat.sequence)
        self.told = heartbeat
        self.heard_at, self.heard_clock = now, heartbeat.clock
        if heartbeat.clock >= self.clock:
            self.clock, self._alive_at = heartbeat.clock, now

    def vouch(self, clock: int, now: float) -> None:
        """Take in that somebody heard it at *clock*, which may be later than what we know."""
        if clock > self.clock:
            since = self._alive_at + (clock - self.clock) / 1000 if self.clock else now
            self.clock, self._alive_at = clock, min(since, now)

    def expect(self, now: float) -> None:
        """We watch it from now on; neither a silence before counts, nor what we heard then."""
        self._alive_at = max(self._alive_at, now)
        self.heard_clock = 0

    def release(self) -> None:
        """We do not watch it any more; what others say of it counts alone."""
        if self.state is State.SUSPECT:
            self._signal(Signal.HEARD)

    def excuse(self, seconds: float, now: float) -> None:
        """Leave *seconds* until *now*, in which we did not listen, out of its silence."""
        self.heard_at = min(self.heard_at + seconds, now)
        self._alive_at = min(self._alive_at + seconds, now)

    def deadline(self, patience: float) -> float:
        """When its silence becomes suspicious, unless it asks for more than *patience* itself."""
        told = self.told.patience / 1000 if self.told is not None else 0.0
        return self._alive_at + max(patience, told)

    def judge(self, now: float, patience: float, clock: int) -> bool:
        """Draw the consequence of its silence until *now*; whether it became suspect, at our own *clock*."""
        if now < self.deadline(patience):
            if self.state is State.SUSPECT:
                self._signal(Signal.HEARD)
        elif self.state is State.ALIVE:
            self._signal(Signal.MISSED)
            self.suspected_at, self.asked = now, clock
            return True
        return False

    def _signal(self, signal: Signal) -> None:
        self.state = TRANSITIONS[self.state, signal]
