from ipaddress import ip_address
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speaker.layer2.protocol.apparitions import (
    MOST_PROBED,
    PATIENCE,
    PROBE_INTERVAL,
    Apparitions,
    Inquiry,
    Place,
)
from speaker.layer2.protocol.sighting import Kind, Sighting

MAC = b"\x02\0\0\0\0\x02"
VIP, OTHER, SIX = ip_address("192.0.2.200"), ip_address("192.0.2.201"), ip_address("2001:db8::1")
HERE = Place("eth0", MAC)


def sighting(address=VIP, kind=Kind.ANNOUNCEMENT, at=0.0):
    return Sighting(address, MAC, kind, at)


@pytest.fixture
def apparitions():
    """n2 is missing, and served OTHER when it was last heard."""
    made = Apparitions()
    made.miss({"n2": {OTHER}}, 0.0)
    return made


def see(apparitions, **what):
    return apparitions.see("n2", "eth0", sighting(**what))


def test_a_missing_one_that_is_heard_is_seen_with_what_it_serves(apparitions):
    assert see(apparitions)
    assert apparitions.seen == {"n2"}
    assert apparitions.served_by("n2") == {VIP, OTHER}


def test_the_same_again_is_no_news_and_another_address_is(apparitions):
    see(apparitions)
    assert not see(apparitions, at=0.1)
    assert see(apparitions, address=SIX, at=0.2)


def test_one_that_asks_who_has_an_address_lives_and_has_it_not(apparitions):
    assert see(apparitions, address=OTHER, kind=Kind.PROBE)
    assert apparitions.seen == {"n2"}
    assert apparitions.served_by("n2") == set()
    assert see(apparitions, address=OTHER, at=0.1)
    assert apparitions.served_by("n2") == {OTHER}


def test_one_that_is_not_missing_is_not_seen(apparitions):
    assert not apparitions.see("n3", "eth0", sighting())
    assert apparitions.seen == set()


def test_one_that_was_heard_a_moment_before_it_was_missed_is_seen():
    apparitions = Apparitions()
    apparitions.see("n2", "eth0", sighting())
    assert apparitions.miss({"n2": set()}, PATIENCE - 0.01)
    assert apparitions.served_by("n2") == {VIP}


def test_one_that_was_heard_too_long_before_it_was_missed_is_not_seen():
    apparitions = Apparitions()
    apparitions.see("n2", "eth0", sighting())
    assert not apparitions.miss({"n2": set()}, PATIENCE)


def test_one_that_falls_silent_is_dead_again(apparitions):
    see(apparitions)
    assert not apparitions.judge(PATIENCE - 0.01)
    assert apparitions.judge(PATIENCE)
    assert apparitions.seen == set()
    assert apparitions.next_timer(()) is None


def test_one_whose_heartbeats_return_is_not_only_seen_any_more(apparitions):
    see(apparitions)
    assert apparitions.miss({}, 0.1)
    assert apparitions.seen == set()


def test_one_that_serves_what_is_not_ours_is_asked_for_it_where_it_was_heard(apparitions):
    see(apparitions)
    assert apparitions.inquired(()) == {"n2": (Inquiry(VIP, HERE), Inquiry(OTHER, HERE))}
    assert apparitions.inquired({VIP}) == {"n2": (Inquiry(OTHER, HERE),)}
    assert apparitions.inquired({VIP, OTHER}) == {"n2": ()}


def test_it_is_asked_for_a_few_in_turn(apparitions):
    many = {ip_address(f"192.0.2.{last}") for last in range(9)}
    apparitions.miss({"n2": many}, 0.0)
    see(apparitions)
    asked = set()
    for step in range(9):
        see(apparitions, at=step * PROBE_INTERVAL)
        asked |= {each.address for each in apparitions.due((), step * PROBE_INTERVAL)}
    assert len(asked) == MOST_PROBED


def test_while_nobody_is_seen_nothing_is_due(apparitions):
    assert apparitions.due((), 0.0) == []
    assert apparitions.next_timer(()) is None


def run(apparitions, until, answers, ours=()):
    """Let time pass from 0 on; the times at which n2 was asked, which *answers(time)* or not."""
    asked, now = [], 0.0
    while (at := apparitions.next_timer(ours)) is not None and (now := max(now, at)) < until:
        apparitions.judge(now)
        for each in apparitions.due(ours, now):
            asked.append(now)
            if answers(now):
                see(apparitions, address=each.address, kind=Kind.ANSWER, at=now)
    return asked


def test_one_that_answers_is_asked_again_and_again_and_lives_on(apparitions):
    see(apparitions)
    asked = run(apparitions, 10.0, lambda now: True)
    assert apparitions.seen == {"n2"}
    assert {round(later - earlier, 6) for earlier, later in pairwise(asked)} == {PROBE_INTERVAL}


@given(st.floats(0.0, 5.0), st.floats(0.0, 0.3))
def test_one_that_dies_is_found_dead_in_time_whatever_was_lost_before(died_at, lost):
    apparitions = Apparitions()
    apparitions.miss({"n2": {OTHER}}, 0.0)
    see(apparitions)
    answers = iter([True, False, True] * 100)
    run(apparitions, 10.0, lambda now: now < died_at and next(answers))
    assert apparitions.seen == set()


@given(st.lists(st.tuples(st.sampled_from([VIP, OTHER, SIX]), st.sampled_from(Kind), st.floats(0.0, 0.3))))
def test_what_it_serves_is_what_it_said_last_of_each_address(said):
    apparitions = Apparitions()
    apparitions.miss({"n2": {OTHER}}, 0.0)
    now, expected = 0.0, {OTHER}
    see(apparitions, address=OTHER)
    for address, kind, later in said:
        now += later
        see(apparitions, address=address, kind=kind, at=now)
        expected = expected - {address} if kind is Kind.PROBE else expected | {address}
    assert apparitions.served_by("n2") == expected
