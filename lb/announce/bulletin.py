"""What a node tells all others of itself, as far as elections depend on it: its value, and its bytes.

It is sent often and to many, so it is packed: MessagePack, with addresses and ports as runs of bytes. Who
vouches for the bytes is the failure detector's to say.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from struct import iter_unpack, pack
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from lb.config.conflict import LONGEST_NAME
from lb.config.ranges import Address

VERSION = 1
LONGEST = 60_000
"""Bytes; those of a UDP datagram, less what the failure detector adds."""
MAC = 6
"""Bytes of a hardware address."""
INTERFACES, PORTS, ADDRESSES4, ADDRESSES6 = 256, 4096, 4096, 1600
"""So many are told of each, the lowest first."""
Item = TypeVar("Item", str, int, bytes, IPv4Address, IPv6Address)


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


def fitting(bulletin: Bulletin) -> Bulletin:
    """*bulletin* without what there is no room for.

    Whoever tells it has to go by this, too: elections come out the same where all know the same.
    """
    return replace(
        bulletin,
        interfaces=_lowest(bulletin.interfaces, INTERFACES),
        ipv6=_lowest(bulletin.ipv6, INTERFACES),
        addresses=_fitting_addresses(bulletin.addresses),
        healthy=_lowest(bulletin.healthy, PORTS),
        macs=_lowest(bulletin.macs, INTERFACES),
    )


def _fitting_addresses(addresses: frozenset[Address]) -> frozenset[Address]:
    if len(addresses) <= min(ADDRESSES4, ADDRESSES6):
        return addresses
    v4 = frozenset(each for each in addresses if isinstance(each, IPv4Address))
    v6 = frozenset(each for each in addresses if isinstance(each, IPv6Address))
    return _lowest(v4, ADDRESSES4) | _lowest(v6, ADDRESSES6)


def _lowest(items: frozenset[Item], most: int) -> frozenset[Item]:
    return items if len(items) <= most else frozenset(sorted(items)[:most])


def emit(bulletin: Bulletin) -> bytes:
    """The bytes of *bulletin*, as far as it is `fitting`: at most LONGEST."""
    told = fitting(bulletin)
    return msgspec.msgpack.encode(
        _Packed(
            VERSION,
            tuple(sorted(told.interfaces)),
            tuple(sorted(told.ipv6)),
            _run(each.packed for each in told.addresses if each.version == 4),
            _run(each.packed for each in told.addresses if each.version == 6),
            _run(pack(">H", port) for port in told.healthy),
            told.is_fresh,
            _run(told.macs),
        )
    )


def _run(items: Iterable[bytes]) -> bytes:
    return b"".join(sorted(items))


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
