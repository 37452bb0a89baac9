"""The failure detector as a whole: machines joined by a network in virtual time."""

import random
from itertools import permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from speaker.layer2.protocol.heartbeat import (
    Condition,
    Heartbeat,
    Intent,
    Piece,
    Record,
    Want,
    emit,
    parse,
)
from speaker.layer2.protocol.keyring import KEPT, Keyring
from speaker.layer2.protocol.machine import Outcome
from speaker.layer2.protocol.membership import Datagram, Membership
from speaker.layer2.protocol.peer import State
from speaker.layer2.protocol.standing import Standing
from speaker.layer2.protocol.timing import DEFAULT, Timing

from .network import KEY, Network, address, apart, at_random, cut, names

DELAY = 0.05
"""Seconds that a datagram is under way at most, here."""
BEAT = DEFAULT.interval
SETTLED = DEFAULT.settle_after + BEAT + 1e-6
STEADY = 2.0
"""By then everybody has found everybody, in every test here."""
DETECTED = DEFAULT.suspect_after + DEFAULT.confirm_after + 2 * DELAY
"""Seconds from a death to the verdict of those who watch, at most, if no datagram is lost."""
YIELDED = DEFAULT.suspect_after + 3 * BEAT + 2 * DELAY
"""Seconds until one that is not heard, or hears nobody, counts itself no more."""
HEALED = 1.0
"""Seconds after which all agree again, at most."""
THREE = names(3)


@pytest.fixture
def three():
    """Three speakers that have found each other."""
    network = Network(THREE, seed=3)
    network.run(STEADY)
    return network


@pytest.fixture
def many():
    """Twenty, of which each watches a few only."""
    network = Network(names(20), seed=4, delay=lambda sender, receiver, chance: 0.001 + 0.004 * chance)
    network.run(STEADY)
    return network


def sealed(message, key=KEY):
    return Keyring(key).seal(emit(message))


# Finding each other


@pytest.mark.parametrize("size", [2, 3, 5, 7, 8, 20])
@pytest.mark.parametrize("rate", [0.0, 0.2])
def test_speakers_find_each_other_before_they_say_who_is_a_member(size, rate):
    network = Network(names(size), seed=size, lost=at_random(size, rate), repeated=0.1)
    network.run(DEFAULT.settle_after - 1e-6)
    assert network.all_agree_on(())
    network.run(SETTLED + 2 * BEAT)
    assert network.all_agree_on(names(size))
    assert network.losses() == []


def test_one_exchange_is_enough_to_be_heard():
    network = Network(names(2))
    network.run(3 * DELAY)
    assert network.state("n1", "n2") is network.state("n2", "n1") is State.ALIVE


def test_a_speaker_alone_settles_as_the_only_member():
    network = Network(("n1",))
    network.run(SETTLED)
    assert network.members("n1") == {"n1"}


def test_a_speaker_that_is_not_ready_is_heard_but_no_member(three):
    three.call("n2", lambda speaker: speaker.set_ready(False, three.now))
    three.run(STEADY + DELAY)
    assert three.members("n1") == three.members("n3") == {"n1", "n3"}
    assert three.state("n1", "n2") is State.ALIVE
    three.call("n2", lambda speaker: speaker.set_ready(True, three.now))
    three.run(three.now + 2 * DELAY + BEAT)
    assert three.all_agree_on(THREE)


def test_one_that_starts_among_many_is_known_to_all_soon(many):
    many.kill("n7")
    many.run(many.now + 1.0)
    many.start("n7")
    many.run(many.now + SETTLED + BEAT)
    assert many.all_agree_on(names(20))


def test_the_cost_does_not_grow_with_the_cluster():
    def sent(size):
        network = Network(names(size), seed=1, delay=lambda sender, receiver, chance: 0.001)
        network.run(2.0)
        before = max(network.sent.values())
        network.run(4.0)
        return (max(network.sent.values()) - before) / 2.0

    assert sent(10) <= 6.5 / BEAT
    assert sent(40) <= 6.5 / BEAT


# Dying


