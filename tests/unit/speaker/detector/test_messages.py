import pytest

from speaker.detector.messages import (
    Alive,
    Begin,
    Bulletin,
    Leave,
    Report,
    SetBulletin,
    SetKey,
    SetPeers,
    SetReady,
    emit,
    parse_command,
    parse_report,
)
from speaker.layer2.protocol.standing import Standing
from speaker.layer2.protocol.timing import DEFAULT

PEERS = {"n2": ("10.0.0.2", 7946), "n3": ("fd00::3", 7946)}


@pytest.mark.parametrize(
    "command",
    [
        Begin("n1", b"\0key", 2**62, DEFAULT, PEERS),
        SetPeers(PEERS),
        SetKey(b"another"),
        SetReady(True),
        SetBulletin(bytes(65_536)),
        Leave(),
        Alive(),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_command_arrives_as_it_was_given(command):
    assert parse_command(emit(command)) == command


@pytest.mark.parametrize(
    "report",
    [
        Report(
            frozenset({"n1"}),
            True,
            Standing.ALONE,
            {"n2": "DEAD"},
            {"n2": 17.25, "n3": None},
            frozenset({"n4"}),
        ),
        Bulletin("n2", b"word"),
        Bulletin("n2", None),
    ],
    ids=["report", "bulletin", "no bulletin"],
)
def test_a_report_arrives_as_it_was_told(report):
    assert parse_report(emit(report)) == report
