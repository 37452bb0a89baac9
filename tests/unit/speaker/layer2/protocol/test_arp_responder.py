from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from speaker.layer2.protocol.arp import LENGTH, REPLY, REQUEST, Arp, emit, parse
from speaker.layer2.protocol.arp_responder import ArpResponder, ArpTemplates
from speaker.layer2.protocol.ethernet import BROADCAST
from speaker.layer2.protocol.machine import Outcome
from speaker.layer2.protocol.schedule import Pace, Schedule
from speaker.layer2.protocol.sighting import Kind, Sighting

OURS, CLIENT, OTHER = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\xcc", b"\x02\0\0\0\0\x98"
ADDRESS = IPv4Address("192.0.2.200")
VIP, HERS, NONE = ADDRESS.packed, IPv4Address("192.0.2.7").packed, bytes(4)
ASKED = Arp(BROADCAST, CLIENT, REQUEST, CLIENT, HERS, bytes(6), VIP)


def form(operation):
    return emit(Arp(bytes(6), OURS, operation, OURS, NONE, bytes(6), NONE))


TEMPLATES = ArpTemplates(OURS, form(REPLY), (form(REQUEST), form(REPLY)), form(REQUEST))


def silent():
    return ArpResponder(TEMPLATES, Schedule(60.0, Pace(), 2))


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
    "request_",
    [
        pytest.param(ASKED, id="broadcast"),
        pytest.param(replace(ASKED, destination=OURS, tha=OURS), id="unicast to us"),
        pytest.param(replace(ASKED, spa=NONE), id="probe of RFC 5227"),
        pytest.param(replace(ASKED, spa=IPv4Address("198.51.100.1").packed), id="from another subnet"),
        pytest.param(replace(ASKED, source=OTHER), id="relayed by another host"),
    ],
)
def test_a_request_for_our_address_is_answered_to_its_sender(responder, request_):
    assert responder.receive_frame(emit(request_), 0.0) is Outcome.REPLIED
    assert sent(responder) == [Arp(CLIENT, OURS, REPLY, OURS, VIP, CLIENT, request_.spa)]
    assert responder.replies == {VIP: 1}


@pytest.mark.parametrize(
    ("frame", "outcome"),
    [
        pytest.param(replace(ASKED, tpa=HERS, spa=NONE), Outcome.NOT_OURS, id="another address"),
        pytest.param(replace(ASKED, destination=OTHER), Outcome.NOT_OURS, id="unicast to another host"),
        pytest.param(replace(ASKED, operation=REPLY, destination=OURS), Outcome.NOT_OURS, id="reply"),
        pytest.param(replace(ASKED, destination=b"\x01\0\x5e\0\0\x01"), Outcome.NOT_OURS, id="multicast"),
        pytest.param(replace(ASKED, spa=VIP), Outcome.FOREIGN, id="announcement as a request"),
        pytest.param(replace(ASKED, operation=REPLY, spa=VIP), Outcome.FOREIGN, id="announcement as a reply"),
    ],
)
def test_anything_else_is_not_answered(responder, frame, outcome):
    assert responder.receive_frame(emit(frame), 0.0) is outcome
    assert sent(responder) == []
    assert responder.replies == {}


def test_a_request_from_a_group_is_malformed_and_makes_us_flood_nobody(responder):
    assert responder.receive_frame(emit(replace(ASKED, sha=BROADCAST)), 0.0) is Outcome.MALFORMED
    assert sent(responder) == []