@pytest.mark.parametrize("size", [2, 3, 4, 5, 8, 20])
@pytest.mark.parametrize("seed", range(2))
def test_one_that_is_killed_is_dead_for_all_within_the_bound_and_not_before(size, seed):
    network = Network(names(size), seed=seed, repeated=0.1)
    killed_at = STEADY + seed * 0.023
    network.run(killed_at)
    network.kill("n2")
    # Verdicts of those who watch it; four steps from neighbor to neighbor at most.
    network.run(killed_at + DETECTED + 4 * DELAY)
    assert network.all_agree_on(set(names(size)) - {"n2"})
    losses = network.losses()
    assert {(observer, other) for _, observer, other in losses} == {
        (name, "n2") for name in names(size) if name != "n2"
    }
    # Its last word left an interval before at most, and a later one may have overtaken an earlier.
    assert all(killed_at - BEAT + DEFAULT.suspect_after - 0.001 <= at for at, _, _ in losses)


def test_several_that_die_at_once_are_dead_for_all_soon(many):
    killed = names(20)[3:11]
    for name in killed:
        many.kill(name)
    many.run(many.now + 2 * DETECTED)
    assert many.all_agree_on(set(names(20)) - set(killed))


def test_all_that_watch_one_die_with_it_and_it_is_found_all_the_same(many):
    watchers = set(many.speakers["n5"].silences(many.now))
    for name in watchers | {"n5"}:
        many.kill(name)
    many.run(many.now + 3 * DETECTED)
    assert many.all_agree_on(set(names(20)) - watchers - {"n5"})


def test_one_that_leaves_is_no_member_as_soon_as_one_of_its_words_arrives(three):
    three.leave("n2")
    three.run(STEADY + DELAY)
    assert three.members("n1") == three.members("n3") == {"n1", "n3"}


def test_one_that_left_is_told_from_one_that_died(three):
    three.leave("n2")
    three.kill("n3")
    three.run(STEADY + 2.0)
    assert three.speakers["n1"].left == {"n2"}


def test_one_that_leaves_is_no_member_for_many_soon(many):
    many.leave("n2")
    many.run(many.now + 0.05)
    assert all(many.members(name) == set(names(20)) - {"n2"} for name in many.speakers if name != "n2")


def test_one_that_leaves_stays_a_member_in_its_own_eyes(three):
    three.leave("n2")
    three.run(STEADY + 2.0)
    assert "n2" in three.members("n2")


def test_one_that_left_is_not_revived_by_those_who_missed_its_leaving(three):
    three.lost = cut(("n2", "n3"))
    three.leave("n2")
    three.run(STEADY + 0.3)
    three.kill("n2")
    three.run(STEADY + 3.0)
    assert [each for each in three.changes if each[0] > STEADY + 3 * DELAY and "n2" in (each[2] or ())] == []
    assert three.all_agree_on({"n1", "n3"})


def test_a_restarted_speaker_is_heard_again_at_once(three):
    three.kill("n2")
    three.run(STEADY + 0.1)
    three.start("n2")
    three.run(three.now + 3 * DELAY + BEAT)
    assert three.members("n1") == three.members("n3") == frozenset(THREE)
    three.run(three.now + SETTLED)
    assert three.all_agree_on(THREE)
    assert three.losses() == []


def test_one_whose_clock_went_back_over_a_restart_takes_a_later_incarnation(three):
    three.kill("n2")
    three.run(STEADY + 1.0)
    three.start("n2", incarnation=5)
    three.run(three.now + 1.0)
    assert three.all_agree_on(THREE)
    three.kill("n2")
    three.run(three.now + 1.0)
    three.start("n2", incarnation=3)
    three.run(three.now + 1.0)
    assert three.all_agree_on(THREE)


def test_a_restart_behind_a_broken_link_is_believed_by_others_word(three):
    three.leave("n1")
    three.run(STEADY + 1.0)
    three.kill("n1")
    three.lost = cut(("n1", "n2"), ("n2", "n1"))
    three.start("n1")
    three.run(three.now + STEADY)
    assert three.all_agree_on(THREE)


# Bad links, slow nodes, paused processes


@pytest.mark.parametrize(
    "links",
    [
        pytest.param([("n1", "n2")], id="one way"),
        pytest.param([("n1", "n2"), ("n2", "n1")], id="both ways"),
        pytest.param([("n1", "n2"), ("n2", "n3"), ("n3", "n1")], id="one way each, in a circle"),
    ],
)
@pytest.mark.parametrize("size", [3, 4, 10])
def test_links_that_lose_all_take_nobody_out(links, size):
    network = Network(names(size), seed=size)
    network.run(STEADY)
    network.lost = cut(*links)
    network.run(STEADY + 5.0)
    assert network.all_agree_on(names(size))
    assert network.losses() == []


