import pytest

from lb.announce.electorate import Score
from lb.announce.why import Why
from lb.api.meta import LabelSelector

from .cluster import ANYWHERE, DRAIN, EXCLUDE, advertisement, electorate, node, prefer, told

IPV4, BOTH = frozenset({4}), frozenset({4, 6})
IN_A = LabelSelector({"zone": "a"})
A, B = node("a", {"zone": "a"}), node("b", {"zone": "b"})
ONLY_A = advertisement("only-a", node_selectors=(IN_A,))
ETH0 = advertisement("eth0", interfaces=("eth0",))
ETH1_IN_A = advertisement("eth1", interfaces=("eth1",), node_selectors=(IN_A,))


@pytest.mark.parametrize(
    ("advertisements", "given", "bulletin", "why"),
    [
        pytest.param([ANYWHERE], A, None, Why.ELIGIBLE, id="may"),
        pytest.param([], A, None, Why.NOT_SELECTED, id="no advertisement"),
        pytest.param([ONLY_A], B, None, Why.NOT_SELECTED, id="selected by none"),
        pytest.param([ONLY_A, ANYWHERE], B, None, Why.ELIGIBLE, id="selected by one of two"),
        pytest.param([ANYWHERE], node(labels=DRAIN), None, Why.DRAINED, id="hindered"),
        pytest.param([ANYWHERE], node(labels=EXCLUDE), None, Why.EXCLUDED, id="excluded"),
        pytest.param([ONLY_A], node(labels=DRAIN), None, Why.NOT_SELECTED, id="first reason"),
        pytest.param([ETH0], node(labels=DRAIN), told("eth1"), Why.DRAINED, id="second reason"),
        pytest.param([ETH0], node(labels=EXCLUDE), told("eth1"), Why.NO_INTERFACE, id="third reason"),
        pytest.param([ETH0], A, told("eth1"), Why.NO_INTERFACE, id="none of the interfaces"),
        pytest.param([ETH0], A, told("eth0"), Why.ELIGIBLE, id="one of the interfaces"),
        pytest.param([ANYWHERE], A, told(), Why.NO_INTERFACE, id="no interface at all"),
        pytest.param([ETH0, ETH1_IN_A], A, told("eth1"), Why.ELIGIBLE, id="interface of either"),
        pytest.param(
            [ETH0, ETH1_IN_A], B, told("eth1"), Why.NO_INTERFACE, id="not that of one that does not select it"
        ),
    ],
)
def test_a_node_stands_for_the_first_reason_that_holds(advertisements, given, bulletin, why):
    name = given.metadata.name
    known = electorate(
        *advertisements or [ANYWHERE], nodes=[given], bulletins={name: bulletin} if bulletin else {}
    )
    slate = known.slate(tuple(advertisements), IPV4)
    assert slate.standing == {name: why}
    assert slate.best == ({name} if why is Why.ELIGIBLE else set())


def test_a_speaker_on_a_node_that_there_is_not_does_not_stand():
    known = electorate(nodes=[A], ready=["a", "ghost"])
    assert known.slate((ANYWHERE,), IPV4).standing == {"a": Why.ELIGIBLE}


def test_the_flag_lets_excluded_nodes_announce():
    known = electorate(nodes=[node(labels=EXCLUDE)], ignores_exclusion=True)
    assert known.slate((ANYWHERE,), IPV4).standing == {"n": Why.ELIGIBLE}


def test_the_best_are_those_that_are_preferred_most_among_those_that_may():
    preferring = advertisement("p", preferred_node_selectors=(prefer(5, zone="a"),))
    nodes = [A, B, node("c", {"zone": "a"}), node("d", {"zone": "a", **DRAIN})]
    slate = electorate(preferring, nodes=nodes).slate((preferring,), IPV4)
    assert slate.score == {"a": Score(1, 5), "b": Score(1, 0), "c": Score(1, 5)}
    assert slate.best == {"a", "c"}


