from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lb.announce.eligibility import Surroundings
from lb.announce.verdict import Announced, Silent, judge
from lb.announce.why import Why, WhyNobody
from lb.api.endpoint_slice import Endpoint, EndpointConditions, EndpointSlice
from lb.api.l2_advertisement import L2AdvertisementSpec, PreferredNode
from lb.api.meta import LabelSelector, ObjectMeta
from lb.api.node import Node, NodeAddress, NodeStatus
from lb.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceSpec, ServiceStatus
from lb.config.config import Config, L2Advertisement, Pool
from lb.config.ranges import parse_range

VIP = ip_address("192.0.2.1")
# By sha256(node + "#" + VIP) their order is node-c, node-a, node-d, node-b.
NAMES = ["node-a", "node-b", "node-c", "node-d"]
READY = EndpointConditions(ready=True, serving=True)
POOL = Pool("edge", {"tier": "gold"}, (parse_range("192.0.2.0/24"),), True, False)


def config(*advertisements):
    named = {f"l2-{at}": L2Advertisement(f"l2-{at}", spec) for at, spec in enumerate(advertisements)}
    return Config({"edge": POOL}, named)


def nodes(ready=tuple(NAMES), **labels):
    """All nodes with speakers on those of *ready*; labels as node_a={...}."""
    made = {
        name: Node(ObjectMeta(name=name, labels=labels.get(name.replace("-", "_"), {}))) for name in NAMES
    }
    return Surroundings(made, frozenset(ready))


def service(address="192.0.2.1", labels=None, **spec):
    ingress = (LoadBalancerIngress(ip=address),) if address else ()
    return Service(
        ObjectMeta(name="web", namespace="shop", labels=labels or {}),
        ServiceSpec(**{"type": "LoadBalancer", **spec}),
        ServiceStatus(LoadBalancerStatus(ingress)),
    )


def endpoints(*places, conditions=READY):
    made = tuple(Endpoint((f"10.244.0.{at + 1}",), conditions, name) for at, name in enumerate(places))
    return [EndpointSlice(ObjectMeta(), made)]


ALL, NODES, WEB, IN_A = config(L2AdvertisementSpec()), nodes(), service(), endpoints("node-a")


def verdict(config=ALL, nodes=NODES, service=WEB, slices=IN_A):
    return judge(config, nodes, service, slices, None)


GOLD = LabelSelector({"tier": "gold"})
LOCAL = service(external_traffic_policy="Local")
AT_NODE = Surroundings(
    {"node-a": Node(ObjectMeta(name="node-a"), NodeStatus(addresses=(NodeAddress("InternalIP", str(VIP)),)))},
    frozenset({"node-a"}),
)
STOPPED = EndpointConditions(ready=False, serving=False)


@pytest.mark.parametrize(
    ("given", "why", "text"),
    [
        pytest.param(
            verdict(service=service(type="ClusterIP")),
            WhyNobody.NOT_OURS,
            "the Service is not of type LoadBalancer and of our class",
            id="other type",
        ),
        pytest.param(
            verdict(service=service(load_balancer_class="example.com/other")),
            WhyNobody.NOT_OURS,
            "the Service is not of type LoadBalancer and of our class",
            id="other class",
        ),
        pytest.param(
            verdict(service=service(address=None)),
            WhyNobody.NO_ADDRESS,
            "the Service has no address yet",
            id="no address",
        ),
        pytest.param(
            verdict(nodes=AT_NODE),
            WhyNobody.NODE_ADDRESS,
            "the address is a node's own, and that node answers for it",
            id="address of a node",
        ),
        pytest.param(
            verdict(service=service(address="10.0.0.1")),
            WhyNobody.NO_POOL,
            "the address lies in no pool",
            id="address of no pool",
        ),
        pytest.param(
            verdict(config()),
            WhyNobody.NO_ADVERTISEMENT,
            "no L2Advertisement covers the pool and the Service",
            id="no advertisement",
        ),
        pytest.param(
            verdict(config(L2AdvertisementSpec(ip_address_pools=("core",)))),
            WhyNobody.NO_ADVERTISEMENT,
            "no L2Advertisement covers the pool and the Service",
            id="advertisement of another pool",
        ),
        pytest.param(
            verdict(config(L2AdvertisementSpec(service_selectors=(GOLD,)))),
            WhyNobody.NO_ADVERTISEMENT,
            "no L2Advertisement covers the pool and the Service",
            id="advertisement of other Services",
        ),
        pytest.param(
            verdict(slices=[]),
            WhyNobody.NO_ENDPOINT,
            "the Service has no serving endpoint",
            id="no endpoint",
        ),
        pytest.param(
            verdict(slices=endpoints("node-a", conditions=STOPPED)),
            WhyNobody.NO_ENDPOINT,
            "the Service has no serving endpoint",
            id="no endpoint that serves",
        ),
    ],
)
def test_nobody_announces_and_the_reason_is_told(given, why, text):
    assert given == Silent(why)
    assert str(given) == text


def test_where_no_node_may_announce_each_tells_its_reason():
    given = verdict(nodes=nodes(ready=["node-b"]), service=LOCAL, slices=endpoints("node-a", "node-c"))
    assert isinstance(given, Silent)
    assert given.why is WhyNobody.NO_NODE
    assert str(given) == (
        "no node may announce; node node-a has no speaker that is heard and ready; node node-b has no "
        "serving endpoint, and externalTrafficPolicy is Local; node node-c has no speaker that is heard and "
        "ready; node node-d has no speaker that is heard and ready"
    )