@pytest.mark.parametrize(
    "links", [[("n1", "n2")], [("n1", "n2"), ("n2", "n1")]], ids=["one way", "both ways"]
)
def test_speakers_whose_link_never_worked_find_each_other_by_others(links):
    network = Network(THREE, lost=cut(*links))
    network.run(SETTLED + 2 * BEAT)
    assert network.all_agree_on(THREE)
    network.run(10.0)
    assert network.all_agree_on(THREE)
    assert network.losses() == []


def test_one_heard_by_others_only_is_dead_within_a_bound(three):
    three.lost = cut(("n1", "n2"), ("n2", "n1"))
    three.run(STEADY + 2.0)
    three.kill("n1")
    three.run(three.now + 2 * DEFAULT.suspect_after + 2 * DELAY)
    assert three.all_agree_on({"n2", "n3"})


@pytest.mark.parametrize("size", [3, 8])
def test_a_node_whose_every_datagram_is_slow_is_a_member_and_takes_nobody_for_dead(size):
    def delay(sender, receiver, chance):
        return 0.2 + 0.002 * chance if "n1" in (sender, receiver) else 0.001

    network = Network(names(size), seed=size, delay=delay, lost=at_random(1, 0.01))
    network.run(STEADY)
    assert network.all_agree_on(names(size))
    network.run(STEADY + 15.0)
    assert network.losses() == []


def test_a_lossy_link_beside_a_slow_node_takes_nobody_out():
    chance = random.Random(8)

    def delay(sender, receiver, chance):
        return 0.2 if "n1" in (sender, receiver) else 0.001

    network = Network(THREE, seed=8, delay=delay)
    network.run(STEADY)
    network.lost = lambda sender, receiver: {sender, receiver} == {"n2", "n3"} and chance.random() < 0.6
    network.run(STEADY + 15.0)
    assert network.losses() == []


@pytest.mark.parametrize("size", [2, 3, 20])
@pytest.mark.parametrize("seconds", [0.3, 1.0, 10.0])
def test_a_process_that_slept_takes_nobody_for_dead(size, seconds):
    network = Network(names(size), seed=size)
    network.run(STEADY)
    network.sleep("n1", seconds)
    network.run(STEADY + seconds + HEALED)
    assert [loss for loss in network.losses() if loss[1] == "n1" and loss[2] != "n1"] == []
    assert network.all_agree_on(names(size))


def test_a_process_that_slept_takes_nobody_for_dead_although_nothing_waits_for_it(three):
    three.sleep("n1", 5.0)
    three.lost = lambda sender, receiver: receiver == "n1" and three.now < STEADY + 5.0
    three.run(STEADY + 8.0)
    assert [loss for loss in three.losses() if loss[1] == "n1" and loss[2] != "n1"] == []


def test_one_that_slept_knows_at_once_that_others_took_its_place(three):
    three.sleep("n1", 10.0)
    three.run(STEADY + 10.0 - 1e-6)
    assert three.members("n2") == {"n2", "n3"}
    three.run(STEADY + 10.0 + 3 * DELAY + BEAT)
    woke = [members for at, observer, members in three.changes if observer == "n1" and at >= STEADY + 10.0]
    assert "n1" not in woke[0]
    three.run(STEADY + 10.0 + HEALED)
    assert three.all_agree_on(THREE)


def test_a_short_sleep_takes_nobody_out(three):
    three.sleep("n1", DEFAULT.suspect_after - BEAT - DELAY - 0.01)
    three.run(STEADY + 5.0)
    assert three.losses() == []


def test_one_that_died_while_we_slept_is_dead_for_us_soon_after(three):
    three.sleep("n1", 5.0)
    three.run(STEADY + 1.0)
    three.kill("n3")
    three.run(STEADY + 5.0 + HEALED)
    assert three.all_agree_on({"n1", "n2"})


def test_a_process_that_sleeps_while_it_settles_listens_for_as_long_afterwards():
    network = Network(names(2), start=False)
    network.start("n1")
    network.sleep("n1", 5.0)
    network.run(4.9)
    network.start("n2")
    network.run(5.2)
    assert network.members("n1") == frozenset()
    network.run(5.0 + SETTLED + BEAT)
    assert network.members("n1") == {"n1", "n2"}


