from ipaddress import ip_address

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.announce.case import Endpoints
from lb.announce.claims import Claims
from lb.announce.petition import Petition
from lb.announce.verdict import Announced, Silent, in_full, judge
from lb.announce.why import Why, WhyNobody
from lb.api.meta import LabelSelector

from .cluster import (
    DRAIN,
    EXCLUDE,
    NAMES,
    VIP,
    VIP6,
    advertisement,
    claims,
    electorate,
    node,
    service,
    told,
)

GOLD = LabelSelector({"tier": "gold"})
LOCAL = {"external_traffic_policy": "Local"}
SERVED = Endpoints(True, {"node-a": True})


def verdicts(*petitions, serving=None, known=None):
    """By key, of Services that are judged together."""
    group = {f"shop/{each.service.metadata.name}": each for each in petitions}
    return judge(known or electorate(), serving or Claims(), group, None)


def verdict(given=None, endpoints=SERVED, **options):
    (only,) = verdicts(Petition(given or service(VIP), endpoints), **options).values()
    return only


@pytest.mark.parametrize(
    ("given", "why", "text"),
    [
        pytest.param(
            verdict(service(VIP, type="ClusterIP")),
            WhyNobody.NOT_OURS,
            "the Service is not of type LoadBalancer and of our class",
            id="not ours",
        ),
        pytest.param(
            verdict(service()), WhyNobody.NO_ADDRESS, "the Service has no address yet", id="no address"
        ),
        pytest.param(
            verdict(endpoints=Endpoints()),
            WhyNobody.NO_ENDPOINT,
            "the Service has no serving endpoint",
            id="no endpoint",
        ),
    ],
)
def test_nobody_announces_and_the_reason_is_told(given, why, text):
    assert (given.why, given.outcome, given.standing, str(given)) == (why, why, {}, text)


def test_where_no_node_may_announce_each_tells_its_reason():
    given = verdict(
        service(VIP, **LOCAL), Endpoints(True, {"node-a": True}), known=electorate(ready=["node-b"])
    )
    assert given.why is WhyNobody.NO_NODE
    assert str(given) == (
        "no node may announce; node node-a has no speaker that is heard and ready; node node-b has no "
        "serving endpoint, and externalTrafficPolicy is Local; node node-c has no speaker that is heard and "
        "ready; node node-d has no speaker that is heard and ready"
    )


@pytest.mark.parametrize(
    ("nodes", "endpoints", "why"),
    [
        pytest.param([node("a", EXCLUDE), node("b", EXCLUDE)], {}, WhyNobody.ALL_EXCLUDED, id="all excluded"),
        pytest.param(
            [node("a", EXCLUDE), node("b", DRAIN)], {}, WhyNobody.ALL_EXCLUDED, id="the others may not anyway"
        ),
        pytest.param([node("a", EXCLUDE), node("b")], {}, None, id="one is not"),
        pytest.param(
            [node("a", EXCLUDE), node("b")],
            {"a": True},
            WhyNobody.ALL_EXCLUDED,
            id="the only one with an endpoint",
        ),
        pytest.param(
            [node("a", EXCLUDE), node("b", DRAIN)],
            {"b": True},
            WhyNobody.NO_NODE,
            id="the one excluded could not anyway",
        ),
        pytest.param([node("a", {**EXCLUDE, **DRAIN})], {}, WhyNobody.NO_NODE, id="excluded and drained"),
    ],
)
def test_exclusion_that_silences_every_node_is_called_by_its_name(nodes, endpoints, why):
    policy = LOCAL if endpoints else {}
    given = verdict(service(VIP, **policy), Endpoints(True, endpoints), known=electorate(nodes=nodes))
    assert (given.why if isinstance(given, Silent) else None) is why


def test_exclusion_that_silences_every_node_is_told_with_what_to_do():
    given = verdict(known=electorate(nodes=[node("a", EXCLUDE)]))
    label = "node.kubernetes.io/exclude-from-external-load-balancers"
    assert str(given) == (
        f"each node that could announce has label {label}; remove it from one of them, or start the speakers"
        f" with --ignore-exclude-lb; node a has label {label}"
    )


def test_one_node_announces_all_addresses_of_a_service():
    given = verdict(service(VIP, VIP6))
    assert (given.addresses, given.winner, given.interfaces) == ((VIP, VIP6), "node-c", None)
    assert given.outcome == ("node-c", None, (VIP, VIP6))


def test_the_announcement_goes_out_on_the_interfaces_of_the_advertisements_that_select_the_winner():
    known = electorate(
        advertisement("0", interfaces=("eth0",)),
        advertisement("1", interfaces=("eth1",), service_selectors=(GOLD,)),
        advertisement("2", interfaces=("eth2",), node_selectors=(GOLD,)),
        nodes=[node("node-a"), node("node-c", {"tier": "gold"})],
    )
    assert verdict(known=known).interfaces == {"eth0", "eth2"}


