"""Whether this speaker counts as a member in its own eyes: as it does in the others', as far as it can tell.

One that others took for dead was replaced by them; one that hears nobody cannot know. Both yield, so that an
address has one node that answers for it.
"""

from enum import StrEnum

from speaker.layer2.protocol.peer import NEVER
from speaker.layer2.protocol.timing import Timing


class Standing(StrEnum):
    """Why this speaker counts as a member, or why not."""

    MEMBER = "member"
    ALONE = "alone"
    """It counts: no other speaker lives, as far as it knows."""
    UNREADY = "not ready"
    CUT_OFF = "hears nobody"
    """All others fell silent at the same time."""
    ACCUSED = "taken for dead"
    """It contradicted, and nobody has heard that yet."""

    @property
    def counts(self) -> bool:
        """Whether one of this standing is a member."""
        return self in (Standing.MEMBER, Standing.ALONE)


class Ear:
    """What others' words tell of ourselves. Clocks are our own, in milliseconds."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._patience = timing.suspect_after
        self._heard_at = NEVER
        self._accused: int | None = None

    def hear(self, echo: int, patience: float, now: float) -> None:
        """Somebody that may be silent for *patience* spoke, and last heard us at *echo*."""
        self._heard_at = now
        self._patience = max(self._timing.suspect_after, patience)
        if self._accused is not None and echo >= self._accused:
            self._accused = None

    def accuse(self, clock: int) -> None:
        """We were taken for dead, and contradict at *clock*."""
        self._accused = clock

    def excuse(self, seconds: float, now: float) -> None:
        """Leave *seconds* until *now*, in which we did not listen, out of the others' silence."""
        self._heard_at = min(self._heard_at + seconds, now)

    def hears_nobody(self, now: float) -> bool:
        """Whether all were silent for too long."""
        return now >= self._heard_at + self._patience

    def is_cut_off(self, others: int, now: float) -> bool:
        """Whether we hear nobody although *others* live, as far as is known.

        Where one other lives, nobody can tell who of the two is cut off.
        """
        return others > 1 and self.hears_nobody(now)

    def judge(self, is_ready: bool, others: int, now: float) -> Standing:
        """Our standing, where *others* live as far as is known."""
        if not is_ready:
            return Standing.UNREADY
        if not others:
            return Standing.ALONE
        if self.is_cut_off(others, now):
            waited = now - self._heard_at - self._patience
            return Standing.ALONE if waited >= self._timing.alone_after else Standing.CUT_OFF
        return Standing.MEMBER if self._accused is None else Standing.ACCUSED