# Of seven datagrams on a link one arrives: seven intervals and its delay are less than the patience.
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 4), st.floats(0.0, 1.0))
@example(seed=0, size=2, rate=1.0)
def test_no_live_speaker_is_taken_for_dead_while_one_datagram_of_six_arrives(seed, size, rate):
    network = Network(names(size), seed=seed, repeated=0.1)
    network.run(STEADY)
    chance, row = random.Random(seed), dict.fromkeys(permutations(names(size), 2), 0)

    def lost(sender, receiver):
        drop = row[sender, receiver] < 5 and chance.random() < rate
        row[sender, receiver] = row[sender, receiver] + 1 if drop else 0
        return drop

    network.lost = lost
    network.run(STEADY + 5.0)
    assert network.losses() == []
    assert network.all_agree_on(names(size))


# Partitions


def test_one_that_is_cut_off_yields_and_the_others_go_on_without_it(three):
    three.lost = apart({"n1"}, {"n2", "n3"})
    three.run(STEADY + YIELDED)
    assert "n1" not in three.members("n1")
    assert three.speakers["n1"].standing is Standing.CUT_OFF
    three.run(STEADY + DETECTED)
    assert three.members("n2") == three.members("n3") == {"n2", "n3"}
    three.lost = cut()
    three.run(three.now + HEALED)
    assert three.all_agree_on(THREE)


def test_one_that_is_cut_off_for_long_takes_itself_for_the_only_one(three):
    three.lost = apart({"n1"}, {"n2", "n3"})
    three.run(STEADY + YIELDED + DEFAULT.alone_after)
    assert three.members("n1") == {"n1"}
    three.lost = cut()
    three.run(three.now + HEALED)
    assert three.all_agree_on(THREE)


def test_two_that_are_cut_off_from_each_other_both_go_on_and_meet_again():
    network = Network(names(2), seed=2)
    network.run(STEADY)
    network.lost = apart({"n1"}, {"n2"})
    network.run(STEADY + DETECTED)
    assert (network.members("n1"), network.members("n2")) == ({"n1"}, {"n2"})
    network.lost = cut()
    network.run(network.now + HEALED)
    assert network.all_agree_on(names(2))


@pytest.mark.parametrize(("size", "part"), [(4, 2), (5, 2), (14, 7), (20, 4)])
def test_both_sides_of_a_partition_go_on_and_meet_again(size, part):
    network = Network(names(size), seed=size)
    network.run(STEADY)
    one, other = frozenset(names(size)[:part]), frozenset(names(size)[part:])
    network.lost = apart(one, other)
    network.run(STEADY + 4 * DETECTED)
    assert all(network.members(name) == one for name in one)
    assert all(network.members(name) == other for name in other)
    network.lost = cut()
    network.run(network.now + HEALED)
    assert network.all_agree_on(names(size))


@pytest.mark.parametrize("size", [3, 5, 10])
def test_a_deaf_one_yields_and_is_no_member_for_the_others(size):
    network = Network(names(size), seed=size)
    network.run(STEADY)
    network.lost = lambda sender, receiver: receiver == "n1"
    network.run(STEADY + YIELDED + 4 * DELAY)
    others = frozenset(names(size)) - {"n1"}
    assert all(network.members(name) == others for name in others)
    assert "n1" not in network.members("n1")
    network.run(network.now + DEFAULT.alone_after)
    assert all(network.members(name) == others for name in others)
    network.lost = cut()
    network.run(network.now + HEALED)
    assert network.all_agree_on(names(size))
    assert {other for _, _, other in network.losses()} == {"n1"} | (
        {other for _, observer, other in network.losses() if observer == "n1"}
    )


@pytest.mark.parametrize("size", [3, 5, 10])
def test_a_mute_one_yields_and_is_no_member_for_the_others(size):
    network = Network(names(size), seed=size)
    network.run(STEADY)
    network.lost = lambda sender, receiver: sender == "n1"
    network.run(STEADY + DETECTED + 4 * DELAY)
    others = frozenset(names(size)) - {"n1"}
    assert all(network.members(name) == others for name in others)
    assert "n1" not in network.members("n1")
    network.run(network.now + 12.0)
    assert "n1" not in network.members("n1")
    network.lost = cut()
    network.run(network.now + HEALED)
    assert network.all_agree_on(names(size))
    assert {other for _, _, other in network.losses()} == {"n1"}