ONLY_GOLD = advertisement("only-gold", node_selectors=(GOLD,))
MIXED = electorate(
    ONLY_GOLD,
    nodes=[
        node("node-a", {"tier": "gold"}),
        node("node-b"),
        node("node-c", {"tier": "gold"}),
        node("node-d"),
    ],
    ready=["node-a", "node-b", "node-c"],
)


def test_the_explanation_says_why_the_winner_and_why_not_each_other():
    given = verdict(known=MIXED)
    assert given.standing == {
        "node-c": Why.ELIGIBLE,
        "node-a": Why.OUTRANKED,
        "node-b": Why.NOT_SELECTED,
        "node-d": Why.NOT_SELECTED,
    }
    assert str(given) == (
        "node node-c ranks first of those that may; node node-a may announce, but another node ranks before"
        " it; node node-b is selected by no L2Advertisement of the pool; node node-d is selected by no"
        " L2Advertisement of the pool"
    )


def test_the_explanation_says_who_keeps_what_it_serves():
    given = verdict(known=MIXED, serving=claims(node_a=[VIP]))
    assert str(given).startswith(
        "node node-a keeps the address, which it serves already; node node-b is selected by no"
        " L2Advertisement of the pool; node node-c may announce, but another node serves the address already;"
    )


def test_the_explanation_names_only_some_of_many_nodes():
    given = verdict(known=electorate(nodes=[node(f"n{at:03d}") for at in range(200)]))
    assert str(given).count("; node n") == 8
    assert str(given).endswith("; 191 more nodes, see the debug endpoint")
    assert len(given.standing) == 200


def test_a_verdict_is_data_too():
    given = verdict(service(VIP, VIP6), known=MIXED, serving=claims(node_a=[VIP]))
    assert msgspec.to_builtins(in_full(given)) == {
        "announced": True,
        "node": "node-a",
        "addresses": ["192.0.2.1", "2001:db8::1"],
        "interfaces": None,
        "holders": ["node-a"],
        "nodes": {
            "node-a": "ELIGIBLE",
            "node-b": "NOT_SELECTED",
            "node-c": "NOT_HOLDER",
            "node-d": "NOT_SELECTED",
        },
        "text": str(given),
    }
    given = verdict(known=electorate(nodes=[node("a", DRAIN)]))
    assert in_full(given) == {
        "announced": False,
        "why": "NO_NODE",
        "nodes": {"a": "DRAINED"},
        "text": str(given),
    }


def shared(*petitions, **options):
    """The winner for each Service, or why there is none."""
    found = verdicts(*petitions, **options)
    return {
        key.partition("/")[2]: each.winner if isinstance(each, Announced) else each.why
        for key, each in found.items()
    }


def at(name, *nodes, labels=None, policy=LOCAL, addresses=(VIP,)):
    """A Service with an endpoint on each of *nodes*."""
    endpoints = Endpoints(bool(nodes), dict.fromkeys(nodes, True))
    return Petition(service(*addresses, name=name, labels=labels, **policy), endpoints)


@pytest.mark.parametrize(
    ("petitions", "winners"),
    [
        pytest.param(
            [at("a", "node-a", "node-b"), at("b", "node-b", "node-d")],
            {"a": "node-b", "b": "node-b"},
            id="a node that serves both",
        ),
        pytest.param(
            [at("a", "node-b"), at("b", "node-d")], {"a": "node-d", "b": "node-d"}, id="no node serves both"
        ),
        pytest.param(
            [at("a", "node-b"), at("b", "node-d", policy={})],
            {"a": "node-b", "b": "node-b"},
            id="one that every node can serve",
        ),
        pytest.param(
            [at("a"), at("b", "node-d", policy={})],
            {"a": WhyNobody.NO_ENDPOINT, "b": "node-c"},
            id="one without endpoints binds nobody",
        ),
        pytest.param(
            [at("a", "node-b", addresses=(VIP6, VIP)), at("b", "node-d", policy={})],
            {"a": "node-b", "b": "node-b"},
            id="one of two addresses shared",
        ),
    ],
)
def test_an_address_is_answered_by_one_node_whatever_the_services_on_it(petitions, winners):
    assert shared(*petitions) == winners
    assert shared(*petitions[::-1]) == winners


FOR_WEB = advertisement("web", service_selectors=(LabelSelector({"app": "web"}),), node_selectors=(GOLD,))
FOR_DNS = advertisement("dns", service_selectors=(LabelSelector({"app": "dns"}),))
TIERED = [node("node-b", {"tier": "gold"}), node("node-c")]


