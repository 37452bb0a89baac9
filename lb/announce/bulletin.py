"""What a node tells all others of itself, as far as elections depend on it: its value, and its bytes.

It is sent often and to many, so it is packed: MessagePack, with addresses and ports as runs of bytes. Who
vouches for the bytes is the failure detector's to say.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from struct import iter_unpack, pack
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from lb.config.ranges import Address

VERSION = 1
LONGEST = 60_000
"""Bytes; those of a UDP datagram, less what the failure detector adds."""
LONGEST_NAME = 15
"""Bytes of an interface's name (IFNAMSIZ, <linux/if.h>)."""
MAC = 6
"""Bytes of a hardware address."""
INTERFACES, PORTS, ADDRESSES4, ADDRESSES6 = 256, 4096, 4096, 1600
"""So many are told of each, the lowest first."""


class Bulletin(Struct, frozen=True):
    """One node's word.

    `interfaces` are the names of those that carry announcements now, and `ipv6` of those of them that carry
    IPv6, too. `addresses` is what is answered for, and `healthy` has the healthCheckNodePorts at which the
    node's kube-proxy answers 200. `is_fresh` tells that the speaker has just started. `macs` are the hardware
    addresses by which the node announces.
    """

    interfaces: frozenset[str] = frozenset()
    ipv6: frozenset[str] = frozenset()
    addresses: frozenset[Address] = frozenset()
    healthy: frozenset[int] = frozenset()
    is_fresh: bool = False
    macs: frozenset[bytes] = frozenset()


_Names = Annotated[tuple[Annotated[str, Meta(max_length=LONGEST_NAME)], ...], Meta(max_length=INTERFACES)]


class _Packed(Struct, frozen=True, array_like=True):
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    interfaces: _Names
    ipv6: _Names
    v4: Annotated[bytes, Meta(max_length=4 * ADDRESSES4)]
    v6: Annotated[bytes, Meta(max_length=16 * ADDRESSES6)]
    healthy: Annotated[bytes, Meta(max_length=2 * PORTS)]
    is_fresh: bool
    macs: Annotated[bytes, Meta(max_length=MAC * INTERFACES)] = b""


def emit(bulletin: Bulletin) -> bytes:
    """The bytes of *bulletin*, at most LONGEST; what does not fit is left out."""
    return msgspec.msgpack.encode(
        _Packed(
            VERSION,
            tuple(sorted(bulletin.interfaces)[:INTERFACES]),
            tuple(sorted(bulletin.ipv6)[:INTERFACES]),
            _run((each.packed for each in bulletin.addresses if each.version == 4), ADDRESSES4),
            _run((each.packed for each in bulletin.addresses if each.version == 6), ADDRESSES6),
            _run((pack(">H", port) for port in bulletin.healthy), PORTS),
            bulletin.is_fresh,
            _run(bulletin.macs, INTERFACES),
        )
    )


def audible(bulletin: Bulletin) -> Bulletin:
    """What of *bulletin* others hear: `emit` has no room for more. By that its own node is judged, too."""
    counts = (len(bulletin.interfaces), len(bulletin.addresses), len(bulletin.healthy), len(bulletin.macs))
    if all(
        count <= most for count, most in zip(counts, (INTERFACES, ADDRESSES6, PORTS, INTERFACES), strict=True)
    ):
        return bulletin
    return parse(emit(bulletin)) or bulletin


def _run(items: Iterable[bytes], most: int) -> bytes:
    return b"".join(sorted(items)[:most])


def parse(data: bytes) -> Bulletin | None:
    """The bulletin in *data*; None where that is none, or is longer than LONGEST."""
    if len(data) > LONGEST:
        return None
    try:
        packed = msgspec.msgpack.decode(data, type=_Packed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if len(packed.v4) % 4 or len(packed.v6) % 16 or len(packed.healthy) % 2 or len(packed.macs) % MAC:
        return None
    return Bulletin(
        frozenset(packed.interfaces),
        frozenset(packed.ipv6),
        frozenset(IPv4Address(each) for (each,) in iter_unpack("4s", packed.v4))
        | frozenset(IPv6Address(each) for (each,) in iter_unpack("16s", packed.v6)),
        frozenset(port for (port,) in iter_unpack(">H", packed.healthy)),
        packed.is_fresh,
        frozenset(mac for (mac,) in iter_unpack(f"{MAC}s", packed.macs)),
    )
