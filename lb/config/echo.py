"""Whether IPv6 is advertised to a peer: BFD's Echo function, as routers have it, is of IPv4."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from lb.config.config import BGPAdvertisement, Pool
from lb.config.rejection import named


class IPv6Routes(Struct, frozen=True):
    """`advertisement` sends routes of `pool`, which has IPv6 addresses, to `peers`; () stands for all."""

    advertisement: str
    pool: str
    peers: tuple[str, ...]

    def __str__(self) -> str:
        pool = f"IPAddressPool {named(self.pool)}"
        return f"BGPAdvertisement {named(self.advertisement)} sends it IPv6 routes of {pool}"


def ipv6_routes(
    advertisements: Mapping[str, BGPAdvertisement], pools: Mapping[str, Pool]
) -> tuple[IPv6Routes, ...]:
    """Of each advertisement the first pool with IPv6 addresses, in their order; nothing of those without."""
    of_ipv6 = [each for each in pools.values() if any(span.version == 6 for span in each.ranges)]
    found = (
        (each, next((pool.name for pool in of_ipv6 if each.covers(pool.name, pool.labels)), None))
        for each in advertisements.values()
    )
    return tuple(IPv6Routes(each.name, pool, each.spec.peers) for each, pool in found if pool is not None)


def ipv6_route(peer: str, routes: Iterable[IPv6Routes]) -> str:
    """What of *routes* advertises IPv6 addresses to *peer*, in words; "" where nothing does."""
    return next((str(each) for each in routes if not each.peers or peer in each.peers), "")
