"""The frames by which a node makes known, unasked, that an address is reached at its hardware address.

Both forms in use are sent, since some hosts heed only one: the ARP Announcement of RFC 5227 section 3, which
is a request, and the same as a reply.
"""

from functools import lru_cache
from ipaddress import IPv4Address

from msgspec.structs import replace
from scapy.layers.l2 import ARP, Ether

from speaker.layer2.protocol.arp import REPLY, REQUEST, Arp, emit, parse

EVERYBODY = "ff:ff:ff:ff:ff:ff"
ANY = "0.0.0.0"


def gratuitous_arp(mac: bytes, address: IPv4Address) -> tuple[bytes, ...]:
    """Both forms of gratuitous ARP by which *mac* claims *address*."""
    return tuple(emit(replace(form, spa=address, tpa=address)) for form in _forms(mac))


@lru_cache
def _forms(mac: bytes) -> tuple[Arp, ...]:
    # Once for each hardware address: scapy takes half a millisecond, and whoever takes over a thousand
    # addresses must not be late with its heartbeats.
    ours = mac.hex(":")
    ethernet = Ether(src=ours, dst=EVERYBODY)
    built = (
        ethernet / ARP(op=form, hwsrc=ours, psrc=ANY, hwdst=EVERYBODY, pdst=ANY) for form in (REQUEST, REPLY)
    )
    return tuple(form for form in map(parse, map(bytes, built)) if isinstance(form, Arp))
