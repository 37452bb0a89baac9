"""Answers ARP. A request is answered where its Ethernet destination is broadcast or our own address.

That includes probes, whose sender address is zero (RFC 5227 section 2.1.1). An announcement, of an address by
itself, is no request. Sources: RFC 826, RFC 5227.
"""

from msgspec import Struct

from speaker.layer2.protocol.arp import NOBODY, REQUEST, Arp, parse, patched
from speaker.layer2.protocol.ethernet import BROADCAST
from speaker.layer2.protocol.machine import Outcome
from speaker.layer2.protocol.responder import Responder
from speaker.layer2.protocol.schedule import Schedule
from speaker.layer2.protocol.sighting import Kind


class ArpTemplates(Struct, frozen=True):
    """Frames from *mac*, whole but for the addresses of others and the one announced.

    Both forms of announcement are sent, since some hosts heed only one: that of RFC 5227 section 3, which is
    a request, and the same as a reply.
    """

    mac: bytes
    reply: bytes
    announcements: tuple[bytes, ...]


class ArpResponder(Responder):
    """A machine that says what *templates* have to say, unasked when *schedule* says so."""

    def __init__(self, templates: ArpTemplates, schedule: Schedule) -> None:
        super().__init__(templates.mac, schedule)
        self._templates = templates

    def receive_frame(self, frame: bytes, now: float) -> Outcome:
        """Answer a request for an address that is announced."""
        packet = parse(frame)
        if not isinstance(packet, Arp):
            return Outcome.MALFORMED
        asked, asker, seen = packet.tpa, packet.spa, Outcome.NOT_OURS
        if asker in self._announced or asker in self._listened:
            seen = self._see(asker, packet.sha, _kind(packet), now)
        if asker == NOBODY and packet.operation == REQUEST:
            seen = self._see(asked, packet.sha, Kind.PROBE, now)
        if asked not in self._announced or packet.operation != REQUEST or asked == asker:
            return seen
        if packet.destination != BROADCAST and packet.destination != self._mac:
            return seen
        return self._reply(asked, patched(self._templates.reply, asked, packet.sha, asker))

    def _unasked(self, address: bytes) -> tuple[bytes, ...]:
        return tuple(patched(each, address, BROADCAST, address) for each in self._templates.announcements)


def _kind(packet: Arp) -> Kind:
    if packet.spa == packet.tpa:
        return Kind.ANNOUNCEMENT
    return Kind.USE if packet.operation == REQUEST else Kind.ANSWER
