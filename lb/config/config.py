"""What all accepted configuration says, as one immutable value."""

from bisect import bisect_right
from functools import cached_property

from msgspec import Struct, field

from lb.api.bgp_advertisement import BGPAdvertisementSpec
from lb.api.l2_advertisement import L2AdvertisementSpec
from lb.api.meta import LabelSelector
from lb.config.community import Community
from lb.config.coverage import covers
from lb.config.peer import BFDProfile, Peer
from lb.config.ranges import Address, AddressRange
from lb.config.selectors import Labels, matches_any


class Reservation(Struct, frozen=True):
    """Which Services a pool is kept for (spec.serviceAllocation).

    `namespaces` None: those of all; `named_namespaces` are those of them that stand there by name, the others
    are selected. The pool with the lowest `priority` is tried first, and 0 stands for last.
    """

    priority: int = 0
    namespaces: frozenset[str] | None = None
    named_namespaces: tuple[str, ...] = ()
    service_selectors: tuple[LabelSelector, ...] = ()

    def admits(self, namespace: str, labels: Labels) -> bool:
        """Whether a Service of *namespace* with *labels* may have an address of the pool."""
        return (self.namespaces is None or namespace in self.namespaces) and (
            not self.service_selectors or matches_any(self.service_selectors, labels)
        )


class Pool(Struct, frozen=True):
    """An IPAddressPool that was accepted; `ranges` in the order of spec.addresses, none overlapping."""

    name: str
    labels: dict[str, str]
    ranges: tuple[AddressRange, ...]
    auto_assign: bool
    avoid_buggy_ips: bool
    reservation: Reservation | None = None
    is_protected: bool = False
    is_draining: bool = False
    quarantined: frozenset[Address] = frozenset()


class L2Advertisement(Struct, frozen=True):
    """An L2Advertisement that was accepted."""

    name: str
    spec: L2AdvertisementSpec

    def covers(self, pool: str, labels: Labels) -> bool:
        """Whether it announces addresses of *pool*, whose object has *labels*."""
        return covers(self.spec, pool, labels)


class BGPAdvertisement(Struct, frozen=True):
    """A BGPAdvertisement that was accepted, with its communities resolved."""

    name: str
    spec: BGPAdvertisementSpec
    communities: tuple[Community, ...] = ()

    def covers(self, pool: str, labels: Labels) -> bool:
        """Whether it is about *pool*, whose object has *labels*; see `Config.unfit`."""
        return covers(self.spec, pool, labels)

    def aggregation_length(self, version: int) -> int:
        """The prefix length of its routes in IP *version*."""
        if version == 4:
            return 32 if self.spec.aggregation_length is None else self.spec.aggregation_length
        return 128 if self.spec.aggregation_length_v6 is None else self.spec.aggregation_length_v6


class Aliases(Struct, frozen=True):
    """A Community object that was accepted: names of communities."""

    name: str
    values: dict[str, Community]


class Config(Struct, frozen=True, dict=True):
    """Each kind by name, in the order of the names.

    `unfit` holds pairs of a BGPAdvertisement and a pool that it is about and may not advertise, because its
    routes would reach beyond the pool. `unread` names the pools that exist but were refused and were never
    good: what lies in them is unknown, so while there is one, an address outside every pool may not be judged
    stray.
    """

    pools: dict[str, Pool] = field(default_factory=dict)
    l2_advertisements: dict[str, L2Advertisement] = field(default_factory=dict)
    bgp_advertisements: dict[str, BGPAdvertisement] = field(default_factory=dict)
    peers: dict[str, Peer] = field(default_factory=dict)
    bfd_profiles: dict[str, BFDProfile] = field(default_factory=dict)
    communities: dict[str, Aliases] = field(default_factory=dict)
    unfit: frozenset[tuple[str, str]] = frozenset()
    unread: frozenset[str] = frozenset()

    @cached_property
    def _places(self) -> list[tuple[AddressRange, str]]:
        return sorted((span, pool.name) for pool in self.pools.values() for span in pool.ranges)

    @cached_property
    def _starts(self) -> list[tuple[int, int]]:
        return [(span.version, span.first) for span, _ in self._places]

    def pool_of(self, address: Address) -> Pool | None:
        """The pool that *address* lies in; one that the pool leaves out, or has set aside, lies in none."""
        at = bisect_right(self._starts, (address.version, int(address))) - 1
        if at < 0:
            return None
        span, name = self._places[at]
        pool = self.pools[name]
        return pool if address in span and not is_avoided(pool, address) else None


def is_avoided(pool: Pool, address: Address) -> bool:
    """Whether *pool* gives *address* to nobody.

    It is set aside, or left out because old network gear takes .0 and .255 for no host.
    """
    if pool.quarantined and address in pool.quarantined:
        return True
    return pool.avoid_buggy_ips and address.version == 4 and is_buggy(int(address))


def is_buggy(number: int) -> bool:
    """Whether the IPv4 address of this value is one that `avoid_buggy_ips` leaves out."""
    return number & 0xFF in (0, 255)


EMPTY = Config()