def test_of_two_the_one_that_is_heard_yields_to_the_one_that_hears_nobody():
    network = Network(names(2), seed=2)
    network.run(STEADY)
    network.lost = cut(("n2", "n1"))
    network.run(STEADY + DETECTED + 2 * DELAY)
    assert network.members("n1") == {"n1"}
    assert "n2" not in network.members("n2")
    network.run(network.now + 12.0)
    assert "n2" not in network.members("n2")
    network.lost = cut()
    network.run(network.now + HEALED)
    assert network.all_agree_on(names(2))


def test_one_that_hears_only_one_other_accuses_nobody(many):
    heard = next(iter(many.speakers["n1"].silences(many.now)))
    many.lost = lambda sender, receiver: receiver == "n1" and sender != heard
    many.run(many.now + 10.0)
    assert [loss for loss in many.losses() if loss[2] != "n1"] == []


# What is proved


def test_nothing_recorded_keeps_a_dead_speaker_alive(three):
    three.records = True
    three.run(STEADY + 1.0)
    recorded = [each for each in three.recorded if each[1].peer == address("n2")]
    three.kill("n2")
    three.run(STEADY + 1.0 + DELAY)
    for step in range(30):
        for receiver, datagram in recorded[-30:]:
            assert three.inject(receiver, datagram) in (Outcome.REPLAYED, Outcome.INTRODUCED)
        three.run(STEADY + 1.0 + DELAY + step * 0.03)
    assert three.all_agree_on({"n1", "n3"})


def test_nothing_recorded_of_an_earlier_life_disturbs_a_living_speaker(three):
    three.records = True
    three.run(STEADY + 1.0)
    recorded = [each for each in three.recorded if each[1].peer == address("n2")]
    three.kill("n2")
    three.start("n2")
    three.run(three.now + STEADY)
    before = three.now
    for step in range(40):
        for receiver, datagram in recorded:
            assert three.inject(receiver, datagram) in (Outcome.REPLAYED, Outcome.INTRODUCED)
        three.run(before + step * 0.05)
    assert three.all_agree_on(THREE)
    assert three.losses() == []


def test_nothing_recorded_before_our_own_restart_is_taken_for_fresh(three):
    three.records = True
    three.run(STEADY + 1.0)
    recorded = [each for each in three.recorded if each[0] == "n1"]
    for name in ("n2", "n3", "n1"):
        three.kill(name)
    three.start("n1")
    assert {three.inject(*each) for each in recorded} <= {Outcome.INTRODUCED, Outcome.REPLAYED}
    three.run(three.now + STEADY)
    assert three.all_agree_on({"n1"})


def stranger(name="n2", incarnation=5):
    own = Record(name, incarnation, 1, Condition.READY, 0)
    return Heartbeat(own, 1, 0, {}, (), 0, 0, 0, Intent.QUESTION)


def test_an_introduction_is_answered_but_no_faster_than_others_need(three):
    three.records = True
    introduced = Datagram(address("n2"), sealed(stranger()))
    assert {three.inject("n1", introduced) for _ in range(100)} == {Outcome.INTRODUCED}
    ((receiver, answer),) = three.recorded
    assert (receiver, parse(Keyring(KEY).open(answer.payload)).heard[5]) == ("n2", 0)


def test_an_introduction_from_an_earlier_life_changes_nothing(three):
    three.inject("n1", Datagram(address("n2"), sealed(stranger())))
    three.run(STEADY + 2.0)
    assert three.losses() == []


def test_a_node_that_we_do_not_know_is_not_ours(three):
    assert three.inject("n1", Datagram(("10.0.0.9", 1), sealed(stranger("n9")))) is Outcome.NOT_OURS


def test_our_own_word_come_back_is_not_ours(three):
    three.records = True
    three.run(STEADY + 0.2)
    own = next(datagram for _, datagram in three.recorded if datagram.peer == address("n1"))
    assert three.inject("n1", own) is Outcome.NOT_OURS


@given(st.binary(max_size=100))
def test_whatever_arrives_without_the_key_is_unauthenticated(payload):
    speaker = Membership("n1", KEY, 1, 0.0)
    assert speaker.receive_frame(Datagram(address("n2"), payload), 0.0) is Outcome.UNAUTHENTICATED


