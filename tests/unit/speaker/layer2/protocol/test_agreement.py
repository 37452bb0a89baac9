import pytest

from speaker.layer2.protocol.agreement import EAR, Statement, Verdict, agree, statement_of
from speaker.layer2.protocol.heartbeat import Condition, Heartbeat, Intent, Record
from speaker.layer2.protocol.peer import Peer, State

OPEN, AGREES, SILENT = Statement
ME, SUSPECT = 100, 200
"""Incarnations."""


def peer(name, incarnation):
    made = Peer(name, ("10.0.0.1", 1))
    made.take(Record(name, incarnation, 1, Condition.READY, 0))
    return made


@pytest.fixture
def suspect():
    """Its last clock is 5000; we asked for it at our own clock 700."""
    made = peer("n9", SUSPECT)
    made.vouch(5000, 1.0)
    made.judge(9.0, 0.35, 700)
    return made


def witness(heard, suspects=()):
    made = peer("n3", 300)
    made.hear(Heartbeat(made.record, 1, 1, heard, suspects, 0, 0, 0, Intent.ANSWER), 9.0)
    return made


@pytest.mark.parametrize(
    ("heard", "suspects", "expected"),
    [
        pytest.param({ME: 700, SUSPECT: 5000}, (), AGREES, id="heard us ask, and nothing later"),
        pytest.param({ME: 701, SUSPECT: 5000 - EAR}, (), AGREES, id="heard it until about then"),
        pytest.param({ME: 700, SUSPECT: 4999 - EAR}, (), OPEN, id="had not heard it for long"),
        pytest.param({ME: 700, SUSPECT: 0}, (), OPEN, id="never heard it"),
        pytest.param({ME: 700}, (), OPEN, id="does not watch it"),
        pytest.param({ME: 699, SUSPECT: 5000}, (), OPEN, id="spoke before it heard us ask"),
        pytest.param({SUSPECT: 5000}, (SUSPECT,), OPEN, id="does not hear us"),
        pytest.param({ME: 700, SUSPECT: 0}, (SUSPECT,), AGREES, id="suspects it too"),
    ],
)
def test_a_statement_is_what_a_good_witness_says_after_it_was_asked(suspect, heard, suspects, expected):
    assert statement_of(witness(heard, suspects), suspect, ME) is expected


def test_a_witness_that_said_nothing_leaves_it_open(suspect):
    assert statement_of(peer("n3", 300), suspect, ME) is OPEN


def test_a_witness_that_is_a_suspect_itself_is_silent(suspect):
    other = witness({ME: 700, SUSPECT: 5000})
    other.state = State.SUSPECT
    assert statement_of(other, suspect, ME) is SILENT


@pytest.mark.parametrize(
    ("statements", "has_waited", "expected"),
    [
        pytest.param([AGREES, AGREES], False, Verdict.DEAD, id="all agree"),
        pytest.param([AGREES, SILENT], False, Verdict.DEAD, id="all that are heard agree"),
        pytest.param([AGREES, OPEN], False, Verdict.OPEN, id="one has not said yet"),
        pytest.param([AGREES, OPEN], True, Verdict.DEAD, id="one does not say in time"),
        pytest.param([OPEN, OPEN], True, Verdict.OPEN, id="none says"),
        pytest.param([SILENT, SILENT], True, Verdict.OPEN, id="none is left to ask"),
        pytest.param([], True, Verdict.OPEN, id="none but us watches it"),
    ],
)
def test_dead_is_who_all_take_for_silent_that_are_heard(statements, has_waited, expected):
    found = agree(statements, others=3, hears_nobody=False, has_waited=has_waited)
    assert found is expected


@pytest.mark.parametrize(
    ("others", "expected"), [(1, Verdict.DEAD), (2, Verdict.CUT_OFF), (199, Verdict.CUT_OFF)]
)
def test_who_hears_nobody_judges_an_only_other_and_no_more(others, expected):
    assert agree([], others=others, hears_nobody=True, has_waited=True) is expected
