"""What ARP and NDP share: Ethernet (RFC 894, RFC 2464), and frames that hold no valid message."""

from typing import Final

from msgspec import Struct

ETHERTYPE_ARP: Final = 0x0806
ETHERTYPE_IPV6: Final = 0x86DD
MAC: Final = 6
"""Bytes of a hardware address."""
BROADCAST: Final = b"\xff" * MAC


class Malformed(Struct, frozen=True):
    """Why a frame is not taken in."""

    reason: str


def is_group(mac: bytes) -> bool:
    """Whether *mac* is broadcast or multicast, and so nobody's own address (IEEE 802-2014 section 8.2.2)."""
    return bool(mac[0] & 1)
