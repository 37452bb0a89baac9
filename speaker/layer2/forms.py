"""The frames that responders patch, built by scapy in a process of its own, which ends.

Scapy takes half a millisecond for a frame, so none is built while somebody waits; and it would hold 31 MB.
"""

import subprocess
import sys
from functools import cache

import msgspec
from msgspec import Struct

from speaker.layer2.protocol.arp import REPLY, REQUEST
from speaker.layer2.protocol.ndp import HOP_LIMIT

TIMEOUT = 60.0
"""Seconds; it takes half a second, and some on a node that is short of CPU."""
ANYBODY = "00:00:00:00:00:00"
ANY, ANY6 = "0.0.0.0", "::"


class Forms(Struct, frozen=True):
    """Whole frames in which no address is set."""

    arp_request: bytes
    arp_reply: bytes
    solicited_advertisement: bytes
    unsolicited_advertisement: bytes
    solicitation: bytes


@cache
def forms() -> Forms:
    """What scapy builds. Takes its time when called first; raises subprocess.SubprocessError if it fails."""
    built = subprocess.run(
        [sys.executable, "-m", "speaker.layer2.forms"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=TIMEOUT,
        check=True,
    )
    return msgspec.json.decode(built.stdout, type=Forms)


def _build() -> Forms:
    from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, IPv6
    from scapy.layers.l2 import ARP, Ether

    ethernet = Ether(src=ANYBODY, dst=ANYBODY)
    packet = IPv6(src=ANY6, dst=ANY6, hlim=HOP_LIMIT)

    def arp(operation: int) -> bytes:
        return bytes(ethernet / ARP(op=operation, hwsrc=ANYBODY, psrc=ANY, hwdst=ANYBODY, pdst=ANY))

    def advertisement(solicited: int) -> bytes:
        said = ICMPv6ND_NA(R=0, S=solicited, O=1, tgt=ANY6)
        return bytes(ethernet / packet / said / ICMPv6NDOptDstLLAddr(lladdr=ANYBODY))

    solicitation = bytes(ethernet / packet / ICMPv6ND_NS(tgt=ANY6))
    return Forms(arp(REQUEST), arp(REPLY), advertisement(1), advertisement(0), solicitation)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_build()))
