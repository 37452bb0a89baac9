"""The frames that are patched, against what scapy builds with the addresses in it from the start."""

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

from speaker.layer2.protocol import arp, ndp
from speaker.layer2.templates import arp_templates, ndp_templates

macs = st.binary(min_size=6, max_size=6).map(lambda mac: bytes((mac[0] & 0xFE, *mac[1:])))
v4, v6 = st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)


def text(address):
    return str(ip_address(address))


@given(macs, macs, v4, v4)
def test_scapy_would_build_the_same_reply(ours, hers, address, asker):
    built = Ether(src=ours.hex(":"), dst=hers.hex(":")) / ARP(
        op=2, hwsrc=ours.hex(":"), psrc=text(address), hwdst=hers.hex(":"), pdst=text(asker)
    )
    assert arp.patched(arp_templates(ours).reply, address, hers, asker) == bytes(built)


@given(macs, v4)
def test_scapy_would_build_the_same_announcements(ours, address):
    everybody = "ff:ff:ff:ff:ff:ff"
    for template, operation in zip(arp_templates(ours).announcements, (1, 2), strict=True):
        built = Ether(src=ours.hex(":"), dst=everybody) / ARP(
            op=operation, hwsrc=ours.hex(":"), psrc=text(address), hwdst=everybody, pdst=text(address)
        )
        assert arp.patched(template, address, b"\xff" * 6, address) == bytes(built)


@given(macs, macs, v6, v6)
def test_scapy_would_build_the_same_solicited_advertisement(ours, hers, address, asker):
    built = (
        Ether(src=ours.hex(":"), dst=hers.hex(":"))
        / IPv6(src=text(address), dst=text(asker), hlim=255)
        / ICMPv6ND_NA(R=0, S=1, O=1, tgt=text(address))
        / ICMPv6NDOptDstLLAddr(lladdr=ours.hex(":"))
    )
    # Both checksums are right: 0 and 0xffff are the same number, and scapy writes the latter (RFC 768).
    patched = bytearray(ndp.patched(ndp_templates(ours).solicited, hers, asker, address))
    whole = bytearray(bytes(built))
    check = slice(56, 58)
    if patched[check] == b"\0\0":
        patched[check] = whole[check] = b"\xff\xff"
    assert patched == whole


@given(macs, macs, v4, st.booleans())
def test_scapy_would_build_the_same_probe(ours, hers, address, to_all):
    destination = b"\xff" * 6 if to_all else hers
    built = Ether(src=ours.hex(":"), dst=destination.hex(":")) / ARP(
        op=1, hwsrc=ours.hex(":"), psrc="0.0.0.0", hwdst="00:00:00:00:00:00", pdst=text(address)
    )
    assert arp.asking(arp_templates(ours).probe, destination, address) == bytes(built)


@given(macs, macs, v6, st.booleans())
def test_scapy_would_build_the_same_search_for_duplicates(ours, hers, address, to_all):
    group = ndp.solicited_node(address)
    destination = ndp.group_mac(group) if to_all else hers
    built = bytes(
        Ether(src=ours.hex(":"), dst=destination.hex(":"))
        / IPv6(src="::", dst=text(group), hlim=255)
        / ICMPv6ND_NS(tgt=text(address))
    )
    asked = ndp.asking(ndp_templates(ours).probe, None if to_all else hers, address)
    read = ndp.parse(asked)
    assert (read.source, read.destination, read.target, read.link_layer) == (bytes(16), group, address, None)
    assert (asked[:56], asked[58:]) == (built[:56], built[58:])


def test_an_advertisement_that_nobody_asked_for_has_no_solicited_flag():
    unsolicited = ndp_templates(b"\x02\0\0\0\0\x01").unsolicited
    (flags,) = (Ether(unsolicited)[ICMPv6ND_NA].sprintf("%R% %S% %O%"),)
    assert flags == "0 0 1"
