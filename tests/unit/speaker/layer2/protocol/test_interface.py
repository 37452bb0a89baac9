import re
from ipaddress import ip_interface

import pytest

from lb.config.excluded_interfaces import DEFAULT
from speaker.layer2.protocol.interface import (
    IFF_BROADCAST,
    IFF_NOARP,
    IFF_RUNNING,
    IFF_UP,
    Interface,
    InterfaceAddress,
    WhyNot,
    has_carrier,
    is_renewed,
    subnets,
    why_not,
)

ORDINARY = IFF_UP | IFF_BROADCAST | IFF_RUNNING
MAC = b"\x02\0\0\0\0\x01"


def interface(name="eth0", mac=MAC, flags=ORDINARY, master=None, part_of=None):
    return Interface(2, name, mac, flags, master, part_of)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(interface(), None, id="ordinary"),
        pytest.param(interface(flags=IFF_UP | IFF_BROADCAST), None, id="without carrier"),
        pytest.param(interface("bond0.12"), None, id="VLAN on a bond"),
        pytest.param(interface("br0"), None, id="bridge"),
        pytest.param(interface("mylo"), None, id="name that ends like an excluded one"),
        pytest.param(interface("lo0"), None, id="name that begins like lo"),
        pytest.param(interface("lo"), WhyNot.EXCLUDED, id="loopback"),
        pytest.param(interface("vethd00d"), WhyNot.EXCLUDED, id="pod"),
        pytest.param(interface("docker0"), WhyNot.EXCLUDED, id="docker"),
        pytest.param(interface("cali1234", flags=0), WhyNot.EXCLUDED, id="the name counts first"),
        pytest.param(interface(flags=IFF_BROADCAST), WhyNot.DOWN, id="down"),
        pytest.param(interface(flags=ORDINARY | IFF_NOARP), WhyNot.NO_ARP, id="ARP switched off"),
        pytest.param(interface(flags=IFF_UP | IFF_RUNNING), WhyNot.NO_ARP, id="point to point"),
        pytest.param(interface(mac=b""), WhyNot.NO_ARP, id="no hardware address"),
        pytest.param(interface(mac=bytes(20)), WhyNot.NO_ARP, id="InfiniBand"),
        pytest.param(interface(master=7, part_of="bond"), WhyNot.ENSLAVED, id="port of a bond"),
        pytest.param(interface(master=7), WhyNot.ENSLAVED, id="part of what does not say its kind"),
        pytest.param(interface(master=7, part_of="vrf"), None, id="in a VRF"),
        pytest.param(interface("vrf0", flags=ORDINARY | IFF_NOARP), WhyNot.NO_ARP, id="VRF itself"),
    ],
)
def test_an_interface_announces_unless_there_is_a_reason(given, expected):
    assert why_not(given) is expected


@pytest.mark.parametrize("pattern", [each.pattern for each in DEFAULT])
def test_each_pattern_of_the_default_list_excludes(pattern):
    name = pattern.removeprefix("^").removesuffix("$").removesuffix(".*")
    assert why_not(interface(name)) is WhyNot.EXCLUDED


def test_other_patterns_replace_the_default_list():
    only = (re.compile("^eth"),)
    assert why_not(interface("veth0"), only) is None
    assert why_not(interface("eth0"), only) is WhyNot.EXCLUDED


def test_an_interface_has_a_carrier_when_it_runs():
    assert has_carrier(interface())
    assert not has_carrier(interface(flags=ORDINARY & ~IFF_RUNNING))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(interface(), False, id="nothing"),
        pytest.param(interface(flags=ORDINARY & ~IFF_RUNNING), False, id="carrier"),
        pytest.param(interface(mac=b"\x02\0\0\0\0\x02"), True, id="hardware address"),
        pytest.param(interface("eth1"), True, id="name"),
        pytest.param(interface(flags=ORDINARY | IFF_NOARP), True, id="flag other than of the carrier"),
        pytest.param(interface(master=7, part_of="vrf"), True, id="VRF"),
    ],
)
def test_what_changed_makes_an_interface_a_new_one(after, expected):
    assert is_renewed(interface(), after) is expected


def on(index, *addresses):
    return [InterfaceAddress(index, ip_interface(each)) for each in addresses]


def test_the_subnets_are_those_of_the_interfaces_that_carry_announcements():
    addresses = [*on(2, "192.0.2.7/24", "10.0.0.1/8"), *on(3, "198.51.100.1/24")]
    assert subnets(addresses, {2}) == ("10.0.0.0/8", "192.0.2.0/24")


def test_each_subnet_is_named_once_and_ipv4_comes_first():
    addresses = [
        *on(2, "2001:db8::1/64", "2001:db8::2/64", "fd00::1/48"),
        *on(3, "192.0.2.1/24", "192.0.2.1/25"),
    ]
    assert subnets(addresses, {2, 3}) == ("192.0.2.0/24", "192.0.2.0/25", "2001:db8::/64", "fd00::/48")


def test_what_leads_to_no_other_host_is_no_subnet():
    assert subnets(on(2, "169.254.1.1/16", "fe80::1/64", "127.0.0.1/8", "::1/128"), {2}) == ()
