from ipaddress import ip_address

import pytest
from msgspec.structs import replace

from lb.api.meta import ObjectMeta
from lb.api.service import (
    LoadBalancerIngress,
    LoadBalancerStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from lb.config.config import Config, Pool
from lb.config.ranges import parse_range
from lb.ipam.allocation import Reason
from lb.ipam.decision import Decision, Outcome, decide, import_holding, wanted_annotations, wanted_ingress
from lb.ipam.request import read_request
from lb.ipam.space import Space
from lb.ipam.terms import Terms

POOL, IPS, KEY = "metallb.io/address-pool", "metallb.io/loadBalancerIPs", "metallb.io/allow-shared-ip"
DEPRECATED = "metallb.universe.tf/ip-allocated-from-pool"
NAME = "shop/web"


def service(annotations=None, ingress=(), deleted=None, name="web", **spec):
    spec = {"type": "LoadBalancer", "cluster_ip": "10.96.0.1", **spec}
    meta = ObjectMeta(name=name, namespace="shop", annotations=annotations or {}, deletion_timestamp=deleted)
    status = ServiceStatus(LoadBalancerStatus(tuple(ingress)))
    return Service(meta, ServiceSpec(**spec), status)


def dual(policy, **more):
    return service(cluster_ips=("10.96.0.1", "fd00:96::1"), ip_family_policy=policy, **more)


def addresses(text):
    return tuple(map(ip_address, text.split()))


def pool(name, *ranges, is_draining=False):
    return Pool(name, {}, tuple(map(parse_range, ranges)), True, False, is_draining=is_draining)


def space(*pools, unread=(), held="", others=(), sharing=()):
    """A space over *pools*; our Service holds *held*, and another one each address of *others*.

    Each address of *sharing* is held with the key "k" and the port 80.
    """
    made = Space(Config({each.name: each for each in pools}, unread=frozenset(unread)))
    for address in others:
        made.hold(addresses(address), Terms(f"shop/other-{address}"))
    for address in sharing:
        terms = Terms(f"shop/other-{address}", "k", "", frozenset({("TCP", 80)}))
        made.hold(addresses(address), terms)
    if held:
        made.hold(addresses(held), Terms(NAME))
    return made


def kept(held, pool, complaint="", reason=Reason.ALLOCATED, waits=False):
    waits = waits or reason not in (Reason.ALLOCATED, Reason.INVALID)
    return Decision(Outcome.KEPT, addresses(held), pool, complaint, reason), waits


def assigned(held, pool, waits=False):
    return Decision(Outcome.ASSIGNED, addresses(held), pool), waits


def refused(complaint, reason, outcome=Outcome.REFUSED):
    return Decision(outcome, complaint=complaint, reason=reason), reason is not Reason.INVALID


def cleared(complaint, reason):
    return refused(complaint, reason, Outcome.CLEARED)


NOT_OURS = Decision(Outcome.NOT_OURS), False
SMALL = pool("small", "192.0.2.1-192.0.2.2")
LARGE = pool("large", "198.51.100.0/24")
SIX = pool("six", "2001:db8::/126")
DUAL = pool("dual", "203.0.113.0/31", "fd00::/126")
REQUIRE, PREFER = "RequireDualStack", "PreferDualStack"
HEADLESS = (
    "Service shop/web: spec.clusterIP = 'None': a Service without a cluster IP has nothing that an external "
    "address could lead to. Remove spec.clusterIP: None, or make the Service's type ClusterIP."
)
ONE_FAMILY = (
    "Service shop/web: spec.ipFamilyPolicy = 'RequireDualStack': the Service has a cluster IP of one family "
    "only. Give the cluster both families, or write PreferDualStack."
)
TWICE_ASKED = (
    "Service shop/web: metadata.annotations[metallb.io/loadBalancerIPs] = '192.0.2.2': spec.loadBalancerIP "
    "asks for 192.0.2.1 as well. Keep one of the two."
)
HELD_BY_OTHER = (
    "192.0.2.2 is asked for and cannot be had: Service shop/other-192.0.2.2 shares its address with none; "
    "pool small holds the address asked for, but another Service has it. Ask for another address, or free "
    "this one."
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
NOT_BOTH = (
    "no pool has a free address of each family; pool small has no addresses of one of the Service's IP "
    "families. Add addresses to a pool, or free one."
)


@pytest.mark.parametrize(
    ("given", "asking", "decision"),
    [
        pytest.param(space(SMALL), service(), assigned("192.0.2.1", "small"), id="new Service"),
        pytest.param(
            space(SMALL, others=["192.0.2.1", "192.0.2.2"]),
            service(),
            refused(EXHAUSTED, Reason.NO_FREE_ADDRESS),
            id="no room",
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
            kept("192.0.2.1", "small", HELD_BY_OTHER, Reason.IN_USE),
            id="asks for an address that another has: keeps the old one",
        ),
        pytest.param(
            space(SMALL, others=["192.0.2.2"]),
            service({IPS: "192.0.2.2"}),
            refused(HELD_BY_OTHER, Reason.IN_USE),
            id="new, asks for an address that another has",
        ),
        pytest.param(
            space(SMALL, held="192.0.2.1"),
            service({IPS: "10.0.0.1"}),
            kept("192.0.2.1", "small", OUTSIDE, Reason.NOT_IN_A_POOL),
            id="asks for an address outside every pool: keeps the old one",
        ),
        pytest.param(
            space(SMALL),
            service({IPS: "10.0.0.1"}),
            refused(OUTSIDE, Reason.NOT_IN_A_POOL),
            id="new, asks for one outside",
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
            kept(
                "192.0.2.1",
                "small",
                "there is no pool huge. Name one of small, or create it.",
                Reason.UNKNOWN_POOL,
            ),
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
            cleared(EXHAUSTED, Reason.NO_FREE_ADDRESS),
            id="pool gone, no other has room",
        ),
        pytest.param(
            space(SMALL, held="10.0.0.1"),
            service(ip_family_policy="RequireDualStack"),
            cleared(ONE_FAMILY, Reason.INVALID),
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
            kept("192.0.2.1", "small", NO_SIX, Reason.NO_FREE_ADDRESS),
            id="family changed, none of the new one",
        ),
        pytest.param(
            space(SMALL, SIX, held="192.0.2.1"),
            service(cluster_ip="fd00::1"),
            assigned("2001:db8::", "six"),
            id="family changed",
        ),
        pytest.param(
            space(SMALL), service(cluster_ip="None"), refused(HEADLESS, Reason.INVALID), id="headless"
        ),
        pytest.param(
            space(SMALL),
            service(ip_family_policy="RequireDualStack"),
            refused(ONE_FAMILY, Reason.INVALID),
            id="RequireDualStack",
        ),
        pytest.param(
            space(SMALL, held="192.0.2.1"),
            service(ip_family_policy="RequireDualStack"),
            kept("192.0.2.1", "small", ONE_FAMILY, Reason.INVALID),
            id="RequireDualStack, with an address",
        ),
        pytest.param(
            space(SMALL),
            service({IPS: "192.0.2.2"}, load_balancer_ip="192.0.2.1"),
            refused(TWICE_ASKED, Reason.INVALID),
            id="annotation and spec.loadBalancerIP",
        ),
        pytest.param(
            space(SMALL, held="192.0.2.2"),
            service({IPS: "192.0.2.2"}, load_balancer_ip="192.0.2.1"),
            kept("192.0.2.2", "small", TWICE_ASKED, Reason.INVALID),
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
        pytest.param(
            space(SMALL, DUAL), dual(REQUIRE), assigned("203.0.113.0 fd00::", "dual"), id="both families"
        ),
        pytest.param(
            space(SMALL),
            dual(REQUIRE),
            refused(NOT_BOTH, Reason.NO_FREE_ADDRESS),
            id="both families, and there is one",
        ),
        pytest.param(
            space(SMALL),
            dual(PREFER),
            assigned("192.0.2.1", "small", waits=True),
            id="both families preferred, and there is one",
        ),
        pytest.param(
            space(DUAL, held="203.0.113.1"),
            dual(PREFER),
            assigned("203.0.113.1 fd00::", "dual"),
            id="both families preferred now: the second is added",
        ),
        pytest.param(
            space(DUAL, held="203.0.113.1"),
            dual(REQUIRE),
            assigned("203.0.113.1 fd00::", "dual"),
            id="both families required now: the second is added",
        ),
        pytest.param(
            space(SMALL, held="192.0.2.2"),
            dual(PREFER),
            kept("192.0.2.2", "small", waits=True),
            id="both families preferred now, and there is one",
        ),
        pytest.param(
            space(SMALL, held="192.0.2.2"),
            dual(REQUIRE),
            kept("192.0.2.2", "small", NOT_BOTH, Reason.NO_FREE_ADDRESS),
            id="both families required now, and there is one",
        ),
        pytest.param(
            space(DUAL, held="203.0.113.1 fd00::1"),
            service(),
            assigned("203.0.113.1", "dual"),
            id="one family only now: that address stays",
        ),
        pytest.param(
            space(SMALL, SIX, held="2001:db8::1 192.0.2.1"),
            dual(REQUIRE),
            kept("2001:db8::1 192.0.2.1", "six"),
            id="both families, of pools that were split, in the order that they have",
        ),
        pytest.param(
            space(SIX, held="192.0.2.1 2001:db8::1"),
            dual(PREFER),
            assigned("2001:db8::1", "six", waits=True),
            id="the pool of one family is gone",
        ),
        pytest.param(
            space(pool("small", "192.0.2.0/24", is_draining=True), held="192.0.2.1"),
            service(),
            kept("192.0.2.1", "small"),
            id="pool drains",
        ),
        pytest.param(
            space(LARGE, sharing=["198.51.100.7"]),
            service({KEY: "k"}, ports=(ServicePort(443),)),
            assigned("198.51.100.7", "large"),
            id="joins others",
        ),
        pytest.param(
            space(LARGE, sharing=["198.51.100.7"], held="198.51.100.9"),
            service({KEY: "k"}, ports=(ServicePort(443),)),
            kept("198.51.100.9", "large"),
            id="has an address: does not move to others",
        ),
    ],
)
def test_a_service_is_to_have(given, asking, decision):
    decision, waits = decision
    request = read_request(asking) if waits else None
    assert decide(given, asking, None) == replace(decision, request=request)
    assert given.held_by(NAME) == decision.addresses
    # Deciding again changes nothing, so that an event that comes twice does no harm.
    again = decide(given, asking, None)
    assert (again.addresses, again.pool, again.complaint) == (
        decision.addresses,
        decision.pool,
        decision.complaint,
    )


def test_a_service_of_our_class_is_served():
    assert (
        decide(space(SMALL), service(load_balancer_class="a/b"), "a/b") == assigned("192.0.2.1", "small")[0]
    )


@pytest.mark.parametrize(
    ("given", "ingress", "held"),
    [
        pytest.param(space(SMALL), [], "", id="empty"),
        pytest.param(space(SMALL), [LoadBalancerIngress(ip="192.0.2.2")], "192.0.2.2", id="address"),
        pytest.param(space(SMALL), [LoadBalancerIngress(hostname="lb.example")], "", id="host name"),
        pytest.param(space(SMALL), [LoadBalancerIngress(ip="192.0.2")], "", id="garbage"),
        pytest.param(
            space(SMALL),
            [LoadBalancerIngress(ip="10.0.0.1")],
            "10.0.0.1",
            id="address of no pool: nobody else may have it",
        ),
        pytest.param(
            space(SMALL, unread={"lost"}),
            [LoadBalancerIngress(ip="10.0.0.1")],
            "10.0.0.1",
            id="address perhaps of a refused pool",
        ),
        pytest.param(
            space(SMALL, others=["192.0.2.2"]),
            [LoadBalancerIngress(ip="192.0.2.2")],
            "",
            id="address of another Service",
        ),
        pytest.param(
            space(SMALL),
            [LoadBalancerIngress(ip="192.0.2.2"), LoadBalancerIngress(ip="192.0.2.1")],
            "192.0.2.2",
            id="two addresses of a family",
        ),
        pytest.param(
            space(SMALL, SIX),
            [LoadBalancerIngress(ip="2001:db8::1"), LoadBalancerIngress(ip="192.0.2.1")],
            "2001:db8::1 192.0.2.1",
            id="one address of each family",
        ),
        pytest.param(
            space(SMALL, SIX, others=["192.0.2.1"]),
            [LoadBalancerIngress(ip="192.0.2.1"), LoadBalancerIngress(ip="2001:db8::1")],
            "2001:db8::1",
            id="two, of which another Service has one",
        ),
    ],
)
def test_a_status_is_believed_where_it_may_be(given, ingress, held):
    assert import_holding(given, service(ingress=ingress)) is bool(held)
    assert given.held_by(NAME) == addresses(held)


def test_a_second_entry_of_a_status_is_not_wanted():
    given = space(SMALL)
    two = service(ingress=[LoadBalancerIngress(ip="192.0.2.2"), LoadBalancerIngress(ip="192.0.2.1")])
    import_holding(given, two)
    assert wanted_ingress(decide(given, two, None)) == (LoadBalancerIngress(ip="192.0.2.2"),)


def test_what_is_wanted_is_written_in_the_service():
    decision, _ = assigned("192.0.2.1 2001:db8::1", "small")
    assert wanted_ingress(decision) == (
        LoadBalancerIngress(ip="192.0.2.1"),
        LoadBalancerIngress(ip="2001:db8::1"),
    )
    assert wanted_annotations(decision) == {"metallb.io/ip-allocated-from-pool": "small", DEPRECATED: None}


@pytest.mark.parametrize(
    "decision", [NOT_OURS[0], refused("no", Reason.IN_USE)[0]], ids=["not ours", "refused"]
)
def test_where_there_is_no_address_nothing_is_wanted_in_the_service(decision):
    assert wanted_ingress(decision) == ()
    assert wanted_annotations(decision) == {"metallb.io/ip-allocated-from-pool": None, DEPRECATED: None}


def test_the_note_of_a_pool_that_cannot_be_read_now_stays():
    assert wanted_annotations(Decision(Outcome.KEPT, addresses("192.0.2.1"))) == {}


@pytest.mark.parametrize(
    "annotations",
    [
        pytest.param({KEY: "k"}, id="right"),
        pytest.param({KEY: "k", "anvil-lb.io/share-across-namespaces": "yes"}, id="wrong consent"),
        pytest.param({KEY: "k", IPS: "nonsense"}, id="wrong address"),
    ],
)
def test_a_service_that_shares_keeps_its_address_over_a_restart_even_if_it_asks_for_nonsense(annotations):
    given = space(SMALL, sharing=["192.0.2.2"])
    asking = service(annotations, [LoadBalancerIngress(ip="192.0.2.2")], ports=(ServicePort(443),))
    assert import_holding(given, asking)
    decision = decide(given, asking, None)
    assert (decision.outcome, decision.addresses) == (Outcome.KEPT, addresses("192.0.2.2"))


@pytest.mark.parametrize(
    ("annotations", "moves_to"),
    [
        pytest.param({KEY: "k"}, "192.0.2.1", id="takes a port that another has"),
        pytest.param({KEY: "other"}, "192.0.2.1", id="has another key"),
        pytest.param({}, "192.0.2.1", id="shares no more"),
    ],
)
def test_a_service_that_cannot_share_its_address_any_more_moves_and_the_others_stay(annotations, moves_to):
    given = space(SMALL, sharing=["192.0.2.2"])
    before = service({KEY: "k"}, ports=(ServicePort(443),))
    assert decide(given, before, None).addresses == addresses("192.0.2.2")
    after = service(annotations, ports=(ServicePort(443), ServicePort(80)))
    assert decide(given, after, None) == assigned(moves_to, "small")[0]
    assert given.tenants(ip_address("192.0.2.2")) == ("shop/other-192.0.2.2",)


def test_a_service_that_is_alone_on_its_address_shares_it_on_new_terms():
    given = space(SMALL, held="192.0.2.2")
    decide(given, service({KEY: "new"}), None)
    assert given.holding(NAME).terms == Terms(NAME, "new")
    other = service({KEY: "new"}, name="other", ports=(ServicePort(80),))
    assert decide(given, other, None).addresses == addresses("192.0.2.2")


def test_a_service_that_came_back_gets_what_it_had():
    given = space(SMALL, LARGE, held="198.51.100.7")
    decide(given, service(type="ClusterIP"), None)
    decide(given, service(name="other"), None)
    assert decide(given, service(), None) == assigned("198.51.100.7", "large")[0]


@pytest.mark.parametrize("name", ["large", "renamed"])
def test_a_pool_that_came_back_gives_each_service_what_it_had(name):
    given = space(LARGE)
    names = [f"s{number}" for number in range(5)]
    had = {each: decide(given, service(name=each), None).addresses for each in names}
    given.use(Config())
    assert {decide(given, service(name=each), None).outcome for each in names} == {Outcome.CLEARED}
    given.use(Config({name: pool(name, "198.51.100.0/24")}))
    new = decide(given, service(name="new"), None).addresses
    assert new not in had.values()
    assert {each: decide(given, service(name=each), None).addresses for each in reversed(names)} == had
