"""Free addresses of one range, found without a scan over what is held."""

from collections.abc import Callable
from heapq import heappop, heappush

from lb.config.ranges import AddressRange


class FreeAddresses:
    """Hands out the lowest free address of a range.

    Everything from the frontier on has never been looked at; what came back from below it waits in a heap,
    once.
    Each address is passed over at most once for each time that it is taken, whatever the size of the range.
    """

    def __init__(self, span: AddressRange, is_taken: Callable[[int], bool]) -> None:
        self._last = span.last
        self._frontier = span.first
        self._returned: list[int] = []
        self._waiting: set[int] = set()
        self._is_taken = is_taken

    def lowest(self) -> int | None:
        """The lowest free address, as a number; it stays free until the caller takes it."""
        while self._returned and self._is_taken(self._returned[0]):
            self._waiting.remove(heappop(self._returned))
        if self._returned:
            return self._returned[0]
        while self._frontier <= self._last and self._is_taken(self._frontier):
            self._frontier += 1
        return self._frontier if self._frontier <= self._last else None

    def give_back(self, number: int) -> None:
        """Says that *number*, an address of the range, is not taken any more."""
        if number < self._frontier and number not in self._waiting:
            self._waiting.add(number)
            heappush(self._returned, number)
