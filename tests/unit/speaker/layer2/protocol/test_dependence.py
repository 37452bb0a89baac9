import pytest

from speaker.layer2.protocol.dependence import STALLED_AFTER, Dependence


@pytest.fixture
def speaker():
    """One that said at 10.0 that it runs."""
    speaker = Dependence(1.0)
    speaker.hear(10.0)
    return speaker


def test_a_speaker_that_says_nothing_for_too_long_is_stalled(speaker):
    assert not speaker.is_stalled(10.0 + STALLED_AFTER - 0.001)
    assert speaker.is_stalled(10.0 + STALLED_AFTER)


def test_one_that_speaks_again_is_not(speaker):
    speaker.hear(20.0)
    assert not speaker.is_stalled(20.0)


def test_time_in_which_we_did_not_listen_counts_for_nothing(speaker):
    speaker.excuse(30.0, 40.5)
    assert not speaker.is_stalled(40.5)
    assert speaker.is_stalled(40.0 + STALLED_AFTER)


def test_excuses_reach_no_further_than_the_present(speaker):
    speaker.excuse(30.0, 11.0)
    assert speaker.is_stalled(11.0 + STALLED_AFTER)
