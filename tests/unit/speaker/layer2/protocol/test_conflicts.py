from ipaddress import ip_address
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speaker.layer2.protocol.apparitions import Place
from speaker.layer2.protocol.conflicts import (
    DEFAULT,
    TRANSITIONS,
    Conflicts,
    Defence,
    Probe,
    Signal,
    State,
)
from speaker.layer2.protocol.sighting import Kind, Sighting

VIP = ip_address("192.0.2.200")
MAC, OTHER = b"\x02\0\0\0\0\x99", b"\x02\0\0\0\0\x98"
ETH0 = frozenset({"eth0"})
LISTENS = DEFAULT.probes * DEFAULT.apart
"""Seconds that a round takes."""


def sighting(kind=Kind.ANSWER, at=0.0, mac=MAC):
    return Sighting(VIP, mac, kind, at)


class Run:
    """Conflicts as time passes; remembers what was done and when."""

    def __init__(self, is_ours=False):
        self.conflicts, self.now, self.done = Conflicts(), 0.0, []
        self.conflicts.announce(VIP, ETH0, 0.0, is_ours=is_ours)

    def pass_until(self, end, answers=None):
        """*answers*: a stranger answers each probe."""
        while (at := self.conflicts.next_timer()) is not None and at <= end:
            self.now = max(self.now, at)
            for action in self.conflicts.due(self.now):
                self.done.append((round(self.now, 3), action))
                if answers and isinstance(action, Probe):
                    self.see()
        self.now = end

    def see(self, **what):
        self.done += [(self.now, each) for each in self.conflicts.see("eth0", sighting(at=self.now, **what))]

    @property
    def state(self):
        return self.conflicts.state(VIP)

    def times(self, kind):
        return [at for at, action in self.done if isinstance(action, kind)]


@pytest.fixture
def probing():
    return Run()


@pytest.fixture
def ours():
    return Run(is_ours=True)


def test_an_address_that_nobody_serves_is_probed_and_then_announced_within_half_a_second(probing):
    assert probing.state is State.PROBING
    probing.pass_until(0.29)
    assert probing.state is State.PROBING
    probing.pass_until(0.5)
    assert probing.state is State.CLEAR
    assert probing.done == [(at, Probe(VIP, ETH0)) for at in (0.0, 0.1, 0.2)]
    assert probing.conflicts.next_timer() is None


def test_an_address_that_a_speaker_serves_is_announced_at_once(ours):
    assert ours.state is State.CLEAR
    assert ours.conflicts.next_timer() is None


def test_an_address_that_a_stranger_has_is_withheld_and_probed_until_it_is_free(probing):
    probing.pass_until(60.0, answers=True)
    assert probing.state is State.WITHHELD
    assert probing.conflicts.stranger(VIP) == Place("eth0", MAC)
    probing.pass_until(60.0 + DEFAULT.again + LISTENS)
    assert probing.state is State.CLEAR
    assert probing.conflicts.stranger(VIP) is None
    assert probing.times(Defence) == []


def test_a_stranger_that_comes_later_is_told_of_and_defended_against(ours):
    ours.see(kind=Kind.ANNOUNCEMENT)
    assert ours.state is State.DISPUTED
    assert (ours.done, ours.conflicts.stranger(VIP)) == ([], None)
    ours.pass_until(DEFAULT.grace)
    assert ours.done == [(DEFAULT.grace, Defence(VIP))]
    assert ours.conflicts.stranger(VIP) == Place("eth0", MAC)


def test_no_speech_of_a_stranger_takes_an_announced_address_down(ours):
    for step, kind in enumerate([*Kind] * 50):
        ours.now = step * 0.1
        ours.see(kind=kind)
        ours.pass_until(ours.now)
        assert ours.state.is_announced


def test_it_is_defended_once_in_an_interval_at_most(ours):
    for step in range(600):
        ours.pass_until(step * 0.1)
        ours.see()
    times = ours.times(Defence)
    assert len(times) == 6
    assert all(later - earlier >= DEFAULT.defend for earlier, later in pairwise(times))


