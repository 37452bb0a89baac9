import itertools

import pytest

from speaker.layer2.protocol.schedule import TAKEOVER_AT, Pace, Schedule

A, B, C = b"a", b"b", b"c"
INTERVAL = 60.0


def schedule(interval=INTERVAL, most=1000, frames=1):
    return Schedule(interval, Pace(most, 0.005), frames)


def due(schedule, now):
    return list(schedule.due(now))


def run_until(schedule, end):
    """(time, address) of what is due until *end*, asked for exactly when the schedule says."""
    told = []
    while (now := schedule.next()) is not None and now <= end:
        told += [(now, key) for key in schedule.due(now)]
    return told


def test_a_takeover_is_told_at_once_and_then_at_growing_gaps():
    made = schedule(interval=0)
    made.begin(A, 50.0)
    assert run_until(made, 1e6) == [(50.0 + after, A) for after in TAKEOVER_AT]
    assert made.next() is None


def test_after_the_takeover_an_address_is_told_again_each_interval_for_ever():
    made = schedule()
    made.begin(A, 50.0)
    times = [at for at, _ in run_until(made, 10_000.0)][len(TAKEOVER_AT) :]
    assert 58.0 <= times[0] < 58.0 + INTERVAL
    assert {round(later - earlier, 6) for earlier, later in itertools.pairwise(times)} == {INTERVAL}
    assert times[-1] > 10_000.0 - INTERVAL


def test_addresses_taken_over_together_are_refreshed_apart():
    made = schedule(most=10_000)
    for number in range(1000):
        made.begin(number.to_bytes(2, "big"), 0.0)
    run_until(made, 8.0)
    told = [at for at, _ in run_until(made, 8.0 + INTERVAL)]
    per_second = [sum(second <= at - 8 < second + 1 for at in told) for second in range(60)]
    assert sum(per_second) == 1000
    assert max(per_second) <= 20


def test_rounds_that_were_missed_are_not_made_up_for():
    made = schedule()
    made.begin(A, 0.0)
    assert due(made, 0.5) == [A]
    assert made.next() == 1.0
    assert due(made, 2.0) == [A]
    assert made.next() == 3.0


def test_refreshes_that_were_missed_are_not_made_up_for_and_keep_their_time():
    made = schedule()
    made.begin(A, 0.0)
    run_until(made, 8.0)
    first = made.next()
    assert due(made, first + 10.5 * INTERVAL) == [A]
    assert made.next() == pytest.approx(first + 11 * INTERVAL)


def test_an_address_that_ended_is_not_due():
    made = schedule()
    made.begin(A, 0.0)
    run_until(made, 0.3)
    made.end(A)
    assert run_until(made, 1000.0) == []
    assert made.next() is None


def test_ending_what_never_began_changes_nothing():
    made = schedule()
    made.end(A)
    assert made.next() is None


@pytest.mark.parametrize("pause", [0.0, 0.25], ids=["at the same moment", "later"])
def test_an_address_that_begins_again_starts_anew(pause):
    made = schedule(interval=0)
    made.begin(A, 0.0)
    due(made, 0.0)
    made.end(A)
    made.begin(A, pause)
    assert run_until(made, 100.0) == [(pause + after, A) for after in TAKEOVER_AT]


def test_all_addresses_begin_again_when_they_have_to():
    made = schedule()
    made.begin(A, 0.0)
    made.begin(B, 0.0)
    run_until(made, 100.0)
    made.begin_all(100.0)
    assert due(made, 100.0) == [A, B]
    assert due(made, 100.1) == [A, B]


def test_no_more_frames_go_in_a_slice_than_the_pace_allows():
    made = schedule(most=10, frames=2)
    for number in range(12):
        made.begin(bytes((number,)), 1.0)
    assert due(made, 1.0) == [bytes((number,)) for number in range(5)]
    assert due(made, 1.004) == []
    assert made.next() == 1.005
    assert due(made, 1.005) == [bytes((number,)) for number in range(5, 10)]
    assert due(made, 1.010) == [bytes((number,)) for number in range(10, 12)]


def test_takeovers_go_before_refreshes():
    made = schedule(most=2)
    for key in (A, B):
        made.begin(key, 0.0)
    run_until(made, 8.0)
    long_after = 8.0 + INTERVAL
    made.begin(C, long_after)
    assert due(made, long_after)[0] == C
    assert due(made, long_after + 0.005) != []


def test_interfaces_share_a_pace():
    pace = Pace(3, 0.005)
    one, other = Schedule(INTERVAL, pace, 1), Schedule(INTERVAL, pace, 1)
    for key in (A, B):
        one.begin(key, 0.0)
        other.begin(key, 0.0)
    assert due(one, 0.0) == [A, B]
    assert due(other, 0.0) == [A]
    assert other.next() == 0.005
    assert due(other, 0.005) == [B]


def test_five_hundred_addresses_are_told_in_both_forms_within_a_tenth_of_a_second():
    made = Schedule(INTERVAL, Pace(), 2)
    for number in range(500):
        made.begin(number.to_bytes(2, "big"), 0.0)
    told = {}
    while len(told) < 500:
        now = made.next()
        told.update((key, now) for key in made.due(now) if key not in told)
    assert max(told.values()) < 0.1


def test_an_address_that_comes_and_goes_for_long_leaves_nothing_behind():
    made = schedule()
    for second in range(10_000):
        made.begin(A, float(second))
        due(made, float(second))
        made.end(A)
    assert len(made._takeovers) + len(made._refreshes) <= 2
