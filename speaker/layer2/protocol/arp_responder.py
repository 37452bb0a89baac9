"""Answers ARP. A request is answered where its Ethernet destination is broadcast or our own address.

That includes probes, whose sender address is zero (RFC 5227 section 2.1.1). An announcement, of an address by
itself, is no request. Sources: RFC 826, RFC 5227.
"""

from msgspec import Struct

from speaker.layer2.protocol.arp import (
    FIXED,
    HEAD,
    LENGTH,
    NOBODY,
    REQUEST,
    SHA,
    SOURCE,
    SPA,
    THA,
    TPA,
    Arp,
    asking,
    parse,
    patched,
)
from speaker.layer2.protocol.ethernet import BROADCAST, is_group
from speaker.layer2.protocol.machine import Outcome
from speaker.layer2.protocol.responder import MALFORMED, NOT_OURS, Responder
from speaker.layer2.protocol.schedule import Schedule
from speaker.layer2.protocol.sighting import Kind

_ASKS = FIXED + REQUEST.to_bytes(2, "big")


class ArpTemplates(Struct, frozen=True):
    """Frames from *mac*, whole but for the addresses of others and the one announced.

    Both forms of announcement are sent, since some hosts heed only one: that of RFC 5227 section 3, which is
    a request, and the same as a reply. `probe` asks for an address in nobody's name (section 2.1.1).
    """

    mac: bytes
    reply: bytes
    announcements: tuple[bytes, ...]
    probe: bytes


class ArpResponder(Responder):
    """A machine that says what *templates* have to say, unasked when *schedule* says so."""

    def __init__(self, templates: ArpTemplates, schedule: Schedule) -> None:
        super().__init__(templates.mac, schedule)
        self._templates = templates
        self._destinations = frozenset({BROADCAST, templates.mac})

    def answer(self, frame: bytes) -> bytes | None:
        """The reply to a request of somebody who is no stranger to his own address."""
        # On the bytes as they are: it takes a third of the time, and a client waits.
        asked, asker, sha = frame[TPA:LENGTH], frame[SPA:THA], frame[SHA:SPA]
        if (
            asked in self._announced
            and frame[HEAD:SHA] == _ASKS
            and frame[:SOURCE] in self._destinations
            and asker not in self._announced
            and asker not in self._listened
            and asker != NOBODY
            and not is_group(sha)
        ):
            self._count(asked)
            return patched(self._templates.reply, asked, sha, asker)
        return None

    def _consider(self, frame: bytes, now: float) -> Outcome:
        packet = parse(frame)
        if not isinstance(packet, Arp):
            return MALFORMED
        asked, asker, seen = packet.tpa, packet.spa, NOT_OURS
        if asker in self._announced or asker in self._listened:
            seen = self._see(asker, packet.sha, _kind(packet), now)
        if asker == NOBODY and packet.operation == REQUEST:
            seen = self._see(asked, packet.sha, Kind.PROBE, now)
        if asked not in self._announced or packet.operation != REQUEST or asked == asker:
            return seen
        if packet.destination not in self._destinations:
            return seen
        return self._reply(asked, patched(self._templates.reply, asked, packet.sha, asker))

    def _probe(self, address: bytes, mac: bytes | None) -> bytes:
        return asking(self._templates.probe, mac or BROADCAST, address)

    def _unasked(self, address: bytes) -> tuple[bytes, ...]:
        return tuple(patched(each, address, BROADCAST, address) for each in self._templates.announcements)


def _kind(packet: Arp) -> Kind:
    if packet.spa == packet.tpa:
        return Kind.ANNOUNCEMENT
    return Kind.USE if packet.operation == REQUEST else Kind.ANSWER
