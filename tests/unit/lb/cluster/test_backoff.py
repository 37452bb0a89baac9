import pytest

from lb.cluster.backoff import Backoff, delay


def test_waits_double_up_to_the_longest():
    backoff = Backoff(first=1, longest=10, chance=lambda: 0.5)
    assert [backoff.wait() for _ in range(6)] == [1, 2, 4, 8, 10, 10]


def test_a_reset_starts_from_the_first_wait():
    backoff = Backoff(first=1, longest=10, chance=lambda: 0.5)
    backoff.wait()
    backoff.wait()
    backoff.reset()
    assert backoff.wait() == 1


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 0.5), (0.999, 1.499)])
def test_chance_spreads_waits_from_half_to_one_and_a_half(chance, wait):
    assert Backoff(first=1, longest=10, chance=lambda: chance).wait() == pytest.approx(wait)


def test_a_thousand_failures_do_not_overflow():
    assert delay(1000, 0.2, 10) == 10
