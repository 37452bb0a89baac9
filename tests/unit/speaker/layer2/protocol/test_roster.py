import pytest
from hypothesis import given
from hypothesis import strategies as st

from speaker.layer2.protocol.heartbeat import Condition, Record
from speaker.layer2.protocol.roster import Rank, Roster

OWN = Record("n1", 1, 1, Condition.READY, 0)
PLACES = {"n2": ("10.0.0.2", 7), "n3": ("10.0.0.3", 7)}


def record(name="n2", incarnation=5, version=1, condition=Condition.READY, bulletin=0):
    return Record(name, incarnation, version, condition, bulletin)


def new_roster(places=PLACES):
    roster = Roster(OWN)
    roster.set_addresses(places)
    return roster


@pytest.fixture
def roster():
    return new_roster()


def take(roster, given):
    return roster.take(roster.peers[given.name], given)


def test_what_is_newer_counts_and_what_is_older_does_not(roster):
    assert take(roster, record(version=2)) is Rank.NEWER
    assert take(roster, record(version=2)) is Rank.SAME
    assert take(roster, record(version=1, condition=Condition.DEAD)) is Rank.OLDER
    assert take(roster, record(version=2, condition=Condition.DEAD)) is Rank.NEWER
    assert take(roster, record(incarnation=6)) is Rank.NEWER
    assert roster.peers["n2"].record == record(incarnation=6)


@pytest.mark.parametrize(
    ("condition", "living", "ready"),
    [
        (Condition.UNREADY, {"n2"}, set()),
        (Condition.READY, {"n2"}, {"n2"}),
        (Condition.LEFT, set(), set()),
        (Condition.DEAD, set(), set()),
    ],
)
def test_it_tells_who_lives_and_who_is_ready(roster, condition, living, ready):
    take(roster, record())
    take(roster, record(version=2, condition=condition))
    assert (roster.living, roster.ready) == (living, ready)


def test_a_peer_is_found_by_its_present_life_only(roster):
    take(roster, record(incarnation=5))
    take(roster, record(incarnation=6))
    assert roster.of(6) is roster.peers["n2"]
    assert roster.of(5) is None


def test_a_node_that_is_not_known_any_more_leaves_nothing(roster):
    before = roster.digest
    take(roster, record())
    assert roster.set_addresses({"n3": PLACES["n3"]}) == []
    assert (roster.digest, roster.living, roster.ready, roster.of(5)) == (before, set(), frozenset(), None)


def test_an_address_that_changes_is_all_that_changes(roster):
    take(roster, record())
    assert roster.set_addresses(PLACES | {"n2": ("10.0.0.9", 8)}) == []
    assert roster.peers["n2"].address == ("10.0.0.9", 8)
    assert roster.living == {"n2"}


def test_a_new_node_is_told(roster):
    (new,) = roster.set_addresses(PLACES | {"n4": ("10.0.0.4", 7)})
    assert (new.name, new.record) == ("n4", None)


records = st.builds(
    record,
    st.sampled_from(sorted(PLACES)),
    st.just(5),
    st.integers(1, 3),
    st.sampled_from([Condition.READY, Condition.DEAD]),
)


@given(st.lists(records), st.randoms(use_true_random=False))
def test_who_heard_the_same_in_whatever_order_knows_the_same(heard, chance):
    one, other = new_roster(), new_roster()
    for each in heard:
        take(one, each)
    again = heard * 2
    chance.shuffle(again)
    for each in again:
        take(other, each)
    assert [peer.record for peer in one.peers.values()] == [peer.record for peer in other.peers.values()]
    assert (one.digest, one.living, one.ready) == (other.digest, other.living, other.ready)


def test_two_that_know_different_things_have_different_digests(roster):
    digests = {roster.digest}
    for given_record in (
        record(),
        record(version=2),
        record("n3", 9),
        record(condition=Condition.DEAD, version=2),
    ):
        take(roster, given_record)
        digests.add(roster.digest)
    assert len(digests) == 5


def test_our_own_record_is_part_of_the_digest(roster):
    before = roster.digest
    roster.set_own(Record("n1", 1, 2, Condition.READY, 0))
    assert roster.digest != before
    roster.set_own(OWN)
    assert roster.digest == before
    assert roster.own == OWN