def test_a_shared_address_is_announced_by_a_node_that_may_announce_each_service_on_it():
    web, dns = at("web", labels={"app": "web"}, policy={}), at("dns", labels={"app": "dns"}, policy={})
    web, dns = (Petition(each.service, SERVED) for each in (web, dns))
    known = electorate(FOR_WEB, FOR_DNS, nodes=TIERED)
    assert shared(web, dns, known=known) == {"web": "node-b", "dns": "node-b"}
    assert shared(dns, known=known) == {"dns": "node-c"}


def test_services_that_no_node_may_announce_together_are_announced_by_none_and_that_is_told():
    apart = advertisement(
        "dns",
        service_selectors=(LabelSelector({"app": "dns"}),),
        node_selectors=(LabelSelector({"tier": "silver"}),),
    )
    known = electorate(
        FOR_WEB, apart, nodes=[node("node-b", {"tier": "gold"}), node("node-c", {"tier": "silver"})]
    )
    found = verdicts(
        *(Petition(service(VIP, name=each, labels={"app": each}), SERVED) for each in ("web", "dns")),
        known=known,
    )
    assert str(found["shop/web"]) == (
        "no node may announce; node node-b may not announce another Service that shares the address;"
        " node node-c is selected by no L2Advertisement of the pool"
    )


def test_a_service_that_no_advertisement_covers_binds_nobody_on_a_shared_address():
    known = electorate(FOR_DNS, nodes=TIERED)
    dns = Petition(service(VIP, name="dns", labels={"app": "dns"}), SERVED)
    assert shared(dns, Petition(service(VIP, name="web"), SERVED), known=known) == {
        "dns": "node-c",
        "web": WhyNobody.NO_ADVERTISEMENT,
    }


def test_each_service_on_a_shared_address_has_its_own_interfaces():
    by_app = [
        advertisement(app, service_selectors=(LabelSelector({"app": app}),), interfaces=(on,))
        for app, on in (("web", "eth0"), ("dns", "eth1"))
    ]
    known = electorate(*by_app, bulletins={"node-c": told("eth0"), "node-a": told("eth0", "eth1")})
    found = verdicts(
        *(Petition(service(VIP, name=each, labels={"app": each}), SERVED) for each in ("web", "dns")),
        known=known,
    )
    assert {key: (each.winner, each.interfaces) for key, each in found.items()} == {
        "shop/web": ("node-a", {"eth0"}),
        "shop/dns": ("node-a", {"eth1"}),
    }


def test_a_node_that_cannot_serve_one_of_the_services_says_so():
    found = verdicts(at("a", "node-b"), at("b", "node-d"))
    assert str(found["shop/a"]).startswith(
        "node node-d ranks first of those that may, for Services that share the address with this one, which"
        " it cannot serve; "
    )
    assert str(found["shop/b"]).startswith("node node-d ranks first of those that may; ")


@given(
    st.permutations(NAMES),
    st.sets(st.sampled_from(NAMES)),
    st.lists(st.tuples(st.booleans(), st.dictionaries(st.sampled_from(NAMES), st.booleans())), max_size=4),
    st.sets(st.sampled_from(NAMES)),
)
def test_all_nodes_come_to_the_same_verdicts_with_at_most_one_node_to_an_address(
    order, ready, services, serving
):
    petitions = [
        Petition(service(VIP, name=str(number), **(LOCAL if local else {})), Endpoints(bool(places), places))
        for number, (local, places) in enumerate(services)
    ]
    claimed = claims(**{name.replace("-", "_"): [VIP] for name in serving})
    mine = verdicts(*petitions, serving=claimed, known=electorate(ready=ready))
    theirs = verdicts(
        *petitions[::-1], serving=claimed, known=electorate(nodes=[node(name) for name in order], ready=ready)
    )
    assert {key: each.outcome for key, each in mine.items()} == {
        key: each.outcome for key, each in theirs.items()
    }
    assert {key: each.standing for key, each in mine.items()} == {
        key: each.standing for key, each in theirs.items()
    }
    winners = {each.winner for each in mine.values() if isinstance(each, Announced)}
    assert len(winners) <= 1
    assert winners <= ready


def test_the_lowest_of_the_addresses_decides_for_all_that_hang_together():
    """By rank node-c is first for 192.0.2.1, and node-a for 192.0.2.9."""
    first = at("a", "node-a", policy={}, addresses=(ip_address("192.0.2.9"), VIP6))
    assert shared(first) == {"a": "node-a"}
    assert shared(first, at("b", "node-a", policy={}, addresses=(VIP, VIP6))) == {
        "a": "node-c",
        "b": "node-c",
    }
