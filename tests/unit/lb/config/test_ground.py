import pytest

from lb.api.meta import ObjectMeta
from lb.api.node import Node, NodeAddress, NodeSpec, NodeStatus
from lb.api.service_cidr import ServiceCIDR, ServiceCIDRSpec
from lb.config.ground import survey
from lb.config.ranges import parse_range

SIX = "2001:db8::1"


def node(name, *addresses, pod_cidrs=()):
    each = tuple(NodeAddress("InternalIP", address) for address in addresses)
    return Node(ObjectMeta(name=name), NodeStatus(addresses=each), NodeSpec(pod_cidrs))


GROUND = survey(
    [
        node("n2", "192.0.2.20", SIX, "n2.example.com", pod_cidrs=("10.244.1.0/24", "typo")),
        node("n1", "192.0.2.10", pod_cidrs=("10.244.0.0/24",)),
    ],
    [ServiceCIDR(ObjectMeta(name="kubernetes"), ServiceCIDRSpec(("10.96.0.0/16", "fd00:96::/112")))],
    {"n1": (parse_range("192.0.2.0/25"),), "n2": (parse_range("192.0.2.0/25"), parse_range("2001:db8::/64"))},
)


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        pytest.param("192.0.2.0/24", [("192.0.2.10", "n1"), ("192.0.2.20", "n2")], id="several, in order"),
        pytest.param("192.0.2.10-192.0.2.19", [("192.0.2.10", "n1")], id="first of the range"),
        pytest.param("192.0.2.11-192.0.2.20", [("192.0.2.20", "n2")], id="last of the range"),
        pytest.param("192.0.2.11-192.0.2.19", [], id="none between"),
        pytest.param("192.0.3.0/24", [], id="none after"),
        pytest.param("2001:db8::/120", [(SIX, "n2")], id="IPv6"),
        pytest.param("::/0", [(SIX, "n2")], id="IPv6 alone"),
    ],
)
def test_the_nodes_in_a_range_are_found(text, nodes):
    assert list(GROUND.nodes_in(parse_range(text))) == nodes


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        pytest.param("192.0.2.0/24", [], id="nothing"),
        pytest.param("10.96.255.0-10.97.0.9", ["the Service CIDR 10.96.0.0/16"], id="Services"),
        pytest.param("fd00:96::/120", ["the Service CIDR fd00:96::/112"], id="IPv6"),
        pytest.param(
            "10.244.0.0/16",
            ["10.244.0.0/24, the Pod CIDR of node n1", "10.244.1.0/24, the Pod CIDR of node n2"],
            id="pods of several nodes",
        ),
    ],
)
def test_what_the_cluster_uses_of_a_range_is_found(text, uses):
    assert list(GROUND.uses_of(parse_range(text))) == uses


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        pytest.param("192.0.2.100-192.0.2.127", True, id="in a subnet"),
        pytest.param("192.0.2.100-192.0.2.128", False, id="partly in a subnet"),
        pytest.param("198.51.100.0/24", False, id="elsewhere"),
        pytest.param("2001:db8::100/120", True, id="in an IPv6 subnet"),
        pytest.param("2001:db9::/64", False, id="in no IPv6 subnet"),
    ],
)
def test_a_range_is_reached_in_a_subnet_of_some_node(text, reached):
    assert GROUND.reaches(parse_range(text)) is reached


def test_where_no_subnet_is_known_any_range_may_be_reached():
    assert survey([node("n1", "192.0.2.10")], [], {}).reaches(parse_range("198.51.100.0/24"))


def test_the_order_of_what_is_surveyed_makes_no_difference():
    nodes = [node("a", "192.0.2.2", pod_cidrs=("10.1.0.0/24",)), node("b", "192.0.2.1")]
    assert survey(nodes, [], {}) == survey(nodes[::-1], [], {})
