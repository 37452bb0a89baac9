"""What responders have in common, tried with one that says an address's bytes."""

from ipaddress import ip_address

import pytest

from speaker.layer2.protocol.machine import Outcome
from speaker.layer2.protocol.responder import Responder
from speaker.layer2.protocol.schedule import TAKEOVER_AT, Pace, Schedule
from speaker.layer2.protocol.sighting import Kind, Sighting

OURS, OTHER = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x99"
VIP, HERS = ip_address("192.0.2.200"), ip_address("192.0.2.7")


class Plain(Responder):
    """Answers an address with itself; makes it known by two frames."""

    def answer(self, frame):
        return None

    def _consider(self, frame, now):
        if frame in self.announced:
            return self._reply(frame, b"at " + frame)
        return self._see(frame[:4], frame[4:], Kind.USE, now)

    def _probe(self, address, mac):
        return b"who has " + address + (mac or b"")

    def _unasked(self, address):
        return (b"I have " + address, address + b" is here")


@pytest.fixture
def responder():
    return Plain(OURS, Schedule(0.0, Pace(), 2))


def sent(responder, now=0.0):
    responder.handle_timer(now)
    return list(responder.frames_to_send(now))


TOLD = [b"I have " + VIP.packed, VIP.packed + b" is here"]


def test_what_is_announced_is_answered_counted_and_made_known(responder):
    responder.announce(VIP, 0.0)
    assert responder.receive_frame(VIP.packed, 0.0) is Outcome.REPLIED
    assert sent(responder) == [b"at " + VIP.packed, *TOLD]
    assert responder.replies == {VIP.packed: 1}
    assert responder.unasked == {VIP.packed: 2}
    assert sent(responder) == []
    assert responder.next_timer() == TAKEOVER_AT[1]


def test_what_is_announced_already_is_not_made_known_anew(responder):
    responder.announce(VIP, 0.0)
    sent(responder)
    responder.announce(VIP, 0.05)
    assert sent(responder, 0.05) == []


def test_what_is_withdrawn_falls_silent(responder):
    responder.announce(VIP, 0.0)
    responder.withdraw(VIP)
    assert sent(responder) == []
    assert responder.announced == set()
    assert responder.receive_frame(VIP.packed, 0.0) is Outcome.NOT_OURS


def test_withdrawing_what_is_unknown_changes_nothing(responder):
    responder.announce(VIP, 0.0)
    responder.withdraw(HERS)
    assert responder.announced == {VIP.packed}


def test_all_is_made_known_anew_on_demand(responder):
    responder.announce(VIP, 0.0)
    sent(responder, 100.0)
    responder.renew(100.0)
    assert sent(responder, 100.0) == TOLD
    assert responder.next_timer() == 100.0 + TAKEOVER_AT[1]


def test_others_who_speak_for_an_address_that_is_listened_to_are_told_of(responder):
    responder.listen(VIP)
    assert responder.heard == {VIP.packed}
    assert responder.receive_frame(VIP.packed + OTHER, 5.0) is Outcome.FOREIGN
    assert list(responder.sightings) == [Sighting(VIP, OTHER, Kind.USE, 5.0)]
    assert sent(responder) == []


def test_others_who_speak_for_an_address_that_is_announced_are_told_of(responder):
    responder.announce(VIP, 0.0)
    assert responder.receive_frame(VIP.packed + OTHER, 5.0) is Outcome.FOREIGN
    assert [each.mac for each in responder.sightings] == [OTHER]


def test_what_nobody_listens_to_any_more_is_not_told_of(responder):
    responder.listen(VIP)
    responder.ignore(VIP)
    responder.ignore(HERS)
    assert responder.receive_frame(VIP.packed + OTHER, 5.0) is Outcome.NOT_OURS
    assert responder.heard == set()


def test_an_announced_address_is_heard_on_when_listening_ends(responder):
    responder.announce(VIP, 0.0)
    responder.listen(VIP)
    responder.ignore(VIP)
    assert responder.heard == {VIP.packed}


def test_this_node_is_nobody_else(responder):
    responder.own = frozenset({OURS, OTHER})
    responder.announce(VIP, 0.0)
    for mac in (OURS, OTHER):
        assert responder.receive_frame(VIP.packed + mac, 0.0) is Outcome.NOT_OURS
    assert not responder.sightings


def test_a_probe_asks_all_or_one_and_is_no_announcement(responder):
    responder.probe(VIP, None)
    responder.probe(VIP, OTHER)
    assert sent(responder) == [b"who has " + VIP.packed, b"who has " + VIP.packed + OTHER]
    assert responder.unasked == {}


def test_what_is_announced_is_made_known_anew_on_demand(responder):
    responder.announce(VIP, 0.0)
    sent(responder)
    responder.repeat(VIP, 50.0)
    assert sent(responder, 50.0) == TOLD
    assert responder.next_timer() == 50.0 + TAKEOVER_AT[1]


def test_what_is_announced_is_defended_by_one_announcement(responder):
    responder.announce(VIP, 0.0)
    sent(responder)
    responder.defend(VIP)
    assert sent(responder, 0.05) == TOLD
    assert responder.unasked == {VIP.packed: 4}
    assert responder.next_timer() == TAKEOVER_AT[1]


def test_what_is_not_announced_is_neither_repeated_nor_defended(responder):
    responder.repeat(VIP, 0.0)
    responder.defend(VIP)
    assert sent(responder) == []
