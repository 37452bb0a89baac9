"""How often one key may be worked on, so that who undoes our work at once does not keep us busy.

Without I/O or a clock: `now` is in seconds of any steadily rising clock.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Pace(Generic[K]):
    """Each key *burst* times as fast as may be, and from then on once in *period* seconds."""

    def __init__(self, burst: int = 10, period: float = 1.0) -> None:
        self._slack = burst * period
        self._period = period
        self._even: dict[K, float] = {}
        """When each key would be at its pace again, had it been worked on once in a period."""

    def spend(self, key: K, now: float) -> None:
        """It is worked on now."""
        self._even[key] = max(self._even.get(key, now), now) + self._period

    def rest(self, key: K, now: float) -> float:
        """Seconds for which it is to be left alone."""
        return max(0.0, self._even.get(key, now) - now - self._slack + self._period)

    def forget(self, key: K) -> None:
        """There is no such key any more."""
        self._even.pop(key, None)
