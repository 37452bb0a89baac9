"""Answers neighbor solicitations of IPv6 as the host does whose address it is (RFC 4861, RFC 4862).

An advertisement has the Override flag, also a solicited one: RFC 4861 section 7.2.4 clears it for anycast and
for proxies, where several may answer. Here one node answers, and after a takeover its word has to replace its
predecessor's at once. It never has the Router flag.
"""

from msgspec import Struct

from speaker.layer2.protocol.ethernet import Malformed, is_group
from speaker.layer2.protocol.machine import Outcome
from speaker.layer2.protocol.ndp import (
    ALL_NODES,
    SOLICITED,
    UNSPECIFIED,
    Advertisement,
    Solicitation,
    asking,
    group_mac,
    parse,
    patched,
)
from speaker.layer2.protocol.responder import MALFORMED, NOT_OURS, Responder
from speaker.layer2.protocol.schedule import Schedule
from speaker.layer2.protocol.sighting import Kind

ALL_NODES_MAC = group_mac(ALL_NODES)


class NdpTemplates(Struct, frozen=True):
    """Advertisements from *mac*, whole but for the destination's addresses and the one announced.

    `probe` looks for duplicates of an address (RFC 4862 section 5.4.2).
    """

    mac: bytes
    solicited: bytes
    unsolicited: bytes
    probe: bytes


class NdpResponder(Responder):
    """A machine that says what *templates* have to say, unasked when *schedule* says so."""

    def __init__(self, templates: NdpTemplates, schedule: Schedule) -> None:
        super().__init__(templates.mac, schedule)
        self._templates = templates

    def answer(self, frame: bytes) -> bytes | None:
        """The advertisement to somebody who solicits an address and has one himself."""
        message = parse(frame)
        if not isinstance(message, Solicitation) or message.source == UNSPECIFIED:
            return None
        if message.target not in self._announced or not self._is_for_us(message.destination_mac):
            return None
        self._count(message.target)
        mac = message.link_layer or message.source_mac
        return patched(self._templates.solicited, mac, message.source, message.target)

    def _consider(self, frame: bytes, now: float) -> Outcome:
        message = parse(frame)
        if isinstance(message, Malformed):
            return MALFORMED
        mac, target = message.link_layer or message.source_mac, message.target
        if isinstance(message, Advertisement):
            kind = Kind.ANSWER if message.flags & SOLICITED else Kind.ANNOUNCEMENT
            return self._see(target, mac, kind, now)
        if message.source != UNSPECIFIED:
            return NOT_OURS
        seen = self._see(target, mac, Kind.PROBE, now)
        if target not in self._announced or not self._is_for_us(message.destination_mac):
            return seen
        # Who looks for duplicates has no address yet, so all are told (RFC 4861 section 7.2.4).
        return self._reply(target, *self._unasked(target))

    def _is_for_us(self, mac: bytes) -> bool:
        return mac == self._mac or is_group(mac)

    def _probe(self, address: bytes, mac: bytes | None) -> bytes:
        return asking(self._templates.probe, mac, address)

    def _unasked(self, address: bytes) -> tuple[bytes, ...]:
        return (patched(self._templates.unsolicited, ALL_NODES_MAC, ALL_NODES, address),)
