"""Neighbor solicitations and advertisements of IPv6 (RFC 4861 section 4.3, 4.4) on Ethernet (RFC 2464).

Bytes become a value at the door, which enforces RFC 4861 sections 7.1.1 and 7.1.2. A message stands right
behind the IPv6 header, as every stack sends it; behind extension headers it is passed over. Knows how a
message reads; not which addresses are ours.
"""

import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from speaker.layer2.protocol.ethernet import ETHERTYPE_IPV6, Malformed, is_group

UNSPECIFIED: Final = bytes(16)
ALL_NODES: Final = bytes.fromhex("ff02") + bytes(13) + b"\1"
NEIGHBOR_SOLICITATION: Final = 135
NEIGHBOR_ADVERTISEMENT: Final = 136
SOURCE_LINK_LAYER: Final = 1
TARGET_LINK_LAYER: Final = 2
"""Types of options (RFC 4861 section 4.6.1)."""
ROUTER: Final = 0x80
SOLICITED: Final = 0x40
OVERRIDE: Final = 0x20
"""Flags of an advertisement."""
HOP_LIMIT: Final = 255
ICMPV6: Final = 58
NEXT_HEADER: Final = 20
TYPE: Final = 54
TARGET: Final = 62
"""Where the next header, the ICMP type and the target address stand in a frame."""
_HEADER = struct.Struct("!6s6sHIHBB16s16s")
_MESSAGE = struct.Struct("!BBHI16s")
_SOLICITED_NODE = bytes.fromhex("ff02") + bytes(9) + b"\1\xff"
_ETHERNET_OPTION = 8
_VERSION_6 = 6 << 28


class Neighbor(Struct, frozen=True):
    """What both messages have: addresses of frame and packet, as on the wire, and the link-layer option."""

    destination_mac: bytes
    source_mac: bytes
    source: bytes
    destination: bytes
    target: bytes
    link_layer: bytes | None


class Solicitation(Neighbor, frozen=True):
    """Asks who has *target*; from the address `UNSPECIFIED`: for duplicates (RFC 4862 section 5.4)."""


class Advertisement(Neighbor, frozen=True):
    """Says that *target* is at *link_layer*; *flags* of `ROUTER`, `SOLICITED` and `OVERRIDE`."""

    flags: int


def solicited_node(address: bytes) -> bytes:
    """The multicast address on which *address* is asked for (RFC 4291 section 2.7.1)."""
    return _SOLICITED_NODE + address[-3:]


def group_mac(group: bytes) -> bytes:
    """The hardware address of the multicast address *group* (RFC 2464 section 7)."""
    return b"\x33\x33" + group[-4:]


def parse(frame: bytes) -> Solicitation | Advertisement | Malformed:
    """The message in *frame*; what stands behind the IPv6 packet is passed over."""
    if len(frame) < _HEADER.size:
        return Malformed(f"{len(frame)} bytes are fewer than {_HEADER.size}")
    destination_mac, source_mac, ethertype, word, length, following, hops, source, destination = (
        _HEADER.unpack_from(frame)
    )
    if ethertype != ETHERTYPE_IPV6 or word >> 28 != 6:
        return Malformed("not IPv6")
    if following != ICMPV6:
        return Malformed(f"next header {following} is not ICMPv6")
    if hops != HOP_LIMIT:
        return Malformed(f"hop limit {hops}: it may come from another link")
    message = frame[_HEADER.size : _HEADER.size + length]
    if len(message) < length or length < _MESSAGE.size:
        return Malformed(f"{len(message)} bytes of a message of {length}")
    if checksum(source, destination, message) != 0:
        return Malformed("wrong checksum")
    if is_group(source_mac) or source[0] == 0xFF:
        return Malformed("the sender's address is a group's")
    return _message(Neighbor(destination_mac, source_mac, source, destination, UNSPECIFIED, None), message)


def _message(around: Neighbor, message: bytes) -> Solicitation | Advertisement | Malformed:
    kind, code, _, flags, target = _MESSAGE.unpack_from(message)
    if kind not in (NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT) or code != 0:
        return Malformed(f"type {kind}, code {code}: neither solicitation nor advertisement")
    if target[0] == 0xFF:
        return Malformed("the target is multicast")
    option = SOURCE_LINK_LAYER if kind == NEIGHBOR_SOLICITATION else TARGET_LINK_LAYER
    link_layer = None
    for number, body in _options(message):
        if body is None:
            return Malformed("an option of no length, or cut off")
        if number == option:
            if len(body) != _ETHERNET_OPTION - 2 or is_group(body):
                return Malformed("a link-layer option that holds no Ethernet address")
            link_layer = body
    addresses = (around.destination_mac, around.source_mac, around.source, around.destination)
    if kind == NEIGHBOR_SOLICITATION:
        return _solicitation(Solicitation(*addresses, target, link_layer))
    return _advertisement(Advertisement(*addresses, target, link_layer, flags >> 24 & 0xE0))


