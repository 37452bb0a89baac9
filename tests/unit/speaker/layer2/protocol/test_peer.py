from itertools import product

import pytest

from speaker.layer2.protocol.heartbeat import VERSION, Heartbeat
from speaker.layer2.protocol.peer import NEVER, TRANSITIONS, Peer, Signal, State

SUSPECT_AFTER, DEAD_AFTER = 0.4, 0.8
IMPOSSIBLE = {
    (State.DEAD, Signal.MISSED): "nothing is expected of the dead",
    (State.DEAD, Signal.EXPIRED): "it is dead already",
    (State.ALIVE, Signal.EXPIRED): "suspicion comes first",
    (State.SUSPECT, Signal.MISSED): "it is suspected already",
}


def word(incarnation=1, sequence=1, ready=True, leaving=False):
    return Heartbeat(VERSION, "n2", incarnation, sequence, 99, ready, leaving, {})


@pytest.fixture
def peer():
    return Peer(("10.0.0.2", 7946))


def judge(peer, now):
    peer.judge(now, SUSPECT_AFTER, DEAD_AFTER)
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


def test_a_silent_speaker_is_suspected_then_dead_at_the_very_moments_it_asks_for(peer):
    peer.hear(word(), 0.1)
    assert peer.next_judgement(SUSPECT_AFTER, DEAD_AFTER) == 0.1 + SUSPECT_AFTER
    assert judge(peer, 0.1 + SUSPECT_AFTER - 1e-9) is State.ALIVE
    assert judge(peer, 0.1 + SUSPECT_AFTER) is State.SUSPECT
    assert peer.next_judgement(SUSPECT_AFTER, DEAD_AFTER) == 0.1 + DEAD_AFTER
    assert judge(peer, 0.1 + DEAD_AFTER - 1e-9) is State.SUSPECT
    assert judge(peer, 0.1 + DEAD_AFTER) is State.DEAD
    assert peer.next_judgement(SUSPECT_AFTER, DEAD_AFTER) is None


@pytest.mark.parametrize("heard_at", [0.1, 12345.1, 7e5 + 0.3])
def test_a_deadline_judged_at_its_own_time_is_always_past(peer, heard_at):
    peer.hear(word(), heard_at)
    while (deadline := peer.next_judgement(SUSPECT_AFTER, DEAD_AFTER)) is not None:
        before = peer.state
        assert judge(peer, deadline) is not before


def test_hearsay_keeps_alive_whom_we_do_not_hear(peer):
    peer.hear(word(), 0.0)
    peer.vouch(1, 0.7)
    assert judge(peer, 0.9) is State.ALIVE
    assert peer.heard_at == 0.0


def test_older_hearsay_than_what_we_know_changes_nothing(peer):
    peer.hear(word(), 1.0)
    peer.vouch(1, 0.5)
    assert peer.last_heard == 1.0


def test_hearsay_of_one_whom_we_never_heard_is_believed_alive_and_ready(peer):
    peer.vouch(1, 1.0)
    assert judge(peer, 1.1) is State.ALIVE
    assert peer.ready


def test_hearsay_of_the_same_life_does_not_make_ready_what_said_it_is_not(peer):
    peer.hear(word(ready=False), 1.0)
    peer.vouch(1, 1.1)
    assert not peer.ready


def test_who_leaves_is_dead_at_once_and_hearsay_of_that_life_does_not_revive_it(peer):
    peer.hear(word(sequence=1), 1.0)
    peer.hear(word(sequence=2, leaving=True), 1.1)
    assert peer.state is State.DEAD
    peer.vouch(1, 1.2)
    assert judge(peer, 1.2) is State.DEAD


def test_hearsay_of_a_new_life_revives_who_left(peer):
    peer.hear(word(leaving=True), 1.0)
    peer.vouch(2, 1.2)
    assert judge(peer, 1.2) is State.ALIVE


def test_hearsay_of_a_life_that_is_over_is_of_no_account(peer):
    peer.hear(word(incarnation=1), 1.0)
    peer.hear(word(incarnation=2), 1.1)
    peer.vouch(1, 5.0)
    assert peer.last_heard == 1.1


@pytest.mark.parametrize(
    ("heartbeat", "expected"),
    [
        pytest.param(word(2, 8), False, id="next"),
        pytest.param(word(2, 100), False, id="after a gap"),
        pytest.param(word(2, 7), True, id="the same again"),
        pytest.param(word(2, 6), True, id="overtaken"),
        pytest.param(word(1, 1000), True, id="of an earlier life"),
        pytest.param(word(3, 1), False, id="of a new life"),
    ],
)
def test_a_word_counts_once_and_in_order(peer, heartbeat, expected):
    peer.hear(word(1, 50), 0.0)
    peer.hear(word(2, 7), 0.1)
    assert peer.is_replay(heartbeat) is expected


def test_time_in_which_we_did_not_listen_is_left_out_of_its_silence(peer):
    peer.hear(word(), 1.0)
    peer.excuse(5.0, 6.2)
    assert peer.heard_at == 6.0
    assert judge(peer, 6.2) is State.ALIVE
    assert judge(peer, 6.5) is State.SUSPECT


def test_excuses_reach_no_further_than_the_present(peer):
    peer.hear(word(), 1.0)
    peer.excuse(5.0, 3.0)
    assert peer.heard_at == 3.0


def test_who_was_never_heard_stays_unheard_whatever_is_excused(peer):
    peer.excuse(5.0, 6.0)
    assert peer.last_heard == NEVER
    assert judge(peer, 6.0) is State.DEAD
