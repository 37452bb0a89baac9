from ipaddress import ip_address

import pytest
from prometheus_client import CollectorRegistry

from controller.pool_metrics import PoolMetrics
from lb.config.config import Config, Pool
from lb.config.ranges import parse_range
from lb.ipam.space import Space
from lb.ipam.terms import Terms


def pool(name, *addresses, avoid_buggy_ips=False):
    return Pool(name, {}, tuple(map(parse_range, addresses)), True, avoid_buggy_ips)


@pytest.fixture
def space():
    pools = (
        pool("dual", "192.0.2.0/28", "2001:db8::/124"),
        pool("small", "198.51.100.0/24", avoid_buggy_ips=True),
    )
    return Space(Config({each.name: each for each in pools}))


@pytest.fixture
def told(space):
    """The value of a metric for a pool, without MetalLB's prefix."""
    registry = CollectorRegistry()
    registry.register(PoolMetrics(lambda: space))

    def value(name, pool):
        return registry.get_sample_value(f"metallb_allocator_{name}_total", {"pool": pool})

    return value


@pytest.mark.parametrize(
    ("metric", "dual", "small"),
    [("addresses", 32, 254), ("ipv4_addresses", 16, 254), ("ipv6_addresses", 16, 0)],
)
def test_capacities_are_told_by_pool_and_family(told, metric, dual, small):
    assert (told(metric, "dual"), told(metric, "small")) == (dual, small)


def test_addresses_in_use_follow_what_is_held(told, space):
    space.hold((ip_address("192.0.2.1"),), Terms("shop/web"))
    space.hold((ip_address("2001:db8::1"),), Terms("shop/six"))
    assert [told(f"{family}addresses_in_use", "dual") for family in ("", "ipv4_", "ipv6_")] == [2, 1, 1]
    space.release("shop/web")
    assert [told(f"{family}addresses_in_use", "dual") for family in ("", "ipv4_", "ipv6_")] == [1, 0, 1]


def test_a_pool_that_is_gone_is_not_told_of(told, space):
    space.use(Config())
    assert told("addresses", "dual") is None