def _options(message: bytes) -> Iterator[tuple[int, bytes | None]]:
    """Type and body of each option; the body None, and the last, where its length cannot be."""
    at = _MESSAGE.size
    while at < len(message):
        length = 8 * message[at + 1] if at + 1 < len(message) else 0
        whole = 0 < length <= len(message) - at
        yield message[at], message[at + 2 : at + length] if whole else None
        if not whole:
            return
        at += length


def _solicitation(read: Solicitation) -> Solicitation | Malformed:
    if read.source == UNSPECIFIED:
        if not read.destination.startswith(_SOLICITED_NODE):
            return Malformed("sent from nowhere, and not to a solicited-node group")
        if read.link_layer is not None:
            return Malformed("sent from nowhere, and with a source link-layer option")
    return read


def _advertisement(read: Advertisement) -> Advertisement | Malformed:
    if read.destination[0] == 0xFF and read.flags & SOLICITED:
        return Malformed("solicited, and sent to a group")
    return read


def checksum(source: bytes, destination: bytes, message: bytes) -> int:
    """What makes the ones' complement sum right (RFC 4443 section 2.3); 0 for a message that holds it."""
    head = source + destination + struct.pack("!II", len(message), ICMPV6)
    # The sum of 16-bit words, carries added, is the remainder by 2^16 - 1 (RFC 1071).
    return -int.from_bytes(head + message + bytes(len(message) % 2), "big") % 0xFFFF


def emit(message: Solicitation | Advertisement) -> bytes:
    """The frame of *message*, with no other option; the inverse of `parse`."""
    if isinstance(message, Solicitation):
        kind, option, flags = NEIGHBOR_SOLICITATION, SOURCE_LINK_LAYER, 0
    else:
        kind, option, flags = NEIGHBOR_ADVERTISEMENT, TARGET_LINK_LAYER, message.flags
    options = b"" if message.link_layer is None else bytes((option, 1)) + message.link_layer
    body = _MESSAGE.pack(kind, 0, 0, flags << 24, message.target) + options
    check = checksum(message.source, message.destination, body)
    macs = (message.destination_mac, message.source_mac, ETHERTYPE_IPV6)
    packet = (_VERSION_6, len(body), ICMPV6, HOP_LIMIT, message.source, message.destination)
    return _HEADER.pack(*macs, *packet) + body[:2] + check.to_bytes(2, "big") + body[4:]


def sent_by(form: bytes, mac: bytes) -> bytes:
    """The advertisement *form*, in which no hardware address is set, as sent by *mac* and telling of it."""
    return form[:6] + mac + form[12:56] + _checked(form, (mac,)) + form[58:80] + mac


def asked_by(form: bytes, mac: bytes) -> bytes:
    """The solicitation *form*, in which no hardware address is set, in a frame of *mac*."""
    return form[:6] + mac + form[12:]


def asking(form: bytes, destination_mac: bytes | None, target: bytes) -> bytes:
    """The solicitation *form*, from nowhere and without option, for *target*, sent to all or to one."""
    group = solicited_node(target)
    head = (destination_mac or group_mac(group)) + form[6:38] + group + form[TYPE:56]
    return head + _checked(form, (target, group)) + form[58:TARGET] + target


def patched(template: bytes, destination_mac: bytes, destination: bytes, target: bytes) -> bytes:
    """The advertisement *template*, in which no address is set, made that of *target* to *destination*."""
    check = _checked(template, (target, target, destination))
    head = destination_mac + template[6:22] + target + destination + template[TYPE:56]
    return head + check + template[58:TARGET] + target + template[78:]


def _checked(form: bytes, addresses: tuple[bytes, ...]) -> bytes:
    """The checksum of *form* after *addresses* were set in it; each begins at an even byte (RFC 1624)."""
    before = int.from_bytes(form[56:58], "big")
    return ((before - sum(int.from_bytes(each, "big") for each in addresses)) % 0xFFFF).to_bytes(2, "big")
