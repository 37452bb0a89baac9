import pytest

from speaker.layer2.protocol.heartbeat import Condition, Heartbeat, Intent, Record
from speaker.layer2.protocol.peer import State
from speaker.layer2.protocol.roster import Roster
from speaker.layer2.protocol.timing import DEFAULT
from speaker.layer2.protocol.watch import Self, Watch

from .network import address, names

OWN = Record("n1", 1, 1, Condition.READY, 0)
PATIENCE = DEFAULT.suspect_after
WELL = Self(clock=700, hears_nobody=False)


def living(name, incarnation):
    return Record(name, incarnation, 1, Condition.READY, 0)


class Place:
    """A watch over the living nodes of a cluster, all of which it heard at 0."""

    def __init__(self, size):
        self.roster = Roster(OWN)
        self.roster.set_addresses({name: address(name) for name in names(size)[1:]})
        self.watch = Watch(self.roster, DEFAULT)
        self.watch.set_names()
        for number, name in enumerate(names(size)[1:], 2):
            self.take(living(name, number))
        self.watch.choose(0.0)
        for name in names(size)[1:]:
            self.hear(name, 1, 1000, {}, 0.0)

    def take(self, record):
        self.roster.take(self.roster.peers[record.name], record)

    def hear(self, name, sequence, clock, heard, now, suspects=()):
        peer = self.roster.peers[name]
        peer.hear(Heartbeat(peer.record, sequence, clock, heard, suspects, 0, 0, 0, Intent.ANSWER), now)


@pytest.fixture
def three():
    return Place(3)


def named(peers):
    return {peer.name for peer in peers}


def test_a_few_are_all_watched_and_of_many_a_few(three):
    assert set(three.watch.peers) == {"n2", "n3"}
    assert 2 <= len(Place(30).watch.peers) <= 6


def test_who_is_new_is_told_once(three):
    assert three.watch.choose(0.1) == []
    three.roster.set_addresses({name: address(name) for name in names(4)[1:]})
    three.watch.set_names()
    three.take(living("n4", 4))
    assert named(three.watch.choose(0.1)) == {"n4"}


def test_who_takes_the_place_of_a_dead_one_is_watched_in_its_stead():
    many = Place(30)
    dead = next(iter(many.watch.peers.values()))
    many.take(Record(dead.name, dead.incarnation, 1, Condition.DEAD, 0))
    added = many.watch.choose(5.0)
    assert dead.name not in many.watch.peers
    assert all(peer.deadline(PATIENCE) == 5.0 + PATIENCE for peer in added)


def test_whom_one_does_not_watch_any_more_is_no_suspect():
    many = Place(30)
    many.watch.judge(PATIENCE, WELL)
    suspects = many.watch.suspects
    assert len(suspects) == len(many.watch.peers)
    for name in names(30)[5:]:
        many.take(Record(name, int(name[1:]), 1, Condition.DEAD, 0))
    many.watch.choose(PATIENCE)
    assert not [
        each for each in suspects if each.name not in many.watch.peers and each.state is State.SUSPECT
    ]


def test_a_silent_one_is_asked_for_and_so_is_everybody_who_watches_it(three):
    three.hear("n3", 2, 1300, {}, 0.3)
    found = three.watch.judge(PATIENCE, WELL)
    assert named(found.asked) == {"n2", "n3"}
    assert named(three.watch.suspects) == {"n2"}
    assert three.watch.has_suspects
    assert found.dead == ()


def test_it_is_dead_once_the_other_that_watches_it_agrees(three):
    three.hear("n3", 2, 1300, {}, 0.3)
    three.watch.judge(PATIENCE, WELL)
    three.hear("n3", 3, 1350, {1: 700, 2: 1000}, 0.36)
    assert named(three.watch.judge(0.36, WELL).dead) == {"n2"}


def test_while_the_other_says_nothing_it_is_not_dead(three):
    for now in (0.3, PATIENCE, 0.5, 0.6):
        three.hear("n3", int(now * 100), int(1000 + now * 1000), {1: 600, 2: 1000}, now)
        assert three.watch.judge(now, WELL).dead == ()


def test_who_hears_nobody_takes_none_of_two_for_dead_but_an_only_one(three):
    deaf = Self(700, hears_nobody=True)
    assert three.watch.judge(5.0, deaf).dead == ()
    assert named(three.watch.suspects) == {"n2", "n3"}
    three.take(Record("n3", 3, 1, Condition.DEAD, 0))
    three.watch.choose(5.0)
    assert named(three.watch.judge(5.0, deaf).dead) == {"n2"}


def test_it_asks_to_be_called_at_the_next_silence_and_at_the_end_of_waiting(three):
    three.hear("n3", 2, 1300, {}, 0.3)
    assert three.watch.next_judgement == PATIENCE
    three.watch.judge(PATIENCE, WELL)
    assert three.watch.next_judgement == PATIENCE + DEFAULT.confirm_after
    three.watch.judge(PATIENCE + DEFAULT.confirm_after, WELL)
    assert three.watch.next_judgement == 0.3 + PATIENCE


def test_who_watches_nobody_waits_for_nothing():
    assert Watch(Roster(OWN), DEFAULT).next_judgement == float("inf")


def test_the_doubtful_are_the_suspects_and_who_watches_them(three):
    assert three.watch.doubtful(0.0) == ()
    three.hear("n3", 2, 1300, {}, 0.3)
    three.watch.judge(PATIENCE, WELL)
    assert named(three.watch.doubtful(PATIENCE)) == {"n2", "n3"}


def test_what_it_heard_of_each_is_told_by_incarnation(three):
    assert three.watch.heard == {2: 1000, 3: 1000}


def test_time_in_which_we_did_not_listen_makes_nobody_a_suspect(three):
    three.watch.excuse(5.0, 5.1)
    three.watch.judge(5.1, WELL)
    assert three.watch.suspects == []


def test_what_another_one_suspects_is_watched_for_it_for_a_while_if_it_lives():
    many = Place(30)
    stranger = next(peer for name, peer in many.roster.peers.items() if name not in many.watch.peers)
    assert many.watch.attend([stranger.incarnation, 999], 1.0) == []
    assert stranger.name in many.watch.peers
    many.watch.choose(1.0 + 3 * PATIENCE)
    assert stranger.name not in many.watch.peers


def test_who_suspects_one_that_is_dead_is_told_so():
    many = Place(30)
    dead = Record("n9", 9, 1, Condition.DEAD, 0)
    many.take(dead)
    assert many.watch.attend([9], 1.0) == [dead]
    assert "n9" not in many.watch.peers