def test_a_takeover_is_told_to_everybody_as_a_request_and_as_a_reply():
    # RFC 5227 section 3 leaves the target's hardware address open; MetalLB sends the same.
    responder = silent()
    responder.announce(ADDRESS, 0.0)
    assert sent(responder) == [
        Arp(BROADCAST, OURS, operation, OURS, VIP, BROADCAST, VIP) for operation in (REQUEST, REPLY)
    ]
    assert responder.unasked == {VIP: 2}


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        pytest.param(replace(ASKED, sha=OTHER, spa=NONE), Kind.PROBE, id="probe"),
        pytest.param(replace(ASKED, sha=OTHER, spa=VIP), Kind.ANNOUNCEMENT, id="announcement as a request"),
        pytest.param(
            replace(ASKED, sha=OTHER, spa=VIP, operation=REPLY),
            Kind.ANNOUNCEMENT,
            id="announcement as a reply",
        ),
        pytest.param(
            replace(ASKED, sha=OTHER, spa=VIP, tpa=HERS, operation=REPLY, destination=OURS),
            Kind.ANSWER,
            id="answer to a probe of ours",
        ),
        pytest.param(replace(ASKED, sha=OTHER, spa=VIP, tpa=HERS), Kind.USE, id="request in its name"),
    ],
)
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "listened to"])
def test_what_another_host_says_of_an_address_is_told(frame, kind, announced):
    responder = silent()
    if announced:
        responder.announce(ADDRESS, 0.0)
    else:
        responder.listen(ADDRESS)
    responder.receive_frame(emit(frame), 7.0)
    assert list(responder.sightings) == [Sighting(ADDRESS, OTHER, kind, 7.0)]


def test_a_host_that_has_one_of_our_addresses_and_asks_for_another_is_answered_and_told_of(responder):
    second = IPv4Address("192.0.2.201")
    responder.announce(second, 0.0)
    frame = emit(replace(ASKED, spa=VIP, tpa=second.packed))
    assert responder.receive_frame(frame, 7.0) is Outcome.REPLIED
    assert list(responder.sightings) == [Sighting(ADDRESS, CLIENT, Kind.USE, 7.0)]


def test_a_plain_request_is_answered_without_the_loop(responder):
    assert parse(responder.answer(emit(ASKED))) == Arp(CLIENT, OURS, REPLY, OURS, VIP, CLIENT, HERS)
    assert responder.replies == {VIP: 1}
    assert sent(responder) == []


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(replace(ASKED, tpa=HERS), id="another address"),
        pytest.param(replace(ASKED, spa=NONE), id="probe"),
        pytest.param(replace(ASKED, spa=VIP), id="announcement"),
        pytest.param(replace(ASKED, operation=REPLY), id="reply"),
        pytest.param(replace(ASKED, destination=OTHER), id="to another host"),
        pytest.param(replace(ASKED, sha=BROADCAST), id="from a group"),
    ],
)
def test_what_is_no_plain_request_is_left_to_be_considered(responder, frame):
    assert responder.answer(emit(frame)) is None
    assert responder.replies == {}


def test_an_ordinary_request_is_no_sighting(responder):
    responder.receive_frame(emit(ASKED), 0.0)
    assert not responder.sightings


@pytest.mark.parametrize("frame", [emit(ASKED), emit(replace(ASKED, spa=VIP))])
def test_a_frame_cut_at_any_byte_is_malformed(responder, frame):
    for length in range(LENGTH):
        assert responder.receive_frame(frame[:length], 0.0) is Outcome.MALFORMED
    assert sent(responder) == []


@given(st.binary(max_size=80))
def test_whatever_arrives_has_an_outcome(frame):
    responder = silent()
    responder.announce(ADDRESS, 0.0)
    assert responder.receive_frame(frame, 0.0) in (Outcome.MALFORMED, Outcome.NOT_OURS)


macs = st.sampled_from([OURS, CLIENT, OTHER, BROADCAST, b"\x01\0\x5e\0\0\x01"])
ips = st.sampled_from([VIP, HERS, NONE, IPv4Address("192.0.2.201").packed])
packets = st.builds(Arp, macs, macs, st.sampled_from([REQUEST, REPLY, 3]), macs, ips, macs, ips)


@given(packets.map(emit), st.integers(0, LENGTH), st.integers(0, 255), st.booleans())
def test_the_short_way_for_the_plain_case_does_what_the_long_one_does(frame, at, byte, changed):
    if changed:
        frame = frame[:at] + bytes((byte,)) + frame[at + 1 :]
    short, long = silent(), silent()
    for each in (short, long):
        each.announce(ADDRESS, 0.0)
        each.listen(IPv4Address("192.0.2.201"))
    assert short.receive_frame(frame, 1.0) is long._consider(frame, 1.0)
    assert (sent(short), short.sightings, short.replies) == (sent(long), long.sightings, long.replies)
