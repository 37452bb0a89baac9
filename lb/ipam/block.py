"""The addresses of one range: who has each, and which is free, found without a scan over what is held.

Numbers stand for addresses: `AddressRange.address` makes the one of the other.
"""

from collections import OrderedDict
from collections.abc import Callable

from lb.config.ranges import AddressRange

Tenants = tuple[str, ...]
"""The Services that have an address, the first to have it first."""


class Block:
    """All addresses of *span* but those that *avoids* says.

    Those that nobody had yet are handed out from the lowest; then those that came back, the longest free one
    first: what was just freed is the last to go to somebody else. Each address is passed over at most once
    for each time that it is taken or freed, whatever the size of the range.
    """

    def __init__(self, span: AddressRange, avoids: Callable[[int], bool] | None = None) -> None:
        self.span = span
        self.tenants: dict[int, Tenants] = {}
        self.avoids = avoids
        self._frontier = span.first
        self._returned: OrderedDict[int, None] = OrderedDict()

    def fresh(self) -> int | None:
        """The lowest address that nobody had yet."""
        while self._frontier <= self.span.last and self._is_used(self._frontier):
            self._frontier += 1
        return self._frontier if self._frontier <= self.span.last else None

    def returned(self) -> int | None:
        """The address that has been free for longest of those that somebody had."""
        return next(iter(self._returned), None)

    def is_free(self, number: int) -> bool:
        """Whether *number*, of the range, may be given away."""
        return number not in self.tenants and not (self.avoids is not None and self.avoids(number))

    def let(self, number: int, tenants: Tenants) -> None:
        """*tenants* have *number* from now on; none of them: it is free again."""
        if tenants:
            self.tenants[number] = tenants
            self._returned.pop(number, None)
        elif self.tenants.pop(number, None) is not None and not (self.avoids and self.avoids(number)):
            self._returned[number] = None

    def _is_used(self, number: int) -> bool:
        return number in self.tenants or number in self._returned or not self.is_free(number)
