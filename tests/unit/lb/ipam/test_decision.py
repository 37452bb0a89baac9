from ipaddress import ip_address

import pytest

from lb.api.meta import ObjectMeta
from lb.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceSpec, ServiceStatus
from lb.config.config import Config, Pool
from lb.config.ranges import parse_range
from lb.ipam.decision import Decision, Outcome, decide, import_holding, wanted_annotations, wanted_ingress
from lb.ipam.space import Space

POOL, IPS = "metallb.io/address-pool", "metallb.io/loadBalancerIPs"
DEPRECATED = "metallb.universe.tf/ip-allocated-from-pool"
NAME = "shop/web"


def service(annotations=None, ingress=(), deleted=None, **spec):
    spec = {"type": "LoadBalancer", "cluster_ip": "10.96.0.1", **spec}
    meta = ObjectMeta(name="web", namespace="shop", annotations=annotations or {}, deletion_timestamp=deleted)
    status = ServiceStatus(LoadBalancerStatus(tuple(ingress)))
    return Service(meta, ServiceSpec(**spec), status)


def pool(name, *addresses):
    return Pool(name, {}, tuple(map(parse_range, addresses)), True, False)


def space(*pools, unread=(), held=None, others=()):
    """A space over *pools*; our Service holds *held*, and another one each address of *others*."""
    made = Space(Config({each.name: each for each in pools}, unread=frozenset(unread)))
    for service, address in [(NAME, held), *((f"shop/other-{address}", address) for address in others)]:
        if address is not None:
            made.hold(service, ip_address(address))
    return made


def kept(address, pool, complaint=""):
    return Decision(Outcome.KEPT, ip_address(address), pool, complaint)


def assigned(address, pool):
    return Decision(Outcome.ASSIGNED, ip_address(address), pool)


def refused(complaint):
    return Decision(Outcome.REFUSED, complaint=complaint)


NOT_OURS = Decision(Outcome.NOT_OURS)
SMALL = pool("small", "192.0.2.1-192.0.2.2")
LARGE = pool("large", "198.51.100.0/24")
SIX = pool("six", "2001:db8::/126")
HEADLESS = (
    "Service shop/web: spec.clusterIP = 'None': a Service without a cluster IP has nothing that an external "
    "address could lead to. Remove spec.clusterIP: None, or make the Service's type ClusterIP."
)
DUAL = (
    "Service shop/web: spec.ipFamilyPolicy = 'RequireDualStack': two addresses for one Service are not "
    "supported yet. Write PreferDualStack or SingleStack, and the Service gets one address."
)
TWICE_ASKED = (
    "Service shop/web: metadata.annotations[metallb.io/loadBalancerIPs] = '192.0.2.2': spec.loadBalancerIP "
    "asks for 192.0.2.1 as well. Keep one of the two."
)
HELD_BY_OTHER = (
    "192.0.2.2 is asked for and held by Service shop/other-192.0.2.2; pool small holds the address asked "
    "for, but another Service has it. Ask for another address, or free this one."
)
EXHAUSTED = (
    "no pool has a free address; pool small has no free address left. Add addresses to a pool, or free one."
)
OUTSIDE = (
    "10.0.0.1 is asked for and lies in no pool; pool small does not hold the address asked for. "
    "Ask for an address of a pool, or add this one to a pool."
)
NO_SIX = (
    "no pool has a free address; pool small has no addresses of the Service's IP family. "
    "Add addresses to a pool, or free one."
)


