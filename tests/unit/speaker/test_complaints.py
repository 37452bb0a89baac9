from ipaddress import ip_address

import pytest

from lb.api.meta import ObjectMeta
from lb.api.service import Service
from lb.config.conflict import Conflict
from speaker.complaints import REMEDY, Complaints, told_of
from speaker.layer2.protocol.conflicts import State

VIP = ip_address("192.0.2.200")
STRANGER = Conflict(VIP, "02:00:00:00:00:99", "eth0")
WHO = "the host with the hardware address 02:00:00:00:00:99, which node n1 hears on eth0,"


class Recorder:
    def __init__(self):
        self.told = []

    def normal(self, about, reason, message):
        self.told.append((about.name, "Normal", reason))

    def warning(self, about, reason, message):
        self.told.append((about.name, "Warning", reason))


class Writer:
    """A writer of our ConfigurationState."""

    def __init__(self):
        self.annotations = {}

    def annotate(self, annotations):
        self.annotations |= annotations


@pytest.mark.parametrize(
    ("state", "stranger", "message"),
    [
        pytest.param(
            State.WITHHELD,
            STRANGER,
            f"{VIP} is not announced: {WHO} has it already. {REMEDY} It is probed again until it is free.",
            id="withheld",
        ),
        pytest.param(
            State.DISPUTED,
            STRANGER,
            f"{VIP} is announced, but {WHO} uses it as well: clients may reach either. {REMEDY}",
            id="disputed",
        ),
        pytest.param(
            State.CLEAR, None, f"no other host speaks for {VIP} any more; node n1 announces it", id="clear"
        ),
    ],
)
def test_a_person_is_told_what_is_and_what_to_do(state, stranger, message):
    assert told_of(VIP, "n1", state, stranger) == message


def test_each_service_gets_an_event_and_the_controller_a_note():
    recorder, state = Recorder(), Writer()
    complaints = Complaints("n1", recorder, state)
    assert state.annotations == {"anvil-lb.io/conflicts": ""}
    services = [Service(ObjectMeta(name=name, namespace="shop")) for name in ("web", "shop")]
    complaints.note([STRANGER])
    complaints.tell(VIP, services, State.DISPUTED, STRANGER)
    complaints.tell(VIP, services[:1], State.CLEAR, None)
    assert state.annotations == {"anvil-lb.io/conflicts": "192.0.2.200 02:00:00:00:00:99 eth0"}
    assert recorder.told == [
        ("web", "Warning", "addressConflict"),
        ("shop", "Warning", "addressConflict"),
        ("web", "Normal", "addressConflictEnded"),
    ]
