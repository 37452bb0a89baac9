"""Whether the speaker that a failure detector works for runs: if not, its node does not announce either."""

from typing import Final

STALLED_AFTER: Final = 2.0
"""Seconds without a word of the speaker; its longest pass is shorter."""


class Dependence:
    """On a speaker that says again and again that it runs; the first time at *now*."""

    def __init__(self, now: float) -> None:
        self._heard_at = now

    def hear(self, now: float) -> None:
        """It said so."""
        self._heard_at = now

    def excuse(self, seconds: float, now: float) -> None:
        """Leave *seconds* until *now*, in which we did not listen, out of its silence."""
        self._heard_at = min(self._heard_at + seconds, now)

    def is_stalled(self, now: float) -> bool:
        """Whether it said nothing for too long."""
        return now >= self._heard_at + STALLED_AFTER
