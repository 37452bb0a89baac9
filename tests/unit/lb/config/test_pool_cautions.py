import pytest

from lb.api.meta import ObjectMeta
from lb.api.service_cidr import ServiceCIDR, ServiceCIDRSpec
from lb.config.pool_cautions import MOST
from lb.config.ranges import parse_range
from tests.unit.lb.config.written import advertisement, cautions, namespace, node, pool

LAN = advertisement("lan")
WHERE = "IPAddressPool metallb-system/edge: "
LEAVE_OUT = "Leave the nodes' addresses out."
TAKE_OTHERS = (
    "so that packets to it never leave or reach a node. Take addresses that the cluster does not use."
)


def told(*addresses, announced=True, **others):
    """What is told about a pool of *addresses*, beside an advertisement of all pools."""
    pools = [pool("edge", *addresses, **others.pop("spec", {}))]
    if announced:
        others = {"l2_advertisements": [LAN], **others}
    return cautions(pools=pools, **others)


def test_nothing_is_told_about_a_pool_that_is_as_it_should_be():
    assert told("192.0.2.0/25", nodes=[node("n1", "192.0.2.200")]) == []


# Who announces it


@pytest.mark.parametrize(
    "others",
    [
        pytest.param({}, id="no advertisement"),
        pytest.param(
            {"l2_advertisements": [advertisement("lan", ipAddressPools=["core"])]}, id="of another pool"
        ),
        pytest.param(
            {"bgp_advertisements": [advertisement("net", ipAddressPools=["core"])]},
            id="of another pool by BGP",
        ),
    ],
)
def test_a_pool_that_nobody_announces_is_told(others):
    core = pool("core", "198.51.100.0/24")
    found = cautions(pools=[pool("edge", "192.0.2.0/24"), core], **others)
    assert found[-1] == (
        f"{WHERE}metadata.name = 'edge': no L2Advertisement or BGPAdvertisement covers it, so that nobody "
        "will announce its addresses. Create one whose spec.ipAddressPools names edge."
    )


@pytest.mark.parametrize("kind", ["l2_advertisements", "bgp_advertisements"])
def test_a_pool_is_announced_by_either_kind(kind):
    assert cautions(pools=[pool("edge", "192.0.2.0/24")], **{kind: [LAN]}) == []


# What its addresses are


def holds(at, span, address, name):
    return (
        f"{WHERE}spec.addresses[{at}] = '{span}': it holds {address}, the address of node {name}, "
        f"which goes on answering for it alone. {LEAVE_OUT}"
    )


def test_the_addresses_of_nodes_are_told():
    nodes = [node("n1", "192.0.2.10"), node("n2", "2001:db8::5"), node("n3", "192.0.2.9"), node("n4")]
    assert told("198.51.100.0/24", "192.0.2.0/24", "2001:db8::/120", nodes=nodes) == [
        holds(1, "192.0.2.0-192.0.2.255", "192.0.2.9", "n3"),
        holds(1, "192.0.2.0-192.0.2.255", "192.0.2.10", "n1"),
        holds(2, "2001:db8::-2001:db8::ff", "2001:db8::5", "n2"),
    ]


def test_of_many_nodes_some_are_told():
    assert len(told("192.0.2.0/24", nodes=[node(f"n{n}", f"192.0.2.{n}") for n in range(1, 100)])) == MOST


def test_addresses_of_services_and_pods_are_told():
    cidrs = [ServiceCIDR(ObjectMeta(name="kubernetes"), ServiceCIDRSpec(("10.96.0.0/16",)))]
    nodes = [node("n1", pod_cidr="10.244.1.0/24")]
    assert told("10.96.200.0/24", "10.244.0.0/16", service_cidrs=cidrs, nodes=nodes) == [
        f"{WHERE}spec.addresses[0] = '10.96.200.0-10.96.200.255': it overlaps with the Service CIDR "
        f"10.96.0.0/16, {TAKE_OTHERS}",
        f"{WHERE}spec.addresses[1] = '10.244.0.0-10.244.255.255': it overlaps with 10.244.1.0/24, the Pod "
        f"CIDR of node n1, {TAKE_OTHERS}",
    ]


SUBNETS = {"n1": (parse_range("192.0.2.0/24"),)}
OUTSIDE = (
    f"{WHERE}spec.addresses[0] = '198.51.100.0-198.51.100.255': an L2Advertisement covers it, and it lies in "
    "no subnet that a node is on. Take addresses of the nodes' subnet, or see that a router sends them there."
)


@pytest.mark.parametrize(
    ("others", "messages"),
    [
        pytest.param({"subnets": SUBNETS}, [OUTSIDE], id="outside"),
        pytest.param({"subnets": {"n1": (parse_range("198.51.100.0/22"),)}}, [], id="inside"),
        pytest.param({}, [], id="no subnet is known"),
        pytest.param(
            {"subnets": SUBNETS, "l2_advertisements": [], "bgp_advertisements": [LAN]},
            [],
            id="announced by BGP",
        ),
    ],
)
def test_a_layer_2_pool_outside_the_nodes_subnets_is_told(others, messages):
    assert told("198.51.100.0/24", **others) == messages


# For whom it is kept


GOLD = {"matchLabels": {"tier": "gold"}}
NONE_SELECTED = (
    f"{WHERE}spec.serviceAllocation.namespaceSelectors = '...': they match no namespace at present. "
    "Correct them, or label the namespaces."
)


@pytest.mark.parametrize(
    ("kept", "namespaces", "messages"),
    [
        pytest.param({"namespaces": ["shop"]}, [namespace("shop")], [], id="namespace that exists"),
        pytest.param(
            {"namespaces": ["shop", "bank"]},
            [namespace("shop"), namespace("other")],
            [
                f"{WHERE}spec.serviceAllocation.namespaces[1] = 'bank': there is no Namespace of this name. "
                "Create the Namespace, or correct the name."
            ],
            id="namespace that does not",
        ),
        pytest.param({"namespaces": ["bank"]}, [], [], id="no namespace has been read"),
        pytest.param(
            {"namespaceSelectors": [GOLD]}, [namespace("shop", tier="tin")], [NONE_SELECTED], id="none"
        ),
        pytest.param({"namespaceSelectors": [GOLD]}, [namespace("shop", tier="gold")], [], id="some"),
        pytest.param({"priority": 1}, [namespace("shop")], [], id="all"),
    ],
)
def test_a_pool_that_is_kept_for_namespaces_that_there_are_not_is_told(kept, namespaces, messages):
    assert told("192.0.2.0/24", spec={"serviceAllocation": kept}, namespaces=namespaces) == messages


def test_an_address_that_is_set_aside_and_no_address_of_the_pool_is_told():
    aside = pool("edge", "192.0.2.0/24", annotations={"anvil-lb.io/quarantine": "192.0.2.9,198.51.100.1"})
    assert cautions(pools=[aside], l2_advertisements=[LAN]) == [
        f"{WHERE}metadata.annotations[anvil-lb.io/quarantine] = '198.51.100.1': it is no address of the pool."
        " Take it out."
    ]
