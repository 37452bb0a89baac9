"""Which key is to be worked on next: each once however often it was asked for, never by two at a time.

Without I/O or a clock: `now` is in seconds of any steadily rising clock.
"""

import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

from lb.cluster.backoff import delay

K = TypeVar("K", bound=Hashable)


class Schedule(Generic[K]):
    """A key is waiting for its time, ready, being worked on, or unknown.

    *first* and *longest*: seconds before the first and before any later retry of a key that keeps failing.
    """

    def __init__(self, first: float = 0.05, longest: float = 60.0) -> None:
        self._first = first
        self._longest = longest
        self._ready: dict[K, None] = {}  # a queue without doubles: first in, first out
        self._active: set[K] = set()
        self._again: set[K] = set()
        self._due: dict[K, float] = {}
        self._timers: list[tuple[float, int, K]] = []
        self._serial = 0
        self._failures: dict[K, int] = {}
        self._failing: set[K] = set()

    def add(self, key: K) -> None:
        """Work on it as soon as possible; once more if it is being worked on."""
        self._due.pop(key, None)
        if key in self._active:
            self._again.add(key)
        else:
            self._ready.setdefault(key)

    def add_after(self, key: K, seconds: float, now: float) -> None:
        """Work on it in *seconds*, unless it is asked for earlier."""
        due = now + seconds
        if key not in self._ready and due < self._due.get(key, float("inf")):
            self._due[key] = due
            self._serial += 1
            heapq.heappush(self._timers, (due, self._serial, key))

    def retry(self, key: K, now: float) -> None:
        """The work on it failed: again later, after twice as long each time until it ends without a retry."""
        self._failing.add(key)
        self._failures[key] = self._failures.get(key, 0) + 1
        self.add_after(key, delay(self._failures[key], self._first, self._longest), now)

    def take(self, now: float) -> K | None:
        """The next key to work on, or None. Give it back by `done`."""
        self._ripen(now)
        key = next(iter(self._ready), None)
        if key is not None:
            del self._ready[key]
            self._due.pop(key, None)
            self._active.add(key)
        return key

    def done(self, key: K) -> None:
        """The work on it ended; well, unless `retry` was called meanwhile."""
        self._active.remove(key)
        if key in self._failing:
            self._failing.remove(key)
        else:
            self._failures.pop(key, None)
        if key in self._again:
            self._again.remove(key)
            self._ready.setdefault(key)

    def next_due(self) -> float | None:
        """When a key that waits gets ready; None if none waits."""
        while self._timers and self._stale(self._timers[0]):
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def __len__(self) -> int:
        """Keys that are ready, waiting or being worked on."""
        return len(self._ready.keys() | self._due.keys() | self._active)

    def _ripen(self, now: float) -> None:
        while (due := self.next_due()) is not None and due <= now:
            self.add(heapq.heappop(self._timers)[2])

    def _stale(self, timer: tuple[float, int, K]) -> bool:
        return self._due.get(timer[2]) != timer[0]
