from itertools import product

import pytest

from speaker.layer2.protocol.heartbeat import Condition, Heartbeat, Intent, Record
from speaker.layer2.protocol.peer import NEVER, TRANSITIONS, Comparison, Peer, Signal, State

PATIENCE = 0.4
IMPOSSIBLE = {
    (State.DEAD, Signal.MISSED): "nothing is expected of the dead",
    (State.SUSPECT, Signal.MISSED): "it is suspected already",
}


def record(incarnation=1, version=1, condition=Condition.READY):
    return Record("n2", incarnation, version, condition, 0)


def word(sequence=1, clock=1000, incarnation=1, patience=0):
    return Heartbeat(record(incarnation), sequence, clock, {}, (), patience, 0, 77, Intent.PULSE)


@pytest.fixture
def peer():
    """One that is known to live."""
    peer = Peer("n2", ("10.0.0.2", 7946))
    peer.take(record())
    return peer


def judged(peer, now):
    peer.judge(now, PATIENCE, 5)
    return peer.state


@pytest.mark.parametrize(("state", "signal"), list(product(State, Signal)), ids=lambda each: each.name)
def test_every_pair_of_state_and_signal_has_one_end_or_is_impossible(peer, state, signal):
    peer.state = state
    if (state, signal) in IMPOSSIBLE:
        with pytest.raises(KeyError):
            peer._signal(signal)
        assert peer.state is state
    else:
        peer._signal(signal)
        assert peer.state is TRANSITIONS[state, signal]


@pytest.mark.parametrize(
    ("condition", "state"),
    [
        (Condition.UNREADY, State.ALIVE),
        (Condition.READY, State.ALIVE),
        (Condition.LEFT, State.DEAD),
        (Condition.DEAD, State.DEAD),
    ],
)
def test_what_is_known_of_it_says_whether_it_lives(peer, condition, state):
    peer.take(record(version=2, condition=condition))
    assert peer.state is state


def test_the_dead_live_again_when_they_contradict(peer):
    peer.take(record(condition=Condition.DEAD))
    peer.take(record(version=2))
    assert peer.state is State.ALIVE


def test_a_word_that_changes_nothing_leaves_a_suspect_one(peer):
    peer.hear(word(), 0.0)
    assert judged(peer, 1.0) is State.SUSPECT
    peer.take(record(version=2, condition=Condition.UNREADY))
    assert peer.state is State.SUSPECT


@pytest.mark.parametrize("heard_at", [0.1, 12345.1, 7e5 + 0.3])
def test_a_silent_speaker_is_suspected_at_the_very_moment_that_it_asks_for(peer, heard_at):
    peer.hear(word(), heard_at)
    deadline = peer.deadline(PATIENCE)
    assert deadline == heard_at + PATIENCE
    assert judged(peer, deadline - 1e-9) is State.ALIVE
    assert peer.judge(deadline, PATIENCE, 17)
    assert (peer.state, peer.suspected_at, peer.asked) == (State.SUSPECT, deadline, 17)
    assert not peer.judge(deadline + 1, PATIENCE, 18)


def test_one_that_asks_for_more_patience_gets_it(peer):
    peer.hear(word(patience=3000), 0.0)
    assert judged(peer, 2.9) is State.ALIVE
    assert judged(peer, 3.0) is State.SUSPECT


def test_a_sign_of_life_clears_a_suspect(peer):
    peer.hear(word(1), 0.0)
    assert judged(peer, 0.5) is State.SUSPECT
    peer.hear(word(2, 1500), 0.5)
    assert judged(peer, 0.6) is State.ALIVE


def test_what_others_heard_later_counts_by_its_own_clock(peer):
    peer.hear(word(clock=1000), 10.0)
    peer.vouch(1200, 10.9)
    assert peer.deadline(PATIENCE) == pytest.approx(10.2 + PATIENCE)
    assert (peer.heard_at, peer.heard_clock, peer.clock) == (10.0, 1000, 1200)


def test_what_others_heard_earlier_changes_nothing(peer):
    peer.hear(word(clock=1000), 10.0)
    peer.vouch(900, 10.9)
    peer.vouch(1000, 10.9)
    assert peer.deadline(PATIENCE) == 10.0 + PATIENCE


def test_no_word_of_others_reaches_into_the_future(peer):
    peer.hear(word(clock=1000), 10.0)
    peer.vouch(90_000, 10.5)
    assert peer.deadline(PATIENCE) == 10.5 + PATIENCE


def test_of_one_that_we_never_heard_the_word_of_others_is_all(peer):
    peer.vouch(5000, 10.0)
    assert peer.deadline(PATIENCE) == 10.0 + PATIENCE
    assert (peer.heard_at, peer.heard_clock) == (NEVER, 0)


def test_an_overtaken_word_of_its_own_is_no_later_sign(peer):
    peer.hear(word(clock=1000), 10.0)
    peer.vouch(1300, 10.3)
    peer.hear(word(2, clock=1100), 10.5)
    assert peer.deadline(PATIENCE) == pytest.approx(10.3 + PATIENCE)
    assert peer.heard_at == 10.5


def test_silence_counts_only_from_when_it_is_watched(peer):
    peer.hear(word(), 1.0)
    peer.expect(5.0)
    assert judged(peer, 5.3) is State.ALIVE
    assert judged(peer, 5.4) is State.SUSPECT


def test_one_that_is_not_watched_any_more_is_no_suspect(peer):
    peer.hear(word(), 1.0)
    assert judged(peer, 5.0) is State.SUSPECT
    peer.release()
    assert peer.state is State.ALIVE


def test_a_new_life_begins_with_nothing(peer):
    peer.hear(word(sequence=50), 1.0)
    peer.take(record(incarnation=2))
    assert (peer.heard_at, peer.heard_clock, peer.clock, peer.told) == (NEVER, 0, 0, None)
    assert not peer.is_replay(1)


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [(8, False), (100, False), (7, True), (6, True)],
    ids=["next", "after a gap", "the same again", "overtaken"],
)
def test_a_word_counts_once_and_in_order(peer, sequence, expected):
    peer.hear(word(sequence=7), 0.1)
    assert peer.is_replay(sequence) is expected


def test_time_in_which_we_did_not_listen_is_left_out_of_its_silence(peer):
    peer.hear(word(), 1.0)
    peer.excuse(5.0, 6.2)
    assert peer.heard_at == 6.0
    assert judged(peer, 6.2) is State.ALIVE
    assert judged(peer, 6.5) is State.SUSPECT


def test_excuses_reach_no_further_than_the_present(peer):
    peer.hear(word(), 1.0)
    peer.excuse(5.0, 3.0)
    assert peer.heard_at == 3.0


def test_it_tells_which_key_it_has(peer):
    assert peer.newest is None
    peer.hear(word(), 1.0)
    assert peer.newest == 77


AFTER, APART = 0.05, 1.0


@pytest.fixture
def due():
    comparison = Comparison()
    return lambda now, ours=1, theirs=2: comparison.is_due(ours, theirs, now, AFTER, APART)


def test_a_difference_that_stands_for_a_while_is_due_once_and_again_much_later(due):
    assert [due(at) for at in (0.0, 0.04, 0.05, 0.1, 1.0, 1.05)] == [False, False, True, False, False, True]


def test_a_difference_that_just_came_is_on_its_way(due):
    assert not due(0.0)
    assert not due(0.05, ours=3)
    assert due(0.1, ours=3)


def test_who_knows_the_same_is_told_nothing(due):
    assert not any(due(at / 10, 7, 7) for at in range(100))
