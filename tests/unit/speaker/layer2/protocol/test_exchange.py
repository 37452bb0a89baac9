import pytest

from speaker.layer2.protocol.bulletins import LONGEST, PIECE
from speaker.layer2.protocol.exchange import Exchange
from speaker.layer2.protocol.heartbeat import Condition, Piece, Record, Want
from speaker.layer2.protocol.machine import Outcome

from .network import address
from .test_outbox import Place

AGAIN = 0.1


@pytest.fixture
def four():
    """n1, which knows n2, n3 and n4 by the incarnations 2, 3 and 4."""
    place = Place(4)
    place.exchange = Exchange(place.roster, place.watch, place.outbox, AGAIN)
    return place


def told(place, name="n2", bulletin=1, teller="n3", incarnation=None):
    peer = place.roster.peers[name]
    before = peer.incarnation
    record = Record(name, incarnation or before, bulletin + 1, Condition.READY, bulletin)
    place.roster.take(peer, record)
    place.exchange.learn(before, record, teller)


def asked(place, now=100.0):
    place.exchange.fetch(now)
    return [where for where, message in place.sent() if isinstance(message, Want)]


def test_who_told_of_a_bulletin_is_asked_for_it_then_its_owner_then_others(four):
    told(four)
    turns = [asked(four, 100.0 + step * AGAIN) for step in range(5)]
    assert turns[:2] == [[address("n3")], [address("n2")]]
    assert {where for turn in turns[2:] for where in turn} == {address("n2"), address("n3"), address("n4")}


def test_what_arrived_is_read(four):
    told(four)
    assert not four.exchange.is_complete
    assert four.exchange.receive_piece(Piece(1, 2, 1, 0, 1, b"word"), 100.0) is Outcome.HEARD
    assert four.exchange.bulletins() == {"n2": b"word"}
    assert four.exchange.is_complete


def test_a_bulletin_of_a_life_that_is_over_is_not_read(four):
    told(four)
    four.exchange.receive_piece(Piece(1, 2, 1, 0, 1, b"word"), 100.0)
    told(four, incarnation=22, bulletin=0)
    assert four.exchange.bulletins() == {}


def test_a_bulletin_of_one_that_is_dead_is_not_read_but_is_when_it_contradicts(four):
    told(four)
    four.exchange.receive_piece(Piece(1, 2, 1, 0, 1, b"word"), 100.0)
    peer = four.roster.peers["n2"]
    for version, condition, expected in ((2, Condition.DEAD, {}), (3, Condition.READY, {"n2": b"word"})):
        record = Record("n2", 2, version, condition, 1)
        four.roster.take(peer, record)
        four.exchange.learn(2, record, "n3")
        assert four.exchange.bulletins() == expected


def test_a_bulletin_of_one_that_died_is_not_waited_for(four):
    told(four)
    record = Record("n2", 2, 2, Condition.DEAD, 1)
    four.roster.take(four.roster.peers["n2"], record)
    four.exchange.learn(2, record, "n3")
    assert four.exchange.is_complete
    assert asked(four) == []


def want(owner, bulletin, sequence=1, you=1, incarnation=3, sender="n3"):
    return Want(sender, incarnation, sequence, you, owner, bulletin, 0)


def given(place, message):
    outcome = place.exchange.receive_want(message)
    return outcome, [(where, piece.data) for where, piece in place.sent()]


def test_our_own_bulletin_is_given_to_who_asks(four):
    assert four.exchange.publish(b"ours")
    assert given(four, want(owner=1, bulletin=1)) == (Outcome.HEARD, [(address("n3"), b"ours")])


def test_another_ones_is_given_too_and_to_those_who_asked_too_early(four):
    told(four)
    assert given(four, want(owner=2, bulletin=1)) == (Outcome.HEARD, [])
    four.exchange.receive_piece(Piece(1, 2, 1, 0, 1, b"word"), 100.0)
    assert [(where, piece.data) for where, piece in four.sent()] == [(address("n3"), b"word")]
    assert given(four, want(owner=2, bulletin=1, sequence=2)) == (Outcome.HEARD, [(address("n3"), b"word")])


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        pytest.param(want(1, 1, sender="n9"), Outcome.NOT_OURS, id="stranger"),
        pytest.param(want(1, 1, you=99), Outcome.REPLAYED, id="to an earlier life of ours"),
        pytest.param(want(1, 1, incarnation=2), Outcome.REPLAYED, id="of an earlier life"),
        pytest.param(want(1, 1, sequence=0), Outcome.REPLAYED, id="again"),
        pytest.param(want(555, 1), Outcome.HEARD, id="of nobody that we know"),
    ],
)
def test_what_is_no_fresh_request_gets_nothing(four, message, outcome):
    four.exchange.publish(b"ours")
    assert given(four, message) == (outcome, [])


def test_a_piece_for_an_earlier_life_of_ours_is_not_taken(four):
    told(four)
    assert four.exchange.receive_piece(Piece(99, 2, 1, 0, 1, b"word"), 100.0) is Outcome.REPLAYED
    assert four.exchange.bulletins() == {}


def test_the_same_again_is_not_published(four):
    assert four.exchange.publish(b"")
    assert not four.exchange.publish(b"")
    assert four.exchange.publish(b"other")
    assert four.exchange.version == 2


def test_a_bulletin_may_be_as_long_as_all_its_pieces_and_no_longer(four):
    assert LONGEST == 64 * PIECE
    assert four.exchange.publish(bytes(LONGEST))
    with pytest.raises(ValueError, match="a bulletin has 65536 bytes at most; this one has 65537"):
        four.exchange.publish(bytes(LONGEST + 1))


def test_our_bulletin_is_given_in_a_new_life_too(four):
    four.exchange.publish(b"ours")
    four.roster.set_own(Record("n1", 11, 1, Condition.READY, 1))
    four.exchange.reissue()
    assert given(four, want(owner=11, bulletin=1, you=11)) == (Outcome.HEARD, [(address("n3"), b"ours")])


def test_who_is_not_known_any_more_is_forgotten(four):
    told(four)
    four.exchange.forget(2)
    assert four.exchange.is_complete