def test_a_dispute_ends_after_three_rounds_without_an_answer(ours):
    ours.see()
    ours.pass_until(3 * (DEFAULT.again + LISTENS) - 0.01)
    assert ours.state is State.DISPUTED
    ours.pass_until(3 * (DEFAULT.again + LISTENS) + 0.01)
    assert ours.state is State.CLEAR
    assert len(ours.times(Probe)) == 9
    assert ours.conflicts.next_timer() is None


def test_an_answer_begins_the_count_anew(ours):
    ours.see()
    ours.pass_until(2 * (DEFAULT.again + LISTENS) + 5.0)
    ours.pass_until(3 * (DEFAULT.again + LISTENS) + 1.0, answers=True)
    ours.pass_until(5 * (DEFAULT.again + LISTENS) + 1.0)
    assert ours.state is State.DISPUTED
    ours.pass_until(7 * (DEFAULT.again + LISTENS))
    assert ours.state is State.CLEAR


def test_a_stranger_that_asks_whether_anybody_has_it_is_no_conflict(ours, probing):
    for run in (ours, probing):
        before = run.state
        run.see(kind=Kind.PROBE)
        assert run.state is before


def test_the_first_stranger_is_the_one_that_is_told_whoever_else_speaks(ours):
    ours.see()
    ours.pass_until(1.0)
    ours.conflicts.take_changed()
    for last in range(100):
        ours.see(mac=bytes((2, 0, 0, 0, 1, last)))
    assert ours.conflicts.take_changed() == []
    assert ours.conflicts.stranger(VIP).mac == MAC


def test_one_that_turns_out_to_be_a_speaker_was_no_stranger(ours, probing):
    for run in (ours, probing):
        run.see()
        run.conflicts.pardon({OTHER})
        assert run.state in (State.DISPUTED, State.WITHHELD)
        run.conflicts.pardon({MAC})
        assert run.state is State.CLEAR
        run.pass_until(100.0)
        assert run.done == []


def test_an_address_that_is_withdrawn_is_not_probed_any_more(probing):
    probing.conflicts.withdraw(VIP)
    probing.pass_until(100.0)
    assert (probing.state, probing.done) == (None, [])
    probing.see()
    assert probing.conflicts.stranger(VIP) is None


def test_other_interfaces_are_taken_up_and_nothing_begins_anew(probing):
    probing.pass_until(0.15)
    probing.conflicts.announce(VIP, None, 0.15, is_ours=False)
    probing.pass_until(0.5)
    assert [action.interfaces for _, action in probing.done] == [ETH0, ETH0, None]
    assert probing.conflicts.interfaces(VIP) is None


def test_what_changes_is_told_once(probing):
    assert probing.conflicts.take_changed() == [VIP]
    assert probing.conflicts.take_changed() == []
    probing.pass_until(0.5)
    assert probing.conflicts.take_changed() == [VIP]


def test_thousands_are_probed_at_an_even_pace():
    conflicts, now, sent = Conflicts(), 0.0, []
    for number in range(2000):
        conflicts.announce(ip_address(number), None, 0.0, is_ours=False)
    while (at := conflicts.next_timer()) is not None:
        now = max(now, at)
        probes = conflicts.due(now)
        sent.append(len(probes))
    assert sum(sent) == 6000
    assert max(sent) <= 64
    assert now < 1.0


def test_a_signal_that_cannot_happen_is_not_in_the_table():
    assert set(product(State, Signal)) - TRANSITIONS.keys() == {(State.CLEAR, Signal.QUIET)}


@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.booleans())), st.booleans())
def test_whatever_is_heard_an_address_that_was_announced_stays_announced(heard, is_ours):
    run = Run(is_ours)
    was_announced = False
    for pause, speaks in heard:
        run.pass_until(run.now + pause)
        if speaks:
            run.see()
        assert run.state.is_announced or not was_announced
        was_announced = run.state.is_announced
    run.pass_until(run.now + 60.0)
    assert run.state is State.CLEAR
    assert run.conflicts.next_timer() is None
