from ipaddress import ip_address

from controller.configuration import sightings_in
from lb.api.configuration_state import CONFLICTS, HARDWARE_ADDRESSES, NODE_NAME, ConfigurationState, Metadata
from lb.config.conflict import Conflict
from lb.ipam.conflict import Sighting

VIP = ip_address("192.0.2.10")
MAC1, MAC2, STRANGER = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:99"


def state(node, conflicts="", mac=MAC1, labels=True):
    return ConfigurationState(
        Metadata(
            name=f"speaker-{node}",
            labels={NODE_NAME: node} if labels else {},
            annotations={CONFLICTS: conflicts, HARDWARE_ADDRESSES: mac},
        )
    )


def test_each_speaker_that_hears_a_stranger_is_a_witness():
    told = f"{VIP} {STRANGER} eth0"
    seen = Conflict(VIP, STRANGER, "eth0")
    states = [state("n2", told, MAC2), state("n1", told), state("n3")]
    assert sightings_in(states) == {VIP: (Sighting("n1", seen), Sighting("n2", seen))}


def test_another_speaker_is_no_stranger():
    assert sightings_in([state("n1", f"{VIP} {MAC2} eth0"), state("n2", mac=f"{STRANGER},{MAC2}")]) == {}


def test_a_node_with_too_long_a_name_for_a_label_is_known_by_its_object():
    (seen,) = sightings_in([state("n1", f"{VIP} {STRANGER} eth0", labels=False)])[VIP]
    assert seen.node == "speaker-n1"


def test_what_cannot_be_read_and_what_is_not_told_is_passed_over():
    assert sightings_in([state("n1", "garbage"), ConfigurationState(Metadata(name="speaker-n2"))]) == {}
