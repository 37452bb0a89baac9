import pytest
from msgspec.structs import replace

from lb.announce.bulletin import Bulletin
from lb.announce.verdict import Announced
from lb.announce.why import Why, WhyNobody
from lb.api.meta import ObjectMeta
from lb.api.node import Node
from lb.config.parser import Parsed
from speaker.snapshot import Rules, Snapshot

from .cluster import API, GATE, OURS, SHOP, THEIRS, THEIRS2, WEB, World, word

ALL = {WEB, SHOP, API}
BOTH = frozenset({"n1", "n2"})


@pytest.fixture
def world():
    return World()


def looking(world, **rules):
    """A snapshot of *world*, whose nodes both have a ready speaker."""
    snapshot = Snapshot(Rules(**rules), world)
    for key in world.services:
        snapshot.service_changed(key)
    snapshot.set_ready(BOTH)
    assert set(snapshot.refresh()) == set(world.services)
    for key in world.services:
        snapshot.judge(key)
    return snapshot


def concerned(snapshot, concerned=()):
    """*concerned*, and whom changes of nodes concern."""
    return {*concerned, *snapshot.refresh()}


@pytest.fixture
def snapshot(world):
    world.put(WEB, OURS)
    world.put(SHOP, THEIRS)
    world.put(API, THEIRS2)
    return looking(world)


def winner(snapshot, key):
    verdict = snapshot.judge(key)[key]
    return verdict.winner if isinstance(verdict, Announced) else verdict.why


def test_verdicts_follow_what_there_is_to_know(snapshot, world):
    assert [winner(snapshot, key) for key in (WEB, SHOP)] == ["n1", "n2"]
    snapshot.set_ready(frozenset({"n1"}))
    assert concerned(snapshot) == ALL
    assert winner(snapshot, SHOP) == "n1"
    world.nodes["n1"] = Node(ObjectMeta(name="n1", labels={"anvil-lb.io/drain": "true"}))
    snapshot.surroundings_changed()
    assert concerned(snapshot) == ALL
    assert winner(snapshot, SHOP) is WhyNobody.NO_NODE


def test_a_service_that_changes_concerns_itself(snapshot, world):
    world.put(WEB, OURS, on=())
    assert snapshot.service_changed(WEB) == {WEB}
    assert winner(snapshot, WEB) is WhyNobody.NO_ENDPOINT


def test_one_that_comes_to_share_an_address_concerns_those_that_have_it_and_so_when_it_leaves(
    snapshot, world
):
    world.put(WEB, THEIRS)
    assert snapshot.service_changed(WEB) == {WEB, SHOP}
    assert snapshot.judge(WEB).keys() == snapshot.judge(SHOP).keys() == {WEB, SHOP}
    world.put(WEB, OURS)
    assert snapshot.service_changed(WEB) == {WEB, SHOP}
    assert snapshot.judge(SHOP).keys() == {SHOP}


def test_one_that_is_not_ours_shares_nothing(snapshot, world):
    world.put(WEB, THEIRS, load_balancer_class="example.com/other")
    assert snapshot.service_changed(WEB) == {WEB}
    assert winner(snapshot, WEB) is WhyNobody.NOT_OURS


def test_one_that_is_gone_has_a_verdict_still(snapshot, world):
    del world.services[WEB]
    assert snapshot.service_changed(WEB) == {WEB}
    assert winner(snapshot, WEB) is WhyNobody.NOT_OURS


def test_a_word_concerns_the_services_whose_addresses_it_claims_or_gives_up(snapshot):
    snapshot.hear({"n1": word()})
    snapshot.refresh()
    assert concerned(snapshot, snapshot.hear({"n1": word(THEIRS)})) == {SHOP}
    assert winner(snapshot, SHOP) == "n1"
    assert concerned(snapshot, snapshot.hear({"n1": word(THEIRS2)})) == {SHOP, API}
    assert [winner(snapshot, key) for key in (SHOP, API)] == ["n2", "n1"]
    assert concerned(snapshot, snapshot.hear({"n1": word(THEIRS2, "192.0.2.99")})) == set()


