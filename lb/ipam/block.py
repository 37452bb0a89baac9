"""The addresses of a pool in one IP version: who has each, and which is free, found without a scan.

Numbers stand for addresses: `AddressRange.address` makes the one of the other.
"""

from collections import OrderedDict
from collections.abc import Callable
from itertools import chain

from lb.config.ranges import AddressRange

Tenants = tuple[str, ...]
"""The Services that have an address, the first to have it first."""
MOST_HELD_BACK = 20_000
"""Addresses that came back and wait until those are used up that nobody had yet: more would be a leak."""


class Block:
    """All addresses of *spans*, in that order, but those that *avoids* says.

    Those that nobody had yet are handed out from the lowest; then those that came back, the longest free one
    first: what was just freed is the last to go to somebody else. Each address is passed over at most once,
    whatever the size of the ranges.
    """

    def __init__(self, spans: tuple[AddressRange, ...], avoids: Callable[[int], bool] | None = None) -> None:
        self.spans = spans
        self.avoids = avoids
        self.tenants: dict[int, Tenants] = {}
        self.held_back: OrderedDict[int, None] = OrderedDict()
        """Free ones that somebody had, the longest free one first."""
        self._unseen = chain.from_iterable(range(span.first, span.last + 1) for span in spans)
        self._fresh = next(self._unseen, None)

    def next_free(self) -> int | None:
        """The one to give away next."""
        fresh = self._fresh
        while fresh is not None and (
            fresh in self.tenants
            or fresh in self.held_back
            or (self.avoids is not None and self.avoids(fresh))
        ):
            fresh = self._fresh = next(self._unseen, None)
        if fresh is None or len(self.held_back) > MOST_HELD_BACK:
            return next(iter(self.held_back), None)
        return fresh

    def let(self, number: int, tenants: Tenants) -> None:
        """*tenants* have *number* from now on; none of them: it is free again."""
        if tenants:
            self.tenants[number] = tenants
            self.held_back.pop(number, None)
        elif self.tenants.pop(number, None) is not None:
            self.held_back[number] = None

    def hold_back(self, number: int) -> None:
        """Somebody had *number* not long ago: if it is free, others have their turn first."""
        if number not in self.tenants:
            self.held_back[number] = None
