import pytest

from speaker.layer2.protocol.heartbeat import Condition, Heartbeat, Intent, Record, Want, parse
from speaker.layer2.protocol.keyring import Keyring
from speaker.layer2.protocol.outbox import ANSWERS_APART, BATCH, Outbox
from speaker.layer2.protocol.roster import Roster
from speaker.layer2.protocol.timing import DEFAULT
from speaker.layer2.protocol.watch import Watch

from .network import address, names

KEY = b"key"
STARTED = 100.0


class Place:
    def __init__(self, size):
        self.roster = Roster(Record("n1", 1, 1, Condition.READY, 0))
        self.roster.set_addresses({name: address(name) for name in names(size)[1:]})
        self.watch = Watch(self.roster, DEFAULT)
        self.watch.set_names()
        self.keys = Keyring(KEY)
        self.outbox = Outbox(self.roster, self.watch, self.keys, 0.35, STARTED)
        for number, peer in enumerate(self.roster.peers.values(), 2):
            self.roster.take(peer, Record(peer.name, number, 1, Condition.READY, 0))
        self.watch.choose(STARTED)

    def sent(self, key=KEY):
        """(address, message) of each that waited."""
        return [(each.peer, parse(Keyring(key).open(each.payload))) for each in self.outbox.take()]


@pytest.fixture
def three():
    return Place(3)


def heartbeat(place, name):
    return next(message for where, message in place.sent() if where == address(name))


def test_a_pulse_goes_to_all_that_are_watched_and_names_them(three):
    three.roster.peers["n2"].heard_clock = 450
    three.outbox.pulse(STARTED + 2.5)
    (one, word), (other, same) = three.sent()
    assert {one, other} == {address("n2"), address("n3")}
    assert word == same
    assert word == Heartbeat(
        own=three.roster.own,
        sequence=1,
        clock=2500,
        heard={2: 450, 3: 0},
        suspects=(),
        patience=350,
        digest=three.roster.digest,
        newest=three.keys.newest,
        intent=Intent.PULSE,
    )


def test_each_one_counts_on(three):
    for _ in range(3):
        three.outbox.pulse(STARTED)
    assert {word.sequence for _, word in three.sent()} == {1, 2, 3}


def test_who_is_asked_but_not_watched_is_named_too():
    many = Place(30)
    stranger = next(peer for name, peer in many.roster.peers.items() if name not in many.watch.peers)
    many.outbox.say([stranger], Intent.QUESTION, STARTED)
    assert stranger.incarnation in heartbeat(many, stranger.name).heard


def test_an_answer_names_a_life_that_is_not_known_yet(three):
    three.outbox.answer(three.roster.peers["n2"], Record("n2", 77, 1, Condition.READY, 0), (), STARTED)
    word = heartbeat(three, "n2")
    assert (word.heard[77], word.intent) == (0, Intent.ANSWER)


def test_answers_to_one_other_come_no_faster_than_they_need_to(three):
    peer = three.roster.peers["n2"]
    for at in (0.0, ANSWERS_APART / 2, ANSWERS_APART):
        three.outbox.answer(peer, peer.record, (), STARTED + at)
    assert len(three.sent()) == 2


def test_much_news_is_told_in_several_heartbeats():
    many = Place(40)
    records = [peer.record for peer in many.roster.peers.values()]
    many.outbox.tell([many.roster.peers["n2"]], Intent.ANSWER, records, STARTED)
    words = [word for _, word in many.sent()]
    assert [record for word in words for record in word.news] == records
    assert all(len(word.news) <= BATCH for word in words)


def test_no_news_is_told_in_one_heartbeat(three):
    three.outbox.tell([three.roster.peers["n2"]], Intent.PULSE, [], STARTED)
    assert len(three.sent()) == 1


def test_many_that_are_asked_are_named_a_few_at_a_time():
    many = Place(40)
    many.outbox.say(many.roster.peers.values(), Intent.QUESTION, STARTED)
    words = many.sent()
    assert {where for where, _ in words} == {address(name) for name in names(40)[1:]}
    assert all(len(word.heard) <= BATCH + len(many.watch.peers) for _, word in words)


def test_each_gets_the_key_that_it_has(three):
    old = Keyring(b"old")
    three.keys.renew(b"new", STARTED)
    three.keys.renew(b"old", STARTED)
    three.keys.renew(b"new", STARTED)
    peer = three.roster.peers["n2"]
    peer.hear(Heartbeat(peer.record, 1, 1, {}, (), 0, 0, old.newest, Intent.PULSE), STARTED)
    three.outbox.pulse(STARTED)
    sealed = {each.peer: each.payload for each in three.outbox.take()}
    assert old.open(sealed[address("n2")]) is not None
    assert Keyring(b"new").open(sealed[address("n3")]) is not None


def test_a_want_is_sent_to_whom_it_is_for(three):
    want = Want("n1", 1, three.outbox.next_sequence(), 2, 3, 1, 0)
    three.outbox.send(three.roster.peers["n2"], want)
    assert three.sent() == [(address("n2"), want)]


def test_what_was_taken_is_gone(three):
    three.outbox.pulse(STARTED)
    assert three.sent()
    assert three.sent() == []
