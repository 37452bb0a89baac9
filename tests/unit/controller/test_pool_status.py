from ipaddress import ip_address

from controller.pool_status import pool_status
from lb.api.ip_address_pool import IPAddressPoolStatus
from lb.config.config import Config, Pool
from lb.config.ranges import parse_range
from lb.ipam.space import Space
from lb.ipam.terms import Terms


def pool(*addresses, avoid_buggy_ips=False):
    return Pool("lan", {}, tuple(map(parse_range, addresses)), True, avoid_buggy_ips)


def status(given, *held):
    space = Space(Config({"lan": given}))
    for service, address, key in held:
        space.hold((ip_address(address),), Terms(service, key=key))
    return pool_status(space, given)


def test_both_families_are_counted_apart():
    held = [("x/a", "192.0.2.1", ""), ("x/b", "2001:db8::1", ""), ("x/c", "2001:db8::2", "")]
    assert status(pool("192.0.2.0/28", "2001:db8::/124"), *held) == IPAddressPoolStatus(1, 2, 15, 14)


def test_an_address_that_services_share_counts_once():
    held = [("x/a", "192.0.2.1", "k"), ("x/b", "192.0.2.1", "k")]
    assert status(pool("192.0.2.0/28"), *held).assigned_ipv4 == 1


def test_addresses_that_are_avoided_are_not_available():
    assert status(pool("192.0.2.0/24", avoid_buggy_ips=True)).available_ipv4 == 254


def test_what_is_too_large_for_the_field_is_as_large_as_it_can_be():
    given = pool("2001:db8::/64")
    assert status(given, ("x/a", "2001:db8::1", "")) == IPAddressPoolStatus(0, 1, 0, 2**63 - 1)