@pytest.mark.parametrize(
    ("given", "asking", "decision"),
    [
        pytest.param(space(SMALL), service(), assigned("192.0.2.1", "small"), id="new Service"),
        pytest.param(
            space(SMALL, others=["192.0.2.1", "192.0.2.2"]), service(), refused(EXHAUSTED), id="no room"
        ),
        pytest.param(
            space(SMALL, held="192.0.2.2"),
            service(),
            kept("192.0.2.2", "small"),
            id="kept, though not lowest",
        ),
        pytest.param(
            space(SMALL, held="192.0.2.2"),
            service({IPS: "192.0.2.1"}),
            assigned("192.0.2.1", "small"),
            id="asks for another address",
        ),
        pytest.param(
            space(SMALL, held="192.0.2.1", others=["192.0.2.2"]),
            service({IPS: "192.0.2.2"}),
            kept("192.0.2.1", "small", HELD_BY_OTHER),
            id="asks for an address that another has: keeps the old one",
        ),
        pytest.param(
            space(SMALL, others=["192.0.2.2"]),
            service({IPS: "192.0.2.2"}),
            refused(HELD_BY_OTHER),
            id="new, asks for an address that another has",
        ),
        pytest.param(
            space(SMALL, held="192.0.2.1"),
            service({IPS: "10.0.0.1"}),
            kept("192.0.2.1", "small", OUTSIDE),
            id="asks for an address outside every pool: keeps the old one",
        ),
        pytest.param(
            space(SMALL), service({IPS: "10.0.0.1"}), refused(OUTSIDE), id="new, asks for one outside"
        ),
        pytest.param(
            space(SMALL, LARGE, held="192.0.2.1"),
            service({POOL: "large"}),
            assigned("198.51.100.0", "large"),
            id="asks for another pool",
        ),
        pytest.param(
            space(SMALL, LARGE, held="198.51.100.7"),
            service(),
            kept("198.51.100.7", "large"),
            id="asks for no pool any more",
        ),
        pytest.param(
            space(SMALL, held="192.0.2.1"),
            service({POOL: "huge"}),
            kept("192.0.2.1", "small", "there is no pool huge. Name one of small, or create it."),
            id="asks for a pool that there is not: keeps the old address",
        ),
        pytest.param(
            space(pool("new", "192.0.2.0/24"), held="192.0.2.1"),
            service(),
            kept("192.0.2.1", "new"),
            id="address lies in another pool now",
        ),
        pytest.param(
            space(LARGE, held="192.0.2.1"),
            service(),
            assigned("198.51.100.0", "large"),
            id="pool gone, another has room",
        ),
        pytest.param(
            space(SMALL, held="10.0.0.1", others=["192.0.2.1", "192.0.2.2"]),
            service(),
            Decision(
                Outcome.CLEARED,
                complaint=EXHAUSTED,
            ),
            id="pool gone, no other has room",
        ),
        pytest.param(
            space(SMALL, held="10.0.0.1"),
            service(ip_family_policy="RequireDualStack"),
            Decision(
                Outcome.CLEARED,
                complaint=DUAL,
            ),
            id="pool gone, and what is asked for cannot be",
        ),
        pytest.param(
            space(SMALL, unread={"lost"}, held="10.0.0.1"),
            service(),
            kept("10.0.0.1", None),
            id="pool perhaps refused: keeps the address",
        ),
        pytest.param(
            space(SMALL, unread={"lost"}, held="10.0.0.1"),
            service({POOL: "lost"}),
            kept("10.0.0.1", None),
            id="pool named and refused: keeps the address",
        ),
        pytest.param(
            space(SMALL, unread={"lost"}, held="10.0.0.1"),
            service({IPS: "10.0.0.1"}),
            kept("10.0.0.1", None),
            id="has the very address that it asks for, perhaps of a refused pool",
        ),
        pytest.param(
            space(SMALL, unread={"lost"}, held="10.0.0.1"),
            service({POOL: "small"}),
            assigned("192.0.2.1", "small"),
            id="pool perhaps refused, and asks for another",
        ),
        pytest.param(
            space(SMALL, held="192.0.2.1"),
            service(cluster_ip="fd00::1"),
            kept("192.0.2.1", "small", NO_SIX),
            id="family changed, none of the new one",
        ),
        pytest.param(
            space(SMALL, SIX, held="192.0.2.1"),
            service(cluster_ip="fd00::1"),
            assigned("2001:db8::", "six"),
            id="family changed",
        ),
        pytest.param(space(SMALL), service(cluster_ip="None"), refused(HEADLESS), id="headless"),
        pytest.param(
            space(SMALL), service(ip_family_policy="RequireDualStack"), refused(DUAL), id="RequireDualStack"
        ),
        pytest.param(
            space(SMALL, held="192.0.2.1"),
            service(ip_family_policy="RequireDualStack"),
            kept("192.0.2.1", "small", DUAL),
            id="RequireDualStack, with an address",
        ),
        pytest.param(
            space(SMALL),
            service({IPS: "192.0.2.2"}, load_balancer_ip="192.0.2.1"),
            refused(TWICE_ASKED),
            id="annotation and spec.loadBalancerIP",
        ),
        pytest.param(
            space(SMALL, held="192.0.2.2"),
            service({IPS: "192.0.2.2"}, load_balancer_ip="192.0.2.1"),
            kept("192.0.2.2", "small", TWICE_ASKED),
            id="annotation and spec.loadBalancerIP, with an address",
        ),
        pytest.param(space(SMALL), service(type="ClusterIP"), NOT_OURS, id="other type"),
        pytest.param(space(SMALL, held="192.0.2.1"), service(type="NodePort"), NOT_OURS, id="type changed"),
        pytest.param(
            space(SMALL, held="192.0.2.1"),
            service(load_balancer_class="example.com/other"),
            NOT_OURS,
            id="class not ours",
        ),
        pytest.param(
            space(SMALL, held="192.0.2.1"),
            service(deleted="2026-01-01T00:00:00Z"),
            NOT_OURS,
            id="being deleted",
        ),
    ],
)
def test_a_service_is_to_have(given, asking, decision):
    assert decide(given, asking, None) == decision
    assert given.held_by(NAME) == decision.address
    # Deciding again changes nothing, so that an event that comes twice does no harm.
    again = decide(given, asking, None)
    assert (again.address, again.pool, again.complaint) == (
        decision.address,
        decision.pool,
        decision.complaint,
    )


