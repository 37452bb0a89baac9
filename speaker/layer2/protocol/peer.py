"""One other speaker as the failure detector sees it: when it was heard, and whether it counts as alive."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from speaker.layer2.protocol.heartbeat import Heartbeat

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
    """It was heard, by us or by one that we hear."""
    MISSED = auto()
    """Nobody heard it for a while."""
    EXPIRED = auto()
    """Nobody heard it for longer than a live speaker can be silent."""
    LEFT = auto()
    """It said that it stops."""


TRANSITIONS: Final[Mapping[tuple[State, Signal], State]] = {
    (State.DEAD, Signal.HEARD): State.ALIVE,
    (State.DEAD, Signal.LEFT): State.DEAD,
    (State.ALIVE, Signal.HEARD): State.ALIVE,
    (State.ALIVE, Signal.MISSED): State.SUSPECT,
    (State.ALIVE, Signal.LEFT): State.DEAD,
    (State.SUSPECT, Signal.HEARD): State.ALIVE,
    (State.SUSPECT, Signal.EXPIRED): State.DEAD,
    (State.SUSPECT, Signal.LEFT): State.DEAD,
}

NEVER = float("-inf")


class Peer:
    """Another speaker, reached at `address`."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.state = State.DEAD
        self.ready = False
        self.heard_at = NEVER
        """When we heard it ourselves."""
        self.incarnation = 0
        """Its present life, as proved by a heartbeat that names our own; 0 before."""
        self._vouched_at = NEVER
        self._left = 0
        self._sequence = 0
        self._past: set[int] = set()

    @property
    def last_heard(self) -> float:
        """When anybody last heard it, as far as we know."""
        return max(self.heard_at, self._vouched_at)

    def is_replay(self, heartbeat: Heartbeat) -> bool:
        """Whether *heartbeat*, fresh since our start, was received before or overtaken by a later one."""
        if heartbeat.incarnation in self._past:
            return True
        return heartbeat.incarnation == self.incarnation and heartbeat.sequence <= self._sequence

    def hear(self, heartbeat: Heartbeat, now: float) -> None:
        """Take in what it said itself."""
        if heartbeat.incarnation != self.incarnation:
            self._past.add(self.incarnation)
        self.incarnation, self._sequence = heartbeat.incarnation, heartbeat.sequence
        self.ready, self.heard_at = heartbeat.ready, now
        if heartbeat.leaving:
            self._left = heartbeat.incarnation
            self.heard_at = self._vouched_at = NEVER
        self._signal(Signal.LEFT if heartbeat.leaving else Signal.HEARD)

    def vouch(self, incarnation: int, heard_at: float) -> None:
        """Take in that somebody whom we hear heard it at *heard_at*, in the life *incarnation*, and ready.

        Of no account for a life that it left or that is over. Of one that we never heard ourselves, it is all
        that we know.
        """
        if incarnation == self._left or incarnation in self._past or heard_at <= self.last_heard:
            return
        self._vouched_at = heard_at
        self.ready = self.ready or incarnation != self.incarnation

    def excuse(self, seconds: float, now: float) -> None:
        """Leave *seconds* until *now*, in which we did not listen, out of its silence."""
        self.heard_at = min(self.heard_at + seconds, now)
        self._vouched_at = min(self._vouched_at + seconds, now)

    def judge(self, now: float, suspect_after: float, dead_after: float) -> None:
        """Draw the consequence of its silence until *now*."""
        if now < self.last_heard + suspect_after:
            if self.state is not State.ALIVE:
                self._signal(Signal.HEARD)
            return
        if self.state is State.ALIVE:
            self._signal(Signal.MISSED)
        if self.state is State.SUSPECT and now >= self.last_heard + dead_after:
            self._signal(Signal.EXPIRED)

    def next_judgement(self, suspect_after: float, dead_after: float) -> float | None:
        """When its silence next has a consequence, by the sums that `judge` compares with."""
        match self.state:
            case State.ALIVE:
                return self.last_heard + suspect_after
            case State.SUSPECT:
                return self.last_heard + dead_after
            case State.DEAD:
                return None

    def _signal(self, signal: Signal) -> None:
        self.state = TRANSITIONS[self.state, signal]