@pytest.mark.parametrize(
    ("given", "winner"),
    [
        pytest.param(verdict(), "node-c", id="first by rank, wherever the endpoint is"),
        pytest.param(
            verdict(service=LOCAL, slices=endpoints("node-d", "node-b")), "node-d", id="policy Local"
        ),
        pytest.param(
            verdict(
                service=LOCAL,
                slices=endpoints("node-b", conditions=EndpointConditions(ready=False, serving=True)),
            ),
            "node-b",
            id="policy Local, terminating but still serving",
        ),
        pytest.param(
            verdict(nodes=nodes(ready=["node-d", "node-a"])), "node-a", id="no speaker on the first"
        ),
        pytest.param(
            verdict(
                config(L2AdvertisementSpec(preferred_node_selectors=(PreferredNode(1, GOLD),))),
                nodes(node_b={"tier": "gold"}),
            ),
            "node-b",
            id="preferred",
        ),
        pytest.param(
            verdict(
                config(L2AdvertisementSpec(service_selectors=(GOLD,))),
                service=service(labels={"tier": "gold"}),
            ),
            "node-c",
            id="advertisement of these Services",
        ),
        pytest.param(
            verdict(config(L2AdvertisementSpec(ip_address_pool_selectors=(GOLD,)))),
            "node-c",
            id="advertisement by the pool's labels",
        ),
    ],
)
def test_one_node_announces(given, winner):
    assert isinstance(given, Announced)
    assert (given.address, given.election.winner, given.interfaces) == (VIP, winner, None)


def test_the_announcement_goes_out_on_the_interfaces_of_the_advertisements_that_select_the_winner():
    given = verdict(
        config(
            L2AdvertisementSpec(interfaces=("eth0",)),
            L2AdvertisementSpec(interfaces=("eth1",), service_selectors=(GOLD,)),
            L2AdvertisementSpec(interfaces=("eth2",), node_selectors=(GOLD,)),
        ),
        nodes(node_c={"tier": "gold"}),
    )
    assert given.interfaces == {"eth0", "eth2"}


def test_the_explanation_says_why_the_winner_and_why_not_each_other():
    given = verdict(
        config(L2AdvertisementSpec(node_selectors=(GOLD,))),
        nodes(
            ready=["node-c", "node-a", "node-b"],
            node_c={"tier": "gold"},
            node_a={"tier": "gold"},
            node_d={"tier": "gold"},
        ),
    )
    assert given.election.standing == {
        "node-a": Why.OUTRANKED,
        "node-b": Why.NOT_SELECTED,
        "node-c": Why.ELIGIBLE,
        "node-d": Why.NO_SPEAKER,
    }
    assert str(given) == (
        "node node-c ranks first of those that may; node node-a may announce, but another node ranks before "
        "it; node node-b is selected by no L2Advertisement of the pool; node node-d has no speaker that is "
        "heard and ready"
    )


@given(
    st.permutations(NAMES), st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)), st.booleans()
)
def test_all_nodes_come_to_the_same_verdict_in_whatever_order_they_know_the_others(
    order, ready, places, local
):
    known = Surroundings({name: Node(ObjectMeta(name=name)) for name in order}, frozenset(ready))
    asking = LOCAL if local else service()
    theirs = verdict(nodes=known, service=asking, slices=endpoints(*sorted(places)))
    mine = verdict(nodes=nodes(ready), service=asking, slices=endpoints(*sorted(places, reverse=True)))
    assert theirs == mine
    if isinstance(mine, Announced):
        assert mine.election.winner in (ready & places if local else ready)


NOTED = {"metallb.io/ip-allocated-from-pool": "edge"}


@pytest.mark.parametrize(
    ("annotations", "spec", "is_announced"),
    [
        pytest.param(NOTED, L2AdvertisementSpec(), True, id="noted, and all pools are advertised"),
        pytest.param(NOTED, L2AdvertisementSpec(ip_address_pools=("edge",)), True, id="noted and advertised"),
        pytest.param(NOTED, L2AdvertisementSpec(ip_address_pools=("other",)), False, id="not advertised"),
        pytest.param(
            {"metallb.universe.tf/ip-allocated-from-pool": "edge"},
            L2AdvertisementSpec(ip_address_pools=("edge",)),
            True,
            id="noted by an older MetalLB",
        ),
        pytest.param({}, L2AdvertisementSpec(ip_address_pools=("edge",)), True, id="not noted"),
        pytest.param(
            {"metallb.io/ip-allocated-from-pool": "gone"},
            L2AdvertisementSpec(),
            False,
            id="noted as of another",
        ),
    ],
)
def test_an_address_of_a_pool_that_cannot_be_read_is_announced_on(annotations, spec, is_announced):
    advertised = {"l2": L2Advertisement("l2", spec)}
    given_out = replace(WEB, metadata=ObjectMeta(name="web", namespace="shop", annotations=annotations))

    found = verdict(Config({}, advertised, unread=frozenset({"edge"})), service=given_out)

    assert isinstance(found, Announced) is is_announced
