"""Whether IPv6 is advertised to a peer: BFD's Echo function, as routers have it, is of IPv4."""

from collections.abc import Mapping

from lb.config.config import BGPAdvertisement, Pool


def ipv6_route(peer: str, advertisements: Mapping[str, BGPAdvertisement], pools: Mapping[str, Pool]) -> str:
    """What advertises IPv6 addresses to *peer*, in words; "" where nothing does."""
    for advertisement in advertisements.values():
        if advertisement.spec.peers and peer not in advertisement.spec.peers:
            continue
        for pool in pools.values():
            is_ipv6 = any(span.version == 6 for span in pool.ranges)
            if is_ipv6 and advertisement.covers(pool.name, pool.labels):
                return (
                    f"BGPAdvertisement {advertisement.name} sends it IPv6 routes of IPAddressPool {pool.name}"
                )
    return ""