@given(st.binary(max_size=100))
def test_garbage_under_the_right_key_is_malformed(body):
    speaker = Membership("n1", KEY, 1, 0.0)
    frame = Datagram(address("n2"), Keyring(KEY).seal(body))
    assert speaker.receive_frame(frame, 0.0) is Outcome.MALFORMED


_numbers = st.integers(0, 2**63 - 1) | st.sampled_from([0, 1, 1000 << 20, 1001 << 20, 1002 << 20])
_names = st.sampled_from(["n1", "n2", "n3", "n9", ""])
_records = st.builds(Record, _names, _numbers, _numbers, st.sampled_from(Condition), _numbers)
_messages = (
    st.builds(
        Heartbeat,
        own=_records,
        sequence=_numbers,
        clock=_numbers,
        heard=st.dictionaries(_numbers, _numbers, max_size=4),
        suspects=st.lists(_numbers, max_size=2).map(tuple),
        patience=_numbers,
        digest=_numbers,
        newest=_numbers,
        intent=st.sampled_from(Intent),
        news=st.lists(_records, max_size=3).map(tuple),
    )
    | st.builds(Want, _names, _numbers, _numbers, _numbers, _numbers, _numbers, _numbers)
    | st.builds(Piece, _numbers, _numbers, _numbers, _numbers, st.integers(1, 64), st.binary(max_size=9))
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_messages, max_size=12))
def test_whatever_one_says_that_has_the_key_nothing_breaks(messages):
    network = Network(THREE, seed=3)
    network.run(0.6)
    for message in messages:
        network.inject("n1", Datagram(address("n2"), sealed(message)))
        network.run(network.now + 0.06)


# Keys


def test_a_new_key_takes_nobody_out_however_late_one_has_it(three):
    for at, name in ((0.0, "n1"), (5.0, "n2"), (30.0, "n3")):
        three.run(STEADY + at)
        three.call(name, lambda speaker: speaker.set_key(b"another"))
    three.run(STEADY + 30.0 + KEPT + 5.0)
    assert three.all_agree_on(THREE)
    assert three.losses() == []


def test_once_all_have_the_new_key_and_its_time_is_over_the_old_one_opens_nothing(three):
    for name in THREE:
        three.call(name, lambda speaker: speaker.set_key(b"another"))
    three.run(STEADY + 1.0)
    assert three.inject("n1", Datagram(address("n2"), sealed(stranger()))) is Outcome.INTRODUCED
    three.run(STEADY + KEPT + 0.1)
    assert three.inject("n1", Datagram(address("n2"), sealed(stranger()))) is Outcome.UNAUTHENTICATED
    assert three.all_agree_on(THREE)


def test_who_has_another_key_is_no_member():
    network = Network(THREE, start=False)
    for name, key in (("n1", KEY), ("n2", KEY), ("n3", b"another")):
        network.start(name, key=key)
    network.run(STEADY)
    assert network.members("n1") == network.members("n2") == {"n1", "n2"}
    assert network.members("n3") == {"n3"}


# Nodes that come and go


def test_a_node_that_is_added_is_found_and_one_that_is_removed_is_forgotten():
    network = Network(names(4), seed=3, start=False)
    for name in THREE:
        network.start(name, peers=THREE)
    network.run(STEADY)
    network.start("n4")
    network.run(STEADY + 1.0)
    assert network.members("n1") == set(THREE)
    for name in THREE:
        network.call(name, lambda speaker: speaker.set_peers({each: address(each) for each in names(4)}))
    network.run(network.now + HEALED)
    assert network.all_agree_on(names(4))
    for name in THREE:
        network.call(name, lambda speaker: speaker.set_peers({each: address(each) for each in THREE}))
    network.kill("n4")
    assert network.all_agree_on(THREE)
    network.run(network.now + 2.0)
    assert network.all_agree_on(THREE)


def test_one_that_knows_fewer_nodes_than_others_is_a_member_and_takes_nobody_out(many):
    fewer = {name: address(name) for name in names(20)[:12]}
    many.call("n1", lambda speaker: speaker.set_peers(fewer))
    many.run(many.now + 5.0)
    assert many.members("n1") == set(fewer)
    assert {other for _, observer, other in many.losses() if observer != "n1"} == set()


