"""What all accepted configuration says, as one immutable value."""

from bisect import bisect_right
from functools import cached_property

from msgspec import Struct, field

from lb.api.l2_advertisement import L2AdvertisementSpec
from lb.config.ranges import Address, AddressRange
from lb.config.selectors import Labels, matches_any


class Pool(Struct, frozen=True):
    """An IPAddressPool that was accepted; `ranges` in the order of spec.addresses, none overlapping."""

    name: str
    labels: dict[str, str]
    ranges: tuple[AddressRange, ...]
    auto_assign: bool
    avoid_buggy_ips: bool


class L2Advertisement(Struct, frozen=True):
    """An L2Advertisement that was accepted."""

    name: str
    spec: L2AdvertisementSpec

    def covers(self, pool: str, labels: Labels) -> bool:
        """Whether it announces addresses of *pool*, whose object has *labels*."""
        names, selectors = self.spec.ip_address_pools, self.spec.ip_address_pool_selectors
        if not names and not selectors:
            return True
        return pool in names or matches_any(selectors, labels)


class Config(Struct, frozen=True, dict=True):
    """Pools and advertisements by name, in the order of their names.

    `unread` names the pools that exist but were refused and were never good: what lies in them is unknown, so
    while there is one, an address outside every pool may not be judged stray.
    """

    pools: dict[str, Pool] = field(default_factory=dict)
    l2_advertisements: dict[str, L2Advertisement] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()

    @cached_property
    def _places(self) -> list[tuple[AddressRange, str]]:
        return sorted((span, pool.name) for pool in self.pools.values() for span in pool.ranges)

    @cached_property
    def _starts(self) -> list[tuple[int, int]]:
        return [(span.version, span.first) for span, _ in self._places]

    def pool_of(self, address: Address) -> Pool | None:
        """The pool that *address* lies in; an address that `avoid_buggy_ips` leaves out lies in none."""
        at = bisect_right(self._starts, (address.version, int(address))) - 1
        if at < 0:
            return None
        span, name = self._places[at]
        pool = self.pools[name]
        return pool if address in span and not is_avoided(pool, address) else None


def is_avoided(pool: Pool, address: Address) -> bool:
    """Whether *pool* leaves *address* out because old network gear takes .0 and .255 for no host."""
    return pool.avoid_buggy_ips and address.version == 4 and int(address) & 0xFF in (0, 255)


EMPTY = Config()
