import pytest

from speaker.layer2.protocol.interface import (
    DEFAULT_EXCLUDED,
    IFF_BROADCAST,
    IFF_NOARP,
    IFF_RUNNING,
    IFF_UP,
    Interface,
    WhyNot,
    why_not,
)

ORDINARY = IFF_UP | IFF_BROADCAST | IFF_RUNNING
MAC = b"\x02\0\0\0\0\x01"


def interface(name="eth0", mac=MAC, flags=ORDINARY, master=None):
    return Interface(2, name, mac, flags, master)


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
        pytest.param(interface(master=7), WhyNot.ENSLAVED, id="port of a bond"),
    ],
)
def test_an_interface_announces_unless_there_is_a_reason(given, expected):
    assert why_not(given) is expected


@pytest.mark.parametrize("pattern", DEFAULT_EXCLUDED)
def test_each_pattern_of_the_default_list_excludes(pattern):
    name = pattern.removeprefix("^").removesuffix("$").removesuffix(".*")
    assert why_not(interface(name)) is WhyNot.EXCLUDED


def test_other_patterns_replace_the_default_list():
    assert why_not(interface("veth0"), ("^eth",)) is None
    assert why_not(interface("eth0"), ("^eth",)) is WhyNot.EXCLUDED
