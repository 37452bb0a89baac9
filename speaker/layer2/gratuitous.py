"""The frames by which a node makes known, unasked, that an address is reached at its hardware address.

Both forms in use are sent, since some hosts heed only one: the ARP Announcement of RFC 5227 section 3, which
is a request, and the same as a reply.
"""

from ipaddress import IPv4Address

from scapy.layers.l2 import ARP, Ether

from speaker.layer2.protocol.arp import REPLY, REQUEST

EVERYBODY = "ff:ff:ff:ff:ff:ff"


def gratuitous_arp(mac: bytes, address: IPv4Address) -> tuple[bytes, ...]:
    """Both forms of gratuitous ARP by which *mac* claims *address*."""
    ours = mac.hex(":")
    ethernet = Ether(src=ours, dst=EVERYBODY)
    return tuple(
        bytes(ethernet / ARP(op=form, hwsrc=ours, psrc=str(address), hwdst=EVERYBODY, pdst=str(address)))
        for form in (REQUEST, REPLY)
    )
