"""Nodes, Services and what nodes tell, for the tests of elections."""

from ipaddress import ip_address

from lb.announce.bulletin import Bulletin
from lb.announce.case import Case
from lb.announce.claims import Claims
from lb.announce.electorate import Electorate
from lb.announce.eligibility import Surroundings
from lb.api.l2_advertisement import L2AdvertisementSpec, PreferredNode
from lb.api.meta import LabelSelector, ObjectMeta
from lb.api.node import Node, NodeAddress, NodeCondition, NodeSpec, NodeStatus, Taint
from lb.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceSpec, ServiceStatus
from lb.config.config import Config, L2Advertisement, Pool
from lb.config.ranges import parse_range

VIP, VIP6 = ip_address("192.0.2.1"), ip_address("2001:db8::1")
# By sha256(node + "#" + VIP) their order is node-c, node-a, node-d, node-b.
NAMES = ["node-a", "node-b", "node-c", "node-d"]
POOL = Pool(
    "edge", {"tier": "gold"}, (parse_range("192.0.2.0/24"), parse_range("2001:db8::/112")), True, False
)
EXCLUDE = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
DRAIN = {"anvil-lb.io/drain": "true"}
UNLIKE = LabelSelector({"zone": "elsewhere"})


def node(name="n", labels=None, *, unavailable=None, taint=None, address=None):
    conditions = (NodeCondition("Ready", "True"),)
    if unavailable is not None:
        conditions += (NodeCondition("NetworkUnavailable", unavailable),)
    addresses = (NodeAddress("InternalIP", address),) if address else ()
    taints = (Taint(taint),) if taint else ()
    return Node(
        ObjectMeta(name=name, labels=labels or {}), NodeStatus(conditions, addresses), NodeSpec(taints=taints)
    )


def advertisement(name="lan", **spec):
    return L2Advertisement(name, L2AdvertisementSpec(**spec))


def prefer(weight, **labels):
    return PreferredNode(weight, LabelSelector(labels))


ANYWHERE = advertisement("anywhere")


def config(*advertisements):
    return Config({"edge": POOL}, {each.name: each for each in advertisements})


def electorate(
    *advertisements, nodes=None, ready=None, bulletins=None, ignores_exclusion=False, is_sticky=True
):
    """One of *nodes*, NAMES if there are none, all with a ready speaker unless *ready* says which."""
    known = {each.metadata.name: each for each in nodes or map(node, NAMES)}
    members = frozenset(known if ready is None else ready)
    surroundings = Surroundings(known, members, bulletins or {}, ignores_exclusion, is_sticky)
    return Electorate(config(*(advertisements or [ANYWHERE])), surroundings)


def case(*addresses, by=(ANYWHERE,), local=None, gate=0):
    return Case(addresses or (VIP,), tuple(by), local, gate)


def told(*interfaces, ipv6=None, healthy=(), is_fresh=False):
    """What a node tells of itself; all its interfaces carry IPv6 unless *ipv6* says which."""
    with_ipv6 = interfaces if ipv6 is None else ipv6
    return Bulletin(frozenset(interfaces), frozenset(with_ipv6), frozenset(), frozenset(healthy), is_fresh)


def service(*addresses, name="web", labels=None, annotations=None, **spec):
    """A Service of type LoadBalancer with *addresses*."""
    ingress = tuple(LoadBalancerIngress(ip=str(each)) for each in addresses)
    return Service(
        ObjectMeta(name=name, namespace="shop", labels=labels or {}, annotations=annotations or {}),
        ServiceSpec(**{"type": "LoadBalancer", **spec}),
        ServiceStatus(LoadBalancerStatus(ingress)),
    )


def claims(**serving):
    """Who serves which addresses, as node_a=[...]; a single address may stand alone."""
    made = Claims()
    for name, addresses in serving.items():
        made.put(name.replace("_", "-"), frozenset(addresses))
    return made
