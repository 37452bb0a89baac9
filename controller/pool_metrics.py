"""How full each pool is, under MetalLB's metric names: read from the address space when somebody asks."""

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from lb.ipam.space import Space, capacity


class PoolMetrics(Collector):
    """A collector over the address space that *space* gives."""

    def __init__(self, space: Callable[[], Space]) -> None:
        self._space = space

    def collect(self) -> Iterator[Metric]:
        """One gauge a number, labelled with the pool; the names without a family are sums of both."""
        space = self._space()
        pools = space.config.pools.values()
        total = {pool.name: {version: capacity(pool, version) for version in (4, 6)} for pool in pools}
        in_use = {pool.name: {version: space.in_use(pool, version) for version in (4, 6)} for pool in pools}
        for what, numbers, text in (
            ("addresses", total, "usable addresses of a pool"),
            ("addresses_in_use", in_use, "addresses of a pool that Services have"),
        ):
            for family, versions in (("", (4, 6)), ("ipv4_", (4,)), ("ipv6_", (6,))):
                gauge = GaugeMetricFamily(f"metallb_allocator_{family}{what}_total", text, labels=["pool"])
                for pool, by_version in numbers.items():
                    gauge.add_metric([pool], sum(by_version[version] for version in versions))
                yield gauge