def test_a_speaker_whose_address_changes_stays_a_member_and_is_reached_at_the_new_one(three):
    moved, speaker = ("10.0.0.77", 7946), three.speakers["n1"]
    speaker.set_peers({"n2": moved, "n3": address("n3")})
    assert three.members("n1") == frozenset(THREE)
    speaker.handle_timer(three.now + BEAT)
    assert moved in {datagram.peer for datagram in speaker.frames_to_send(three.now)}


def test_speakers_whose_pace_differs_take_nobody_out():
    slow = Timing(interval=0.5, suspect_after=3.5)
    network = Network(THREE, start=False)
    for name, timing in (("n1", slow), ("n2", DEFAULT), ("n3", DEFAULT)):
        network.timing = timing
        network.start(name)
    network.run(STEADY)
    network.run(STEADY + 15.0)
    assert network.all_agree_on(THREE)
    assert network.losses() == []


# Bulletins


def publish(network, name, data):
    network.call(name, lambda speaker: speaker.set_bulletin(data, network.now))


def test_what_one_publishes_all_others_have_soon(three):
    publish(three, "n1", b"word")
    three.run(STEADY + 3 * DELAY)
    assert three.speakers["n2"].bulletins == three.speakers["n3"].bulletins == {"n1": b"word"}
    assert three.speakers["n1"].bulletins == {}
    publish(three, "n1", b"another")
    three.run(three.now + 3 * DELAY)
    assert three.speakers["n2"].bulletins == {"n1": b"another"}


@pytest.mark.parametrize("rate", [0.0, 0.03])
def test_the_longest_bulletin_reaches_many(many, rate):
    data = random.Random(1).randbytes(65_536)
    many.lost = at_random(5, rate)
    publish(many, "n3", data)
    many.run(many.now + (0.2 if not rate else 3.0))
    assert all(speaker.bulletins == {"n3": data} for name, speaker in many.speakers.items() if name != "n3")
    assert many.losses() == []


def test_a_bulletin_costs_each_node_little_more_than_its_length(many):
    data = bytes(32 * 1024)
    before = dict(many.sent)
    publish(many, "n3", data)
    many.run(many.now + 0.2)
    quiet = 0.2 * 6 / BEAT
    # Neighbor gives to neighbor: nobody to more than its six, and the owner not to all.
    assert max(many.sent[name] - before[name] - quiet for name in many.sent) <= 6 * (32 + 6)


def test_one_that_starts_has_all_bulletins_before_it_says_who_is_a_member(many):
    for name in names(20)[1:]:
        publish(many, name, name.encode() * 1000)
    many.run(many.now + 1.0)
    many.kill("n1")
    many.run(many.now + 1.0)
    many.start("n1")
    speaker = many.speakers["n1"]
    while not speaker.has_settled:
        many.run(many.now + 0.005)
    assert speaker.bulletins == {name: name.encode() * 1000 for name in names(20)[1:]}


def test_one_that_starts_waits_for_a_bulletin_that_is_not_to_be_had_only_for_a_while(three):
    publish(three, "n2", b"word")
    three.run(STEADY + 1.0)
    three.kill("n1")
    three.run(STEADY + 2.0)
    three.start("n1")
    speaker = three.speakers["n1"]
    speaker._exchange.receive_piece = lambda piece, now: Outcome.HEARD  # none arrives
    three.run(three.now + SETTLED + DEFAULT.fetch_after - 0.1)
    assert not speaker.has_settled
    three.run(three.now + 0.2)
    assert speaker.has_settled


def test_a_bulletin_of_one_that_is_dead_is_not_told_and_of_one_that_returns_it_is_its_own(three):
    publish(three, "n2", b"before")
    three.run(STEADY + 1.0)
    three.kill("n2")
    three.run(STEADY + 2.0)
    assert three.speakers["n1"].bulletins == {}
    three.start("n2")
    publish(three, "n2", b"after")
    three.run(three.now + 1.0)
    assert three.speakers["n1"].bulletins == {"n2": b"after"}


def test_one_that_is_not_ready_publishes_all_the_same(three):
    three.kill("n2")
    three.run(STEADY + 1.0)
    three.start("n2", ready=False)
    publish(three, "n2", b"word")
    three.run(three.now + 1.0)
    assert three.speakers["n1"].bulletins == {"n2": b"word"}
    assert three.members("n1") == {"n1", "n3"}


