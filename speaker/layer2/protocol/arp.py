"""ARP on Ethernet for IPv4 (RFC 826, RFC 894): bytes become a value at the door.

Knows what a request is and how a reply to it reads; not which addresses are ours.
"""

import struct
from ipaddress import IPv4Address

from msgspec import Struct

BROADCAST = b"\xff" * 6
ETHERTYPE_ARP = 0x0806
REQUEST, REPLY = 1, 2
# Hardware type Ethernet, protocol type IPv4, and the lengths of their addresses (RFC 826).
_FIXED = struct.pack("!HHBB", 1, 0x0800, 6, 4)
_ETHERNET = struct.Struct("!6s6sH")
_ARP = struct.Struct("!6sH6s4s6s4s")
LENGTH = _ETHERNET.size + _ARP.size


class Arp(Struct, frozen=True):
    """An ARP packet in its Ethernet frame.

    The fields bear RFC 826's names: sha and spa are the sender's addresses, tha and tpa the target's.
    """

    destination: bytes
    source: bytes
    operation: int
    sha: bytes
    spa: IPv4Address
    tha: bytes
    tpa: IPv4Address

    @property
    def is_gratuitous(self) -> bool:
        """Whether it announces a binding rather than asks for one (RFC 5227 section 3)."""
        return self.spa == self.tpa


class Malformed(Struct, frozen=True):
    """Why a frame is no ARP for IPv4 on Ethernet."""

    reason: str


def parse(frame: bytes) -> Arp | Malformed:
    """The ARP packet in *frame*; what an Ethernet minimum frame is padded with is passed over."""
    if len(frame) < LENGTH:
        return Malformed(f"{len(frame)} bytes are fewer than {LENGTH}")
    destination, source, ethertype = _ETHERNET.unpack_from(frame)
    fixed, operation, sha, spa, tha, tpa = _ARP.unpack_from(frame, _ETHERNET.size)
    if ethertype != ETHERTYPE_ARP:
        return Malformed(f"EtherType 0x{ethertype:04x} is not ARP")
    if fixed != _FIXED:
        return Malformed("not IPv4 on Ethernet")
    if operation not in (REQUEST, REPLY):
        return Malformed(f"operation {operation} is neither request nor reply")
    return Arp(destination, source, operation, sha, IPv4Address(spa), tha, IPv4Address(tpa))


def emit(packet: Arp) -> bytes:
    """The frame of *packet*, unpadded; the inverse of `parse`."""
    head = _ETHERNET.pack(packet.destination, packet.source, ETHERTYPE_ARP)
    addresses = (packet.sha, packet.spa.packed, packet.tha, packet.tpa.packed)
    return head + _ARP.pack(_FIXED, packet.operation, *addresses)


def reply_to(request: Arp, mac: bytes) -> Arp:
    """The reply that *mac* has the address which *request* asks for, to the sender named in it (RFC 826)."""
    return Arp(request.sha, mac, REPLY, mac, request.tpa, request.sha, request.spa)