def test_the_same_word_again_concerns_nobody(snapshot):
    snapshot.hear({"n1": word(THEIRS)})
    snapshot.refresh()
    assert concerned(snapshot, snapshot.hear({"n1": word(THEIRS)})) == set()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, {"n2": word(interfaces=[])}, id="the first of a node"),
        pytest.param({"n2": word()}, {"n2": word(interfaces=[])}, id="no interface any more"),
        pytest.param({"n2": word()}, {"n2": word(healthy=[GATE])}, id="another health"),
        pytest.param({"n2": word(is_fresh=True)}, {"n2": word()}, id="not fresh any more"),
        pytest.param({"n2": word(interfaces=[])}, {}, id="none any more"),
        pytest.param({"n2": word(interfaces=[])}, {"n2": b"garbage"}, id="one that cannot be read"),
    ],
)
def test_a_word_that_changes_how_a_node_stands_concerns_all(snapshot, before, after):
    snapshot.hear(before)
    snapshot.refresh()
    snapshot.judge(WEB)
    assert concerned(snapshot, snapshot.hear(after)) == ALL


def test_a_word_by_which_a_node_stands_as_before_concerns_nobody(snapshot):
    snapshot.hear({"n2": word()})
    snapshot.refresh()
    snapshot.judge(WEB)
    assert concerned(snapshot, snapshot.hear({"n2": word(interfaces=["eth1"])})) == set()


def test_a_label_that_no_advertisement_looks_at_concerns_nobody(snapshot, world):
    world.nodes["n1"] = Node(ObjectMeta(name="n1", labels={"color": "blue"}))
    snapshot.surroundings_changed()
    assert concerned(snapshot) == set()
    assert snapshot.judge(WEB)[WEB].election.contest.electorate.surroundings.nodes["n1"].metadata.labels


def test_another_configuration_concerns_all(snapshot, world):
    world.parsed = Parsed(replace(world.parsed.config, l2_advertisements={}))
    snapshot.surroundings_changed()
    assert concerned(snapshot) == ALL


def test_a_node_that_tells_that_it_has_no_interface_wins_nothing_until_it_does(snapshot):
    snapshot.hear({"n2": word(interfaces=[])})
    snapshot.refresh()
    assert winner(snapshot, SHOP) == "n1"
    assert snapshot.judge(SHOP)[SHOP].standing["n2"] is Why.NO_INTERFACE
    snapshot.hear({"n2": word()})
    snapshot.refresh()
    assert winner(snapshot, SHOP) == "n2"


def test_our_own_word_counts_as_the_others_do(snapshot):
    assert concerned(snapshot, snapshot.speak("n2", Bulletin(frozenset()))) == ALL
    assert winner(snapshot, SHOP) == "n1"


def test_a_word_that_cannot_be_read_is_held_against_nobody_and_is_told_of(snapshot, caplog):
    snapshot.hear({"n2": word(interfaces=[])})
    snapshot.hear({"n2": b"garbage"})
    snapshot.refresh()
    assert winner(snapshot, SHOP) == "n2"
    assert caplog.messages == ["what node n2 tells of itself cannot be read: is its speaker another version?"]


def test_a_gate_opens_by_a_nodes_own_word(world):
    world.gated(WEB, THEIRS, "n1", "n2")
    snapshot = looking(world)
    assert winner(snapshot, WEB) is WhyNobody.NO_NODE
    snapshot.hear({"n1": word(healthy=[GATE]), "n2": word(healthy=[GATE + 1])})
    snapshot.refresh()
    assert winner(snapshot, WEB) == "n1"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param({}, "n1", id="by default it stays with who serves it"),
        pytest.param({"is_sticky": False}, "n2", id="or goes where MetalLB has it"),
        pytest.param({"load_balancer_class": "anvil"}, WhyNobody.NOT_OURS, id="of another class"),
    ],
)
def test_the_rules_are_heeded(world, rules, expected):
    world.put(SHOP, THEIRS)
    snapshot = looking(world, **rules)
    snapshot.hear({"n1": word(THEIRS)})
    assert winner(snapshot, SHOP) == expected


def test_the_label_that_excludes_may_be_ignored(world):
    world.put(SHOP, THEIRS)
    label = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
    world.nodes["n2"] = Node(ObjectMeta(name="n2", labels=label))
    assert winner(looking(world), SHOP) == "n1"
    assert winner(looking(world, ignores_exclusion=True), SHOP) == "n2"


def test_the_electorate_is_drawn_up_anew_only_when_nodes_stand_otherwise(snapshot, world):
    snapshot.hear({"n1": word()})
    snapshot.refresh()
    before = snapshot.electorate
    snapshot.hear({"n1": word(THEIRS)})
    world.put(WEB, OURS, on=())
    snapshot.service_changed(WEB)
    assert snapshot.electorate is before
    world.nodes["n1"] = Node(ObjectMeta(name="n1", labels={"anvil-lb.io/drain": "true"}))
    snapshot.surroundings_changed()
    snapshot.refresh()
    assert snapshot.electorate is not before
