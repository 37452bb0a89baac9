from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from speaker.layer2.protocol.arp import BROADCAST, REPLY, REQUEST, Arp, emit, parse
from speaker.layer2.protocol.machine import Outcome
from speaker.layer2.protocol.responder import GRATUITOUS_AT, ArpResponder, Sent

OURS, CLIENT, OTHER = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\xcc", b"\x02\0\0\0\0\x99"
VIP, HERS = IPv4Address("10.0.0.200"), IPv4Address("10.0.0.7")
FRAMES = (b"as a request", b"as a reply")
REQUESTED = Arp(BROADCAST, CLIENT, REQUEST, CLIENT, HERS, bytes(6), VIP)


@pytest.fixture
def responder():
    """One that has announced VIP long ago."""
    made = ArpResponder(OURS)
    made.announce(VIP, FRAMES, 0.0)
    made.handle_timer(100.0)
    sent(made)
    made.sent.clear()
    return made


def sent(responder):
    return list(responder.frames_to_send(0.0))


def run_until(responder, end):
    """(time, frames) of what goes out until *end*, woken exactly when the responder asks for it."""
    told = []
    while (now := responder.next_timer()) is not None and now <= end:
        responder.handle_timer(now)
        if frames := sent(responder):
            told.append((now, frames))
    return told


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(REQUESTED, id="broadcast"),
        pytest.param(replace(REQUESTED, destination=OURS, tha=OURS), id="unicast to us"),
        pytest.param(replace(REQUESTED, spa=IPv4Address("0.0.0.0")), id="probe of RFC 5227"),
        pytest.param(replace(REQUESTED, spa=IPv4Address("192.0.2.1")), id="from another subnet"),
    ],
)
def test_a_request_for_our_address_is_answered_to_its_sender(responder, request_):
    assert responder.receive_frame(emit(request_), 200.0) is Outcome.REPLIED
    assert [parse(frame) for frame in sent(responder)] == [
        Arp(CLIENT, OURS, REPLY, OURS, VIP, CLIENT, request_.spa)
    ]
    assert responder.sent == {(Sent.REPLY, VIP): 1}


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(replace(REQUESTED, tpa=HERS), id="another address"),
        pytest.param(replace(REQUESTED, destination=OTHER), id="unicast to another host"),
        pytest.param(replace(REQUESTED, spa=VIP), id="gratuitous request"),
        pytest.param(replace(REQUESTED, operation=REPLY, spa=VIP), id="gratuitous reply"),
        pytest.param(replace(REQUESTED, operation=REPLY, destination=OURS), id="reply"),
        pytest.param(replace(REQUESTED, destination=b"\x01\0\x5e\0\0\x01"), id="multicast"),
    ],
)
def test_anything_else_is_not_answered(responder, frame):
    assert responder.receive_frame(emit(frame), 200.0) is Outcome.NOT_OURS
    assert sent(responder) == []
    assert responder.sent == {}


def test_a_withdrawn_address_is_not_answered(responder):
    responder.withdraw(VIP)
    assert responder.receive_frame(emit(REQUESTED), 200.0) is Outcome.NOT_OURS
    assert sent(responder) == []
    assert VIP not in responder.announced


def test_withdrawing_an_unknown_address_changes_nothing(responder):
    responder.withdraw(HERS)
    assert list(responder.announced) == [VIP]


@given(st.binary(max_size=80))
def test_whatever_arrives_has_an_outcome(frame):
    responder = ArpResponder(OURS)
    assert responder.receive_frame(frame, 0.0) in (Outcome.MALFORMED, Outcome.NOT_OURS)


def test_a_takeover_is_told_at_once_and_then_at_the_times_of_the_schedule():
    responder = ArpResponder(OURS)
    responder.announce(VIP, FRAMES, 50.0)
    assert sent(responder) == list(FRAMES)
    assert run_until(responder, 1000.0) == [(50.0 + after, list(FRAMES)) for after in GRATUITOUS_AT[1:]]
    assert responder.next_timer() is None
    assert responder.sent == {(Sent.GRATUITOUS, VIP): len(FRAMES) * len(GRATUITOUS_AT)}


def test_a_late_timer_sends_once_for_each_time_that_passed():
    responder = ArpResponder(OURS)
    responder.announce(VIP, FRAMES, 0.0)
    responder.handle_timer(0.5)
    assert sent(responder) == 3 * list(FRAMES)
    assert responder.next_timer() == 1.0


def test_an_address_withdrawn_in_mid_schedule_falls_silent():
    responder = ArpResponder(OURS)
    responder.announce(VIP, FRAMES, 0.0)
    run_until(responder, 0.3)
    sent(responder)
    responder.withdraw(VIP)
    assert run_until(responder, 1000.0) == []


@pytest.mark.parametrize("pause", [0.0, 0.25], ids=["at the same moment", "later"])
def test_an_address_announced_again_in_mid_schedule_starts_one_schedule_anew(pause):
    responder = ArpResponder(OURS)
    responder.announce(VIP, (b"before",), 0.0)
    sent(responder)
    responder.withdraw(VIP)
    responder.announce(VIP, FRAMES, pause)
    assert sent(responder) == list(FRAMES)
    assert run_until(responder, 1000.0) == [(pause + after, list(FRAMES)) for after in GRATUITOUS_AT[1:]]


def test_schedules_of_several_addresses_interleave():
    responder = ArpResponder(OURS)
    responder.announce(VIP, (b"vip",), 0.0)
    responder.announce(HERS, (b"hers",), 0.05)
    sent(responder)
    assert run_until(responder, 0.2) == [(0.1, [b"vip"]), (0.05 + 0.1, [b"hers"])]


def test_an_address_that_comes_and_goes_for_long_leaves_nothing_behind():
    responder = ArpResponder(OURS)
    for second in range(1000):
        responder.announce(VIP, FRAMES, float(second))
        responder.withdraw(VIP)
        sent(responder)
        waiting = list(responder._due)
        assert len(waiting) <= len(GRATUITOUS_AT) * (GRATUITOUS_AT[-1] + 1)
    responder.handle_timer(2000.0)
    assert responder.next_timer() is None
