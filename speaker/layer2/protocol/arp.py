"""ARP on Ethernet for IPv4 (RFC 826, RFC 894): bytes become a value at the door.

Knows how a packet reads; not which addresses are ours.
"""

import struct
from typing import Final

from msgspec import Struct

from speaker.layer2.protocol.ethernet import ETHERTYPE_ARP, Malformed, is_group

REQUEST: Final = 1
REPLY: Final = 2
NOBODY: Final = bytes(4)
"""The sender's protocol address of a probe (RFC 5227 section 1.1)."""
FIXED: Final = struct.pack("!HHBB", 1, 0x0800, 6, 4)
"""Hardware type Ethernet, protocol type IPv4, and the lengths of their addresses (RFC 826)."""
_FRAME = struct.Struct("!6s6sH6sH6s4s6s4s")
LENGTH: Final = _FRAME.size
SOURCE: Final = 6
HEAD: Final = 14
SHA: Final = 22
SPA: Final = 28
THA: Final = 32
TPA: Final = 38
"""Where the Ethernet source, `FIXED` and the addresses of RFC 826 begin in a frame."""


class Arp(Struct, frozen=True):
    """An ARP packet in its Ethernet frame; addresses as on the wire.

    The fields bear RFC 826's names: sha and spa are the sender's addresses, tha and tpa the target's.
    """

    destination: bytes
    source: bytes
    operation: int
    sha: bytes
    spa: bytes
    tha: bytes
    tpa: bytes


def parse(frame: bytes) -> Arp | Malformed:
    """The ARP packet in *frame*; what an Ethernet minimum frame is padded with is passed over."""
    if len(frame) < LENGTH:
        return Malformed(f"{len(frame)} bytes are fewer than {LENGTH}")
    destination, source, ethertype, fixed, operation, sha, spa, tha, tpa = _FRAME.unpack_from(frame)
    if ethertype != ETHERTYPE_ARP:
        return Malformed(f"EtherType 0x{ethertype:04x} is not ARP")
    if fixed != FIXED:
        return Malformed("not IPv4 on Ethernet")
    if operation not in (REQUEST, REPLY):
        return Malformed(f"operation {operation} is neither request nor reply")
    if is_group(sha):  # RFC 1812 section 3.3.2: not to be believed; and a reply to it would go to many
        return Malformed("the sender's hardware address is a group's")
    return Arp(destination, source, operation, sha, spa, tha, tpa)


def emit(packet: Arp) -> bytes:
    """The frame of *packet*, unpadded; the inverse of `parse`."""
    addresses = (packet.sha, packet.spa, packet.tha, packet.tpa)
    return _FRAME.pack(packet.destination, packet.source, ETHERTYPE_ARP, FIXED, packet.operation, *addresses)


def sent_by(form: bytes, mac: bytes) -> bytes:
    """The frame *form* with *mac* as its sender's hardware address."""
    return form[:SOURCE] + mac + form[SOURCE + len(mac) : SHA] + mac + form[SPA:]


def asking(form: bytes, destination: bytes, tpa: bytes) -> bytes:
    """The request *form*, in which no address but its sender's is set, for *tpa*, sent to *destination*."""
    return destination + form[SOURCE:TPA] + tpa


def patched(template: bytes, spa: bytes, tha: bytes, tpa: bytes) -> bytes:
    """The frame *template* with these addresses in the place of its own, sent to *tha*."""
    return tha + template[SOURCE:SPA] + spa + tha + tpa
