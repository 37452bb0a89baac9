from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.l2 import ARP, Ether

from speaker.layer2.gratuitous import gratuitous_arp
from speaker.layer2.protocol.arp import BROADCAST, REPLY, REQUEST, Arp, parse

OURS, VIP = b"\x02\0\0\0\0\x01", IPv4Address("10.0.0.200")


def test_an_address_is_claimed_to_everybody_as_a_request_and_as_a_reply():
    # MetalLB sends the same two; RFC 5227 section 3 leaves the target hardware address open.
    assert [parse(frame) for frame in gratuitous_arp(OURS, VIP)] == [
        Arp(BROADCAST, OURS, form, OURS, VIP, BROADCAST, VIP) for form in (REQUEST, REPLY)
    ]


@given(st.binary(min_size=6, max_size=6), st.ip_addresses(v=4))
def test_scapy_would_build_the_same_frame_for_any_address(mac, address):
    ours, everybody, ip = mac.hex(":"), "ff:ff:ff:ff:ff:ff", str(address)
    assert gratuitous_arp(mac, address) == tuple(
        bytes(Ether(src=ours, dst=everybody) / ARP(op=form, hwsrc=ours, psrc=ip, hwdst=everybody, pdst=ip))
        for form in (REQUEST, REPLY)
    )
