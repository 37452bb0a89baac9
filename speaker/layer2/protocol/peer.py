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
        self.echo = 0
        """The incarnation that its latest datagram bore, proved fresh or not: what we send back to it."""
        self._vouched_at = NEVER
        self._left = False
        self._incarnation = 0
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
        return heartbeat.incarnation == self._incarnation and heartbeat.sequence <= self._sequence

    def hear(self, heartbeat: Heartbeat, now: float) -> None:
        """Take in what it said itself."""
        if heartbeat.incarnation != self._incarnation:
            self._past.add(self._incarnation)
        self._incarnation, self._sequence = heartbeat.incarnation, heartbeat.sequence
        self._left, self.ready, self.heard_at = heartbeat.leaving, heartbeat.ready, now
        self._signal(Signal.LEFT if heartbeat.leaving else Signal.HEARD)

    def vouch(self, heard_at: float) -> None:
        """Take in that somebody whom we hear heard it at *heard_at*; of no account once it said it leaves."""
        if not self._left and heard_at > self.last_heard:
            self._vouched_at = heard_at

    def excuse(self, seconds: float, now: float) -> None:
        """Leave *seconds* until *now*, in which we did not listen, out of its silence."""
        self.heard_at = min(self.heard_at + seconds, now)
        self._vouched_at = min(self._vouched_at + seconds, now)

    def judge(self, now: float, suspect_after: float, dead_after: float) -> None:
        """Draw the consequence of its silence until *now*."""
        silence = now - self.last_heard
        if silence < suspect_after:
            if self.state is not State.ALIVE and not self._left:
                self._signal(Signal.HEARD)
            return
        if self.state is State.ALIVE:
            self._signal(Signal.MISSED)
        if self.state is State.SUSPECT and silence >= dead_after:
            self._signal(Signal.EXPIRED)

    def _signal(self, signal: Signal) -> None:
        self.state = TRANSITIONS[self.state, signal]
