"""When a node makes known, unasked, what it announces: often after a takeover, then rarely for ever.

Often, since a frame may be lost, and since Linux heeds no second word within a second of the first. For ever,
since a switch forgets an address after some minutes (IEEE 802.1D: 300 s) that a router remembers for hours.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from math import floor
from typing import Final

from msgspec import Struct

TAKEOVER_AT: Final = (0.0, 0.1, 0.3, 1.0, 3.0, 8.0)
"""Seconds after a takeover at which it is made known."""
GOLDEN: Final = 0.6180339887
"""Multiples of it, without their whole part, lie evenly, however many there are (Weyl)."""


class Pace:
    """Lets at most *most* frames go in each *slice_* seconds, on all interfaces together.

    A burst of thousands would overrun buffers, and make this process late for all else.
    """

    def __init__(self, most: int = 256, slice_: float = 0.005) -> None:
        self._most = most
        self._slice = slice_
        self._left = most
        self._until = 0.0

    def take(self, frames: int, now: float) -> bool:
        """Whether *frames* more may go at *now*."""
        if now >= self._until:
            self._until = now + self._slice
            self._left = self._most
        if self._left < frames:
            return False
        self._left -= frames
        return True

    def opens_at(self, frames: int) -> float:
        """From when on *frames* may go; in the past where they may already."""
        return self._until if self._left < frames else 0.0


class _Due(Struct, frozen=True, order=True):
    at: float
    serial: int
    step: int
    key: bytes


class Schedule:
    """Says which addresses, as on the wire, are to be made known; each time takes *frames* frames of *pace*.

    After the takeover each is due again every *interval* seconds; 0: never.
    """

    def __init__(self, interval: float, pace: Pace, frames: int) -> None:
        self._interval = interval
        self._pace = pace
        self._frames = frames
        self._takeovers: list[_Due] = []
        self._refreshes: list[_Due] = []
        self._began: dict[bytes, tuple[int, float]] = {}
        """Serial number and time of each takeover: what is due under another number is no more."""
        self._serial = 0
        self._next: float | None = None

    def begin(self, key: bytes, now: float) -> None:
        """Address *key* is taken over."""
        self._serial += 1
        self._began[key] = self._serial, now
        heappush(self._takeovers, _Due(now, self._serial, 0, key))
        self._look_ahead()

    def begin_all(self, now: float) -> None:
        """All addresses are taken over again."""
        for key in list(self._began):
            self.begin(key, now)

    def end(self, key: bytes) -> None:
        """Address *key* is not announced any more."""
        self._began.pop(key, None)

    def due(self, now: float) -> Iterator[bytes]:
        """The addresses to be made known at *now*, takeovers first; the pace may put some off."""
        for heap in (self._takeovers, self._refreshes):
            while heap and heap[0].at <= now:
                first = heap[0]
                serial, began = self._began.get(first.key, (0, 0.0))
                if serial != first.serial:
                    heappop(heap)
                elif self._pace.take(self._frames, now):
                    heappop(heap)
                    self._repeat(first, began, now)
                    yield first.key
                else:
                    break
        self._look_ahead()

    def _repeat(self, told: _Due, began: float, now: float) -> None:
        # What was missed is not made up for: two frames at once tell no more than one.
        for step in range(told.step + 1, len(TAKEOVER_AT)):
            if began + TAKEOVER_AT[step] > now:
                heappush(self._takeovers, _Due(began + TAKEOVER_AT[step], told.serial, step, told.key))
                return
        if self._interval:
            last = told.at
            if told.step < len(TAKEOVER_AT):  # as if there had been one, so that not all that began together
                last = began + TAKEOVER_AT[-1] - self._interval * (told.serial * GOLDEN % 1)  # go on together
            rounds = floor(max(0.0, now - last) / self._interval) + 1
            at = last + rounds * self._interval
            heappush(self._refreshes, _Due(at, told.serial, len(TAKEOVER_AT), told.key))

    def _look_ahead(self) -> None:
        waiting = [heap[0].at for heap in (self._takeovers, self._refreshes) if heap]
        self._next = max(min(waiting), self._pace.opens_at(self._frames)) if waiting else None

    def next(self) -> float | None:
        """When something is due next."""
        return self._next  # asked for with every frame that comes in, so it is found beforehand