def test_a_service_of_our_class_is_served():
    assert decide(space(SMALL), service(load_balancer_class="a/b"), "a/b") == assigned("192.0.2.1", "small")


@pytest.mark.parametrize(
    ("given", "ingress", "held"),
    [
        pytest.param(space(SMALL), [], None, id="empty"),
        pytest.param(space(SMALL), [LoadBalancerIngress(ip="192.0.2.2")], "192.0.2.2", id="address"),
        pytest.param(space(SMALL), [LoadBalancerIngress(hostname="lb.example")], None, id="host name"),
        pytest.param(space(SMALL), [LoadBalancerIngress(ip="192.0.2")], None, id="garbage"),
        pytest.param(space(SMALL), [LoadBalancerIngress(ip="10.0.0.1")], None, id="address of no pool"),
        pytest.param(
            space(SMALL, unread={"lost"}),
            [LoadBalancerIngress(ip="10.0.0.1")],
            "10.0.0.1",
            id="address perhaps of a refused pool",
        ),
        pytest.param(
            space(SMALL, others=["192.0.2.2"]),
            [LoadBalancerIngress(ip="192.0.2.2")],
            None,
            id="address of another Service",
        ),
        pytest.param(
            space(SMALL),
            [LoadBalancerIngress(ip="192.0.2.2"), LoadBalancerIngress(ip="192.0.2.1")],
            "192.0.2.2",
            id="two addresses",
        ),
    ],
)
def test_a_status_is_believed_where_it_may_be(given, ingress, held):
    expected = ip_address(held) if held else None
    assert import_holding(given, service(ingress=ingress)) is (held is not None)
    assert given.held_by(NAME) == expected
    if held:
        assert decide(given, service(ingress=ingress), None).address == expected


def test_a_second_entry_of_a_status_is_not_wanted():
    given = space(SMALL)
    two = service(ingress=[LoadBalancerIngress(ip="192.0.2.2"), LoadBalancerIngress(ip="192.0.2.1")])
    import_holding(given, two)
    assert wanted_ingress(decide(given, two, None)) == (LoadBalancerIngress(ip="192.0.2.2"),)


def test_what_is_wanted_is_written_in_the_service():
    decision = assigned("192.0.2.1", "small")
    assert wanted_ingress(decision) == (LoadBalancerIngress(ip="192.0.2.1"),)
    assert wanted_annotations(decision) == {"metallb.io/ip-allocated-from-pool": "small", DEPRECATED: None}


@pytest.mark.parametrize("decision", [NOT_OURS, refused("no")], ids=["not ours", "refused"])
def test_where_there_is_no_address_nothing_is_wanted_in_the_service(decision):
    assert wanted_ingress(decision) == ()
    assert wanted_annotations(decision) == {"metallb.io/ip-allocated-from-pool": None, DEPRECATED: None}


def test_the_note_of_a_pool_that_cannot_be_read_now_stays():
    assert wanted_annotations(Decision(Outcome.KEPT, ip_address("192.0.2.1"))) == {}
