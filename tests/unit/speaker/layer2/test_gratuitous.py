from ipaddress import IPv4Address

from speaker.layer2.gratuitous import gratuitous_arp
from speaker.layer2.protocol.arp import BROADCAST, REPLY, REQUEST, Arp, parse

OURS, VIP = b"\x02\0\0\0\0\x01", IPv4Address("10.0.0.200")


def test_an_address_is_claimed_to_everybody_as_a_request_and_as_a_reply():
    # MetalLB sends the same two; RFC 5227 section 3 leaves the target hardware address open.
    assert [parse(frame) for frame in gratuitous_arp(OURS, VIP)] == [
        Arp(BROADCAST, OURS, form, OURS, VIP, BROADCAST, VIP) for form in (REQUEST, REPLY)
    ]
