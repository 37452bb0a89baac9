import pytest

from lb.api.meta import ObjectMeta
from lb.api.node import Node, NodeAddress, NodeStatus
from speaker.neighbors import neighbors


def nodes(**addresses):
    """By name, with addresses as "type=address"."""
    return {
        name: Node(
            ObjectMeta(name=name),
            NodeStatus(addresses=tuple(NodeAddress(*each.split("=")) for each in listed)),
        )
        for name, listed in addresses.items()
    }


@pytest.mark.parametrize(
    ("addresses", "bind", "expected"),
    [
        pytest.param(["InternalIP=10.0.0.1"], "10.0.0.9", "10.0.0.1", id="only one"),
        pytest.param(["InternalIP=10.0.0.1", "InternalIP=10.0.0.2"], "10.0.0.9", "10.0.0.1", id="the first"),
        pytest.param(
            ["InternalIP=fd00::1", "InternalIP=10.0.0.2"], "0.0.0.0", "10.0.0.2", id="first of IPv4"
        ),
        pytest.param(["InternalIP=10.0.0.2", "InternalIP=fd00::1"], "::", "fd00::1", id="first of IPv6"),
        pytest.param(
            ["Hostname=n1", "ExternalIP=192.0.2.1", "InternalIP=10.0.0.2"],
            "10.0.0.9",
            "10.0.0.2",
            id="internal",
        ),
        pytest.param(
            ["InternalIP=n1.example", "InternalIP=10.0.0.2"], "10.0.0.9", "10.0.0.2", id="after garbage"
        ),
        pytest.param(["InternalIP="], "10.0.0.9", None, id="empty"),
        pytest.param(["InternalIP=10.0.0.256"], "10.0.0.9", None, id="no address"),
        pytest.param(["InternalIP=fe80::1%eth0"], "::", None, id="of one link"),
        pytest.param(["InternalIP=fd00::1"], "10.0.0.9", None, id="another IP version"),
        pytest.param([], "10.0.0.9", None, id="none yet"),
    ],
)
def test_a_node_is_reached_at_its_first_internal_address_of_our_ip_version(addresses, bind, expected):
    found = neighbors(nodes(n1=addresses), bind, 7946)
    assert found == ({"n1": (expected, 7946)} if expected else {})


def test_a_node_with_a_garbled_address_takes_no_other_away():
    found = neighbors(nodes(n1=["InternalIP=?"], n2=["InternalIP=10.0.0.2"]), "10.0.0.9", 7)
    assert found == {"n2": ("10.0.0.2", 7)}
