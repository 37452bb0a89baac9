"""The frames that responders patch, built by scapy, once for each hardware address.

Patched and not built each time: scapy takes half a millisecond a frame, and whoever takes over a thousand
addresses must not be late with its heartbeats.
"""

from functools import lru_cache

from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

from speaker.layer2.protocol.arp import REPLY, REQUEST
from speaker.layer2.protocol.arp_responder import ArpTemplates
from speaker.layer2.protocol.ndp import HOP_LIMIT
from speaker.layer2.protocol.ndp_responder import NdpTemplates

ANYBODY = "00:00:00:00:00:00"


@lru_cache
def arp_templates(mac: bytes) -> ArpTemplates:
    """What *mac* says by ARP."""
    return ArpTemplates(mac, _arp(mac, REPLY), (_arp(mac, REQUEST), _arp(mac, REPLY)))


@lru_cache
def ndp_templates(mac: bytes) -> NdpTemplates:
    """What *mac* says by NDP."""
    return NdpTemplates(mac, _advertisement(mac, solicited=1), _advertisement(mac, solicited=0))


def _arp(mac: bytes, operation: int) -> bytes:
    ours = mac.hex(":")
    ethernet = Ether(src=ours, dst=ANYBODY)
    return bytes(ethernet / ARP(op=operation, hwsrc=ours, psrc="0.0.0.0", hwdst=ANYBODY, pdst="0.0.0.0"))


def _advertisement(mac: bytes, solicited: int) -> bytes:
    ours = mac.hex(":")
    packet = Ether(src=ours, dst=ANYBODY) / IPv6(src="::", dst="::", hlim=HOP_LIMIT)
    return bytes(packet / ICMPv6ND_NA(R=0, S=solicited, O=1, tgt="::") / ICMPv6NDOptDstLLAddr(lladdr=ours))