def test_after_a_partition_each_side_has_the_others_latest(many):
    one, other = frozenset(names(20)[:10]), frozenset(names(20)[10:])
    many.lost = apart(one, other)
    many.run(many.now + 3.0)
    publish(many, "n1", b"here")
    publish(many, "n20", b"there")
    many.run(many.now + 1.0)
    many.lost = cut()
    many.run(many.now + HEALED)
    assert many.speakers["n5"].bulletins == {"n1": b"here", "n20": b"there"}
    assert many.speakers["n15"].bulletins == {"n1": b"here", "n20": b"there"}


# What is told to people


def test_it_tells_for_how_long_each_that_it_watches_was_silent(three):
    assert three.speakers["n1"].silences(three.now)["n2"] < BEAT + DELAY + 1e-6
    alone = Membership("n1", KEY, 1, 0.0)
    alone.set_peers({"n2": address("n2")})
    assert alone.silences(5.0) == {}


# Whatever happens


class Cluster(RuleBasedStateMachine):
    """A few speakers to which anything may happen; in the end the network is quiet."""

    @initialize(size=st.integers(2, 8), seed=st.integers(0, 2**32))
    def begin(self, size, seed):
        self.names = names(size)
        self.network = Network(self.names, seed=seed, repeated=0.1)
        self.network.run(STEADY)
        self.words = {}
        self.awake_at = 0.0

    @property
    def down(self):
        return set(self.names) - self.network.speakers.keys()

    @rule(seconds=st.sampled_from([0.03, 0.2, 0.5, 1.3]))
    def time_passes(self, seconds):
        self.network.run(self.network.now + seconds)

    @rule(rate=st.sampled_from([0.0, 0.1, 0.5]), seed=st.integers(0, 99))
    def links_lose(self, rate, seed):
        self.network.lost = at_random(seed, rate)

    @rule(data=st.data())
    def the_network_parts(self, data):
        side = data.draw(st.sets(st.sampled_from(self.names)))
        self.network.lost = apart(side, set(self.names) - side)

    @rule(data=st.data(), hears=st.booleans())
    def one_is_deaf_or_mute(self, data, hears):
        one = data.draw(st.sampled_from(self.names))
        self.network.lost = lambda sender, receiver: one == (sender if hears else receiver)

    @precondition(lambda self: len(self.down) < len(self.names) - 1)
    @rule(data=st.data(), leaves=st.booleans())
    def one_dies(self, data, leaves):
        one = data.draw(st.sampled_from(sorted(self.network.speakers)))
        if leaves:
            self.network.leave(one)
        self.network.kill(one)
        self.words.pop(one, None)

    @precondition(lambda self: self.down)
    @rule(data=st.data(), back=st.booleans())
    def one_starts(self, data, back):
        one = data.draw(st.sampled_from(sorted(self.down)))
        self.network.start(one, incarnation=data.draw(st.integers(1, 999)) if back else None)

    @rule(data=st.data(), seconds=st.sampled_from([0.2, 1.0, 4.0]))
    def one_sleeps(self, data, seconds):
        self.network.sleep(data.draw(st.sampled_from(sorted(self.network.speakers))), seconds)
        self.awake_at = max(self.awake_at, self.network.now + seconds)

    @rule(data=st.data(), word=st.binary(max_size=3000))
    def one_publishes(self, data, word):
        one = data.draw(st.sampled_from(sorted(self.network.speakers)))
        publish(self.network, one, word)
        self.words[one] = word

    def teardown(self):
        if not hasattr(self, "network"):
            return
        network = self.network
        network.lost = cut()
        living = set(network.speakers)
        alone = DEFAULT.alone_after if len(living) == 1 else 0.0  # one that hears nobody yields until then
        network.run(max(network.now, self.awake_at) + 3 * HEALED + alone)
        assert network.all_agree_on(living)
        for name, speaker in network.speakers.items():
            assert speaker.bulletins == {one: word for one, word in self.words.items() if one != name}
        quiet = network.now
        network.run(quiet + 1.0)
        assert network.losses(quiet) == []
        if len(living) > 1:
            dead = min(living)
            network.kill(dead)
            network.run(network.now + DETECTED + 4 * DELAY)
            assert network.all_agree_on(living - {dead})


TestCluster = Cluster.TestCase
TestCluster.settings = settings(max_examples=10, stateful_step_count=10, deadline=None)
