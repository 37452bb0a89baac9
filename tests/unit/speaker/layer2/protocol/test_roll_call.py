import pytest

from speaker.layer2.protocol.heartbeat import Condition, Record
from speaker.layer2.protocol.roll_call import RollCall

from .network import address
from .test_outbox import Place

INTERVAL = 0.1


@pytest.fixture
def five():
    """n1, to which n2 and n3 live, and n4 and n5 are dead."""
    place = Place(5)
    for name, incarnation in (("n4", 4), ("n5", 5)):
        place.roster.take(place.roster.peers[name], Record(name, incarnation, 1, Condition.DEAD, 0))
    place.watch.choose(100.0)
    place.roll_call = RollCall(place.roster, place.outbox, INTERVAL, start=0)
    return place


def called(place, now, *, is_starting=False, is_cut_off=False):
    place.roll_call.call(now, is_starting=is_starting, is_cut_off=is_cut_off)
    return {where for where, _ in place.sent()}


def test_who_starts_calls_all_that_are_absent_every_interval(five):
    absent = {address("n4"), address("n5")}
    assert called(five, 100.0, is_starting=True) == absent
    assert called(five, 100.09, is_starting=True) == set()
    assert called(five, 100.1, is_starting=True) == absent


def test_later_one_is_called_at_a_time_and_all_who_live_share_the_work(five):
    calls = [called(five, 100.0 + step * 2.01 * INTERVAL) for step in range(4)]
    assert [len(each) for each in calls] == [1, 1, 1, 1]
    assert calls[0] != calls[1]
    assert called(five, 100.0 + 7.5 * INTERVAL) == set()


def test_who_is_cut_off_calls_those_too_that_it_takes_for_alive(five):
    found = set()
    for step in range(4):
        found |= called(five, 100.0 + step * 1.01 * INTERVAL, is_cut_off=True)
    assert found == {address(name) for name in ("n2", "n3", "n4", "n5")}


def test_a_node_that_is_new_is_called_at_once(five):
    called(five, 100.0)
    five.roll_call.expect(
        five.roster.set_addresses({f"n{number}": address(f"n{number}") for number in range(2, 7)})
    )
    assert called(five, 100.01) == {address("n6")}


def test_where_nobody_is_absent_nobody_is_called():
    place = Place(3)
    place.roll_call = RollCall(place.roster, place.outbox, INTERVAL, start=0)
    assert called(place, 100.0) == set()
