import pytest

from speaker.layer2.protocol.standing import Ear, Standing
from speaker.layer2.protocol.timing import DEFAULT

PATIENCE = DEFAULT.suspect_after


@pytest.fixture
def ear():
    """Of one that heard another at 1.0, and was heard by it at its clock 1000."""
    ear = Ear(DEFAULT)
    ear.hear(1000, 0.0, 1.0)
    return ear


def test_who_is_not_ready_does_not_count(ear):
    assert ear.judge(False, 2, 1.0) is Standing.UNREADY
    assert ear.judge(False, 0, 1.0) is Standing.UNREADY


def test_who_is_alone_counts():
    assert Ear(DEFAULT).judge(True, 0, 1.0) is Standing.ALONE


def test_who_hears_somebody_counts(ear):
    assert ear.judge(True, 2, 1.0 + PATIENCE - 0.001) is Standing.MEMBER


def test_who_hears_nobody_while_two_live_is_cut_off_and_takes_itself_for_the_only_one_much_later(ear):
    assert ear.judge(True, 2, 1.0 + PATIENCE) is Standing.CUT_OFF
    assert ear.is_cut_off(2, 1.0 + PATIENCE)
    later = 1.0 + PATIENCE + DEFAULT.alone_after
    assert ear.judge(True, 2, later - 0.001) is Standing.CUT_OFF
    assert ear.judge(True, 2, later) is Standing.ALONE


def test_an_only_other_that_is_silent_cuts_nobody_off(ear):
    assert ear.hears_nobody(1.0 + PATIENCE)
    assert not ear.is_cut_off(1, 100.0)


def test_an_only_others_death_comes_before_our_own_doubt(ear):
    assert ear.judge(True, 1, 1.0 + PATIENCE) is Standing.MEMBER


def test_who_contradicts_counts_again_once_that_is_heard(ear):
    ear.accuse(1200)
    assert ear.judge(True, 2, 1.0) is Standing.ACCUSED
    ear.hear(1199, 0.0, 1.1)
    assert ear.judge(True, 2, 1.1) is Standing.ACCUSED
    ear.hear(1200, 0.0, 1.2)
    assert ear.judge(True, 2, 1.2) is Standing.MEMBER


def test_others_that_are_slower_are_waited_for(ear):
    ear.hear(1001, 3.0, 2.0)
    assert ear.judge(True, 2, 4.9) is Standing.MEMBER
    assert ear.judge(True, 2, 5.0) is Standing.CUT_OFF


def test_time_in_which_we_did_not_listen_counts_for_nothing(ear):
    ear.excuse(10.0, 11.1)
    assert ear.judge(True, 2, 11.1) is Standing.MEMBER
    assert ear.judge(True, 2, 11.0 + PATIENCE) is Standing.CUT_OFF


@pytest.mark.parametrize("standing", Standing)
def test_members_are_those_that_are_heard_and_those_that_are_alone(standing):
    assert standing.counts is (standing in (Standing.MEMBER, Standing.ALONE))
