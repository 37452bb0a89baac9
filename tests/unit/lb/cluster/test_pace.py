import pytest

from lb.cluster.pace import Pace


@pytest.fixture
def spent():
    """A pace that lets a key go three times at once, and it went as often."""
    pace = Pace(burst=3, period=1.0)
    for _ in range(3):
        assert pace.rest("a", 100.0) == 0.0
        pace.spend("a", 100.0)
    return pace


def test_after_a_burst_a_key_goes_once_in_a_period(spent):
    assert spent.rest("a", 100.0) == 1.0
    assert spent.rest("a", 100.25) == 0.75
    spent.spend("a", 101.0)
    assert spent.rest("a", 101.0) == 1.0


def test_who_rested_for_long_has_a_burst_again_and_no_more(spent):
    for _ in range(3):
        assert spent.rest("a", 1000.0) == 0.0
        spent.spend("a", 1000.0)
    assert spent.rest("a", 1000.0) == 1.0


def test_others_do_not_wait_nor_one_that_is_made_anew(spent):
    assert spent.rest("b", 100.0) == 0.0
    spent.forget("a")
    assert spent.rest("a", 100.0) == 0.0