def test_a_node_that_can_announce_more_ip_versions_is_better_whatever_is_preferred():
    preferring = advertisement("p", preferred_node_selectors=(prefer(5, zone="a"),))
    bulletins = {"a": told("eth0", ipv6=[]), "b": told("eth0")}
    known = electorate(preferring, nodes=[A, B], bulletins=bulletins)
    assert known.slate((preferring,), BOTH).score == {"a": Score(1, 5), "b": Score(2, 0)}
    assert known.slate((preferring,), BOTH).best == {"b"}
    assert known.slate((preferring,), IPV4).best == {"a"}
    assert known.slate((preferring,), frozenset({6})).standing == {"a": Why.NO_INTERFACE, "b": Why.ELIGIBLE}


def test_an_advertisement_that_does_not_select_a_node_does_not_prefer_it():
    preferring = advertisement("p", node_selectors=(IN_A,), preferred_node_selectors=(prefer(5),))
    slate = electorate(ANYWHERE, preferring, nodes=[A, B]).slate((ANYWHERE, preferring), IPV4)
    assert slate.score == {"a": Score(1, 5), "b": Score(1, 0)}


def test_the_same_advertisements_are_looked_at_once():
    known = electorate(ANYWHERE, ONLY_A, nodes=[A, B])
    assert known.slate((ANYWHERE, ONLY_A), IPV4) is known.slate((ANYWHERE, ONLY_A), IPV4)
    assert known.slate((ANYWHERE,), IPV4) is not known.slate((ONLY_A,), IPV4)


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        pytest.param({}, True, id="the same"),
        pytest.param({"nodes": [A, node("b", {"zone": "b", "color": "blue"})]}, True, id="a label"),
        pytest.param({"bulletins": {"b": told("eth0")}}, True, id="an interface that is not asked for"),
        pytest.param({"nodes": [A, node("b", {"zone": "a"})]}, False, id="a label that is asked for"),
        pytest.param({"nodes": [A]}, False, id="a node less"),
        pytest.param({"nodes": [A, node("b", {"zone": "b"}, address="192.0.2.9")]}, False, id="an address"),
        pytest.param({"ready": ["a"]}, False, id="a speaker less"),
        pytest.param({"bulletins": {"a": told()}}, False, id="an interface less"),
        pytest.param({"bulletins": {"a": told("eth0", healthy=[30080])}}, False, id="health"),
        pytest.param({"bulletins": {"b": told("eth0", is_fresh=True)}}, False, id="freshness"),
    ],
)
def test_electorates_are_alike_where_no_election_comes_out_otherwise(other, alike):
    given = {"nodes": [A, B], "bulletins": {"a": told("eth0")}}
    if "bulletins" in other:
        other = {**other, "bulletins": {**given["bulletins"], **other["bulletins"]}}
    before = electorate(ANYWHERE, ONLY_A, **given)
    for each in (ANYWHERE, ONLY_A):
        before.slate((each,), IPV4)
    assert electorate(ANYWHERE, ONLY_A, **{**given, **other}).is_like(before) is alike


def test_another_configuration_makes_no_like_electorate():
    assert not electorate(ONLY_A).is_like(electorate(ANYWHERE))


def test_interfaces_are_those_of_the_advertisements_that_select_the_node():
    known = electorate(ETH0, ETH1_IN_A, nodes=[A, B])
    assert known.slate((ETH0, ETH1_IN_A), IPV4).interfaces == {"a": {"eth0", "eth1"}, "b": {"eth0"}}
    assert known.slate((ONLY_A, ETH0), IPV4).interfaces == {"a": None, "b": {"eth0"}}


def test_electorates_are_not_alike_where_a_node_would_announce_on_other_interfaces():
    before, after = (electorate(ETH0, ETH1_IN_A, nodes=[each]) for each in (A, node("a", {"zone": "b"})))
    before.slate((ETH0, ETH1_IN_A), IPV4)
    assert not after.is_like(before)


def test_the_nodes_own_addresses_are_known():
    assert electorate(nodes=[A, node("c", address="192.0.2.9")]).own_addresses == {"192.0.2.9"}


def test_a_node_is_healthy_where_it_told_so():
    known = electorate(nodes=[A, B], bulletins={"a": told("eth0", healthy=[30080])})
    assert [known.is_healthy(name, 30080) for name in "ab"] == [True, False]
    assert not known.is_healthy("a", 30081)
