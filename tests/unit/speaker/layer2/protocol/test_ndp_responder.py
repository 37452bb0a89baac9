from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from speaker.layer2.protocol.machine import Outcome
from speaker.layer2.protocol.ndp import (
    ALL_NODES,
    OVERRIDE,
    SOLICITED,
    UNSPECIFIED,
    Advertisement,
    Solicitation,
    emit,
    group_mac,
    parse,
    solicited_node,
)
from speaker.layer2.protocol.ndp_responder import ALL_NODES_MAC, NdpResponder, NdpTemplates
from speaker.layer2.protocol.schedule import Pace, Schedule
from speaker.layer2.protocol.sighting import Kind, Sighting

OURS, CLIENT, OTHER = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\xcc", b"\x02\0\0\0\0\x98"
ADDRESS = IPv6Address("2001:db8::200")
VIP, HERS, ELSE = ADDRESS.packed, IPv6Address("2001:db8::7").packed, IPv6Address("2001:db8:1::200").packed
GROUP = solicited_node(VIP)
ASKED = Solicitation(group_mac(GROUP), CLIENT, HERS, GROUP, VIP, CLIENT)
DUPLICATES = replace(ASKED, source=UNSPECIFIED, link_layer=None)
SAID = Advertisement(ALL_NODES_MAC, OTHER, VIP, ALL_NODES, VIP, OTHER, OVERRIDE)


def form(flags):
    return emit(Advertisement(bytes(6), OURS, UNSPECIFIED, UNSPECIFIED, UNSPECIFIED, OURS, flags))


PROBE = emit(Solicitation(bytes(6), OURS, UNSPECIFIED, UNSPECIFIED, UNSPECIFIED, None))
TEMPLATES = NdpTemplates(OURS, form(SOLICITED | OVERRIDE), form(OVERRIDE), PROBE)
TO_ALL = Advertisement(ALL_NODES_MAC, OURS, VIP, ALL_NODES, VIP, OURS, OVERRIDE)


def silent():
    return NdpResponder(TEMPLATES, Schedule(60.0, Pace(), 1))


@pytest.fixture
def responder():
    """One that has announced ADDRESS a moment ago."""
    made = silent()
    made.announce(ADDRESS, 0.0)
    sent(made)
    return made


def sent(responder):
    responder.handle_timer(0.0)
    return [parse(frame) for frame in responder.frames_to_send(0.0)]


@pytest.mark.parametrize(
    "solicitation",
    [
        pytest.param(ASKED, id="with source link-layer address"),
        pytest.param(replace(ASKED, link_layer=None), id="without, so to the frame's source"),
        pytest.param(replace(ASKED, source_mac=OTHER), id="relayed by another host"),
        pytest.param(replace(ASKED, destination_mac=OURS, destination=VIP), id="probe of reachability"),
        pytest.param(
            replace(ASKED, destination_mac=OURS, destination=VIP, link_layer=None),
            id="probe of reachability without link-layer address",
        ),
        pytest.param(replace(ASKED, destination_mac=ALL_NODES_MAC, destination=ALL_NODES), id="to all nodes"),
    ],
)
def test_who_solicits_our_address_gets_an_advertisement(responder, solicitation):
    assert responder.receive_frame(emit(solicitation), 0.0) is Outcome.REPLIED
    assert sent(responder) == [Advertisement(CLIENT, OURS, VIP, HERS, VIP, OURS, SOLICITED | OVERRIDE)]
    assert responder.replies == {VIP: 1}


def test_who_looks_for_duplicates_of_our_address_is_told_among_all(responder):
    assert responder.receive_frame(emit(DUPLICATES), 3.0) is Outcome.REPLIED
    assert sent(responder) == [TO_ALL]
    assert list(responder.sightings) == [Sighting(ADDRESS, CLIENT, Kind.PROBE, 3.0)]


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        pytest.param(replace(ASKED, target=ELSE), Outcome.NOT_OURS, id="another address of the same group"),
        pytest.param(replace(ASKED, destination_mac=OTHER), Outcome.NOT_OURS, id="to another host"),
        pytest.param(replace(DUPLICATES, target=ELSE), Outcome.NOT_OURS, id="duplicates of another address"),
        pytest.param(SAID, Outcome.FOREIGN, id="advertisement"),
        pytest.param(replace(SAID, target=ELSE), Outcome.NOT_OURS, id="advertisement of another address"),
    ],
)
def test_anything_else_is_not_answered(responder, message, outcome):
    assert responder.receive_frame(emit(message), 0.0) is outcome
    assert sent(responder) == []


def test_a_takeover_is_told_to_all_nodes():
    responder = silent()
    responder.announce(ADDRESS, 0.0)
    assert sent(responder) == [TO_ALL]
    assert responder.unasked == {VIP: 1}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        pytest.param(SAID, Kind.ANNOUNCEMENT, id="announcement"),
        pytest.param(
            replace(SAID, destination_mac=OURS, destination=HERS, flags=SOLICITED), Kind.ANSWER, id="answer"
        ),
        pytest.param(replace(SAID, link_layer=None), Kind.ANNOUNCEMENT, id="without link-layer address"),
        pytest.param(replace(DUPLICATES, source_mac=OTHER), Kind.PROBE, id="detection of duplicates"),
    ],
)
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "listened to"])
def test_what_another_host_says_of_an_address_is_told(message, kind, announced):
    responder = silent()
    if announced:
        responder.announce(ADDRESS, 0.0)
    else:
        responder.listen(ADDRESS)
    responder.receive_frame(emit(message), 7.0)
    assert list(responder.sightings) == [Sighting(ADDRESS, OTHER, kind, 7.0)]


def test_a_plain_solicitation_is_answered_without_the_loop(responder):
    answer = Advertisement(CLIENT, OURS, VIP, HERS, VIP, OURS, SOLICITED | OVERRIDE)
    assert parse(responder.answer(emit(ASKED))) == answer
    assert responder.replies == {VIP: 1}
    assert sent(responder) == []


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(replace(ASKED, target=ELSE), id="another address"),
        pytest.param(DUPLICATES, id="detection of duplicates"),
        pytest.param(SAID, id="advertisement"),
        pytest.param(replace(ASKED, destination_mac=OTHER), id="to another host"),
    ],
)
def test_what_is_no_plain_solicitation_is_left_to_be_considered(responder, message):
    assert responder.answer(emit(message)) is None
    assert responder.replies == {}


def test_an_ordinary_solicitation_is_no_sighting(responder):
    responder.receive_frame(emit(ASKED), 0.0)
    assert not responder.sightings


def test_our_own_word_heard_on_another_interface_is_no_sighting(responder):
    responder.own = frozenset({OURS, OTHER})
    assert responder.receive_frame(emit(SAID), 0.0) is Outcome.NOT_OURS
    assert not responder.sightings


@pytest.mark.parametrize("message", [ASKED, DUPLICATES, SAID])
def test_a_frame_cut_at_any_byte_is_malformed(responder, message):
    whole = emit(message)
    for length in range(len(whole)):
        assert responder.receive_frame(whole[:length], 0.0) is Outcome.MALFORMED
    assert sent(responder) == []


@given(st.binary(max_size=120))
def test_whatever_arrives_has_an_outcome(frame):
    responder = silent()
    responder.announce(ADDRESS, 0.0)
    assert responder.receive_frame(frame, 0.0) in (Outcome.MALFORMED, Outcome.NOT_OURS)
