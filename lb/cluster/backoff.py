"""How long to wait before the next attempt, so that nobody hammers an API server that is in trouble.

Exponential with jitter; chance is passed in. What counts as a failure is the caller's to say.
"""

import random
from collections.abc import Callable


class Backoff:
    """Waits that double from *first* to *longest* seconds, each times a factor from 0.5 to 1.5."""

    def __init__(
        self, first: float = 0.2, longest: float = 10.0, chance: Callable[[], float] = random.random
    ) -> None:
        self._first = first
        self._longest = longest
        self._chance = chance
        self._failures = 0

    def wait(self) -> float:
        """Seconds to wait after one more failure."""
        self._failures += 1
        return delay(self._failures, self._first, self._longest) * (0.5 + self._chance())

    def reset(self) -> None:
        """It works again: the next wait is the first."""
        self._failures = 0


def delay(failures: int, first: float, longest: float) -> float:
    """Seconds after the *failures*-th failure in a row, from 1, without jitter."""
    return min(longest, first * 2.0 ** min(failures - 1, 32))
