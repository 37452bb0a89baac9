from itertools import product

import pytest

from lb.announce.contest import Contest, Merit
from lb.announce.electorate import Score
from lb.api.meta import LabelSelector

from .cluster import ANYWHERE, EXCLUDE, VIP, VIP6, advertisement, case, electorate, node, prefer, told

IN_A = LabelSelector({"zone": "a"})
NODES = [node("a1", {"zone": "a"}), node("a2", {"zone": "a"}), node("b")]
ONLY_A = advertisement("only-a", node_selectors=(IN_A,))
PREFERS_A2 = advertisement("prefers", preferred_node_selectors=(prefer(9, name="a2"),))
STAYS, GOES = True, False


def contest(*cases, nodes=NODES, **known):
    given = electorate(ANYWHERE, ONLY_A, PREFERS_A2, nodes=nodes, **known)
    return Contest(given, cases)


@pytest.mark.parametrize(
    ("cases", "best"),
    [
        pytest.param([case()], {"a1", "a2", "b"}, id="all"),
        pytest.param([case(by=[ONLY_A])], {"a1", "a2"}, id="those selected"),
        pytest.param([case(local={"b": STAYS})], {"b"}, id="one with an endpoint"),
        pytest.param([case(local={"a1": STAYS, "b": STAYS})], {"a1", "b"}, id="those with an endpoint"),
        pytest.param(
            [case(local={"a1": STAYS, "b": GOES})], {"a1"}, id="one whose endpoint is there to stay"
        ),
        pytest.param(
            [case(local={"b": GOES})], {"b"}, id="one whose endpoint still serves, if there is no other"
        ),
        pytest.param([case(local={})], set(), id="none without endpoints"),
        pytest.param([case(local={"ghost": STAYS})], set(), id="none that is not there"),
        pytest.param([case(), case(by=[ONLY_A])], {"a1", "a2"}, id="those that may announce both"),
        pytest.param(
            [case(local={"a1": STAYS, "b": STAYS}), case(local={"b": STAYS})],
            {"b"},
            id="one that serves both",
        ),
        pytest.param(
            [case(local={"a1": STAYS}), case(local={"b": STAYS})],
            {"a1", "b"},
            id="those that serve most, where none serves all",
        ),
        pytest.param(
            [case(local={"a1": STAYS}), case()],
            {"a1"},
            id="one that serves the Service whose policy is Local",
        ),
        pytest.param(
            [case(local={"b": STAYS}), case(by=[ONLY_A])],
            {"a1", "a2"},
            id="one that serves the other Service, where that has an endpoint on none that may",
        ),
        pytest.param(
            [case(local={"a1": STAYS, "b": GOES}), case(local={"b": GOES})],
            {"a1"},
            id="what stays before what is about to go",
        ),
        pytest.param(
            [case(local={"a1": STAYS}), case(local={"a1": GOES, "a2": STAYS})],
            {"a1"},
            id="of equal staying the one that serves more",
        ),
    ],
)
def test_the_best_are_those_that_serve_most(cases, best):
    assert contest(*cases).best == best


@pytest.mark.parametrize(
    ("cases", "merits"),
    [
        pytest.param(
            [case()],
            {"a1": Merit(1, 1, Score(1, 0)), "a2": Merit(1, 1, Score(1, 0)), "b": Merit(1, 1, Score(1, 0))},
            id="one",
        ),
        pytest.param(
            [case(by=[PREFERS_A2], local={"a1": STAYS, "a2": GOES})],
            {"a1": Merit(1, 1, Score(1, 0)), "a2": Merit(0, 1, Score(1, 9)), "b": None},
            id="preference is last",
        ),
        pytest.param(
            [case(by=[ONLY_A]), case(by=[PREFERS_A2])],
            {"a1": Merit(2, 2, Score(1, 0)), "a2": Merit(2, 2, Score(1, 9)), "b": None},
            id="preferences of all count",
        ),
    ],
)
def test_merit_is_how_much_is_served_then_preference(cases, merits):
    nodes = [NODES[0], node("a2", {"zone": "a", "name": "a2"}), NODES[2]]
    given = contest(*cases, nodes=nodes)
    assert {name: given.merit(name) for name in merits} == merits


def test_a_node_that_may_not_announce_has_no_merit_whatever_it_serves():
    given = contest(case(local={"a1": STAYS}), nodes=[node("a1", EXCLUDE), node("b")])
    assert (given.merit("a1"), given.best) == (None, frozenset())


@pytest.mark.parametrize(
    ("local", "healthy", "best"),
    [
        pytest.param({"a1": STAYS}, {}, set(), id="kube-proxy is not ready"),
        pytest.param({"a1": STAYS}, {"a1"}, {"a1"}, id="kube-proxy is ready"),
        pytest.param({"a1": STAYS, "b": STAYS}, {"b"}, {"b"}, id="one is ready"),
        pytest.param(
            {"a1": GOES, "b": STAYS}, {}, {"a1"}, id="one that serves already, until the other is ready"
        ),
        pytest.param({"a1": GOES, "b": STAYS}, {"b"}, {"b"}, id="the other, once it is ready"),
        pytest.param({"a1": STAYS}, {"b"}, set(), id="ready without an endpoint"),
    ],
)
def test_a_gate_keeps_nodes_out_until_their_kube_proxy_answers(local, healthy, best):
    bulletins = {name: told("eth0", healthy=[30080]) for name in healthy}
    assert contest(case(local=local, gate=30080), bulletins=bulletins).best == best


@pytest.mark.parametrize(
    ("cases", "best"),
    [
        pytest.param([case(VIP)], {"a1", "a2", "b"}, id="IPv4"),
        pytest.param([case(VIP6)], {"a1"}, id="IPv6"),
        pytest.param([case(VIP, VIP6)], {"a1"}, id="both"),
        pytest.param([case(VIP, VIP6, local={"b": STAYS})], {"b"}, id="one of them where the endpoint is"),
        pytest.param([case(VIP, VIP6, by=[PREFERS_A2])], {"a1"}, id="both, before preference"),
        pytest.param([case(VIP, VIP6), case(VIP)], {"a1"}, id="both, for one Service of two"),
        pytest.param([case(VIP6), case(VIP, VIP6)], {"a1"}, id="IPv6 for one Service of two"),
    ],
)
def test_the_best_can_announce_addresses_of_all_the_ip_versions_that_any_can(cases, best):
    bulletins = {"a1": told("eth0"), "a2": told("eth0", ipv6=[]), "b": told("eth0", ipv6=[])}
    nodes = [NODES[0], node("a2", {"zone": "a", "name": "a2"}), NODES[2]]
    assert contest(*cases, nodes=nodes, bulletins=bulletins).best == best


LOCALS = [None, *({**dict(zip(("a1", "b"), each, strict=True))} for each in product((STAYS, GOES), repeat=2))]


@pytest.mark.parametrize("one", LOCALS)
@pytest.mark.parametrize("other", LOCALS)
def test_the_best_have_the_highest_merit_and_all_of_them_are_found(one, other):
    given = contest(case(local=one), case(local=other, by=[PREFERS_A2]))
    merits = {name: given.merit(name) for name in ("a1", "a2", "b")}
    highest = max(each for each in merits.values() if each is not None)
    assert given.best == {name for name, each in merits.items() if each == highest}
