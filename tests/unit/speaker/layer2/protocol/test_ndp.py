from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from scapy.layers.inet6 import (
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import Ether

from speaker.layer2.protocol.ethernet import Malformed
from speaker.layer2.protocol.ndp import (
    ALL_NODES,
    OVERRIDE,
    ROUTER,
    SOLICITED,
    UNSPECIFIED,
    Advertisement,
    Solicitation,
    checksum,
    emit,
    group_mac,
    parse,
    patched,
    sent_by,
    solicited_node,
)

ALICE, BOB = bytes.fromhex("0200000000a1"), bytes.fromhex("0200000000b2")
A, B = IPv6Address("2001:db8::a").packed, IPv6Address("2001:db8::b").packed
LINK_LOCAL = IPv6Address("fe80::ff:fe00:a1").packed
GROUP_A, GROUP_B = solicited_node(A), solicited_node(B)
WITHOUT_OPTION = 78
"""Bytes of a frame with a message that has none."""

# Sent by Linux 6.18, whose addresses are Alice's; captured at the other end of a veth pair.
VECTORS = {
    "solicitation of an address to be resolved": (
        "3333ff00000b 0200000000a1 86dd 6000000000203aff 20010db800000000000000000000000a"
        " ff0200000000000000000001ff00000b 87001b6c00000000"
        " 20010db800000000000000000000000b 01010200000000a1",
        Solicitation(group_mac(GROUP_B), ALICE, A, GROUP_B, B, ALICE),
    ),
    "probe of a neighbor's reachability": (
        "0200000000b2 0200000000a1 86dd 6000000000203aff fe80000000000000000000fffe0000a1"
        " 20010db800000000000000000000000b 87001b5900000000"
        " 20010db800000000000000000000000b 01010200000000a1",
        Solicitation(BOB, ALICE, LINK_LOCAL, B, B, ALICE),
    ),
    "detection of duplicates, with a nonce of RFC 7527": (
        "3333ff00000a 0200000000a1 86dd 6000000000203aff 00000000000000000000000000000000"
        " ff0200000000000000000001ff00000a 8700f80900000000"
        " 20010db800000000000000000000000a 0e0171bbb78a1d82",
        Solicitation(group_mac(GROUP_A), ALICE, UNSPECIFIED, GROUP_A, A, None),
    ),
    "advertisement that nobody asked for": (
        "333300000001 0200000000a1 86dd 6000000000203aff 20010db800000000000000000000000a"
        " ff020000000000000000000000000001 8800f87820000000"
        " 20010db800000000000000000000000a 02010200000000a1",
        Advertisement(group_mac(ALL_NODES), ALICE, A, ALL_NODES, A, ALICE, OVERRIDE),
    ),
}
vectors = pytest.mark.parametrize(("frame", "message"), VECTORS.values(), ids=VECTORS.keys())


def solicitation(source="2001:db8::a", destination="2001:db8::b", option=None, hops=255, target="2001:db8::b",
                 **fields):  # fmt: skip
    packet = IPv6(src=source, dst=destination, hlim=hops) / ICMPv6ND_NS(tgt=target, **fields)
    whole = Ether(src=ALICE.hex(":"), dst=BOB.hex(":")) / packet
    return bytes(whole if option is None else whole / option)


def advertisement(destination="2001:db8::b", option=None, target="2001:db8::a", **fields):
    packet = IPv6(src="2001:db8::a", dst=destination, hlim=255) / ICMPv6ND_NA(tgt=target, **fields)
    whole = Ether(src=ALICE.hex(":"), dst=BOB.hex(":")) / packet
    return bytes(whole if option is None else whole / option)


@vectors
def test_a_frame_is_what_its_sender_meant(frame, message):
    assert parse(bytes.fromhex(frame)) == message


@vectors
def test_a_frame_is_emitted_as_it_was_parsed_but_for_other_options(frame, message):
    whole = bytes.fromhex(frame)
    assert emit(parse(whole)) == whole or message.link_layer is None


@vectors
def test_a_frame_cut_at_any_byte_is_malformed(frame, message):
    whole = bytes.fromhex(frame)
    for length in range(len(whole)):
        assert isinstance(parse(whole[:length]), Malformed)


@vectors
def test_a_frame_with_any_byte_of_its_packet_changed_is_malformed_or_another_address(frame, message):
    whole = bytearray.fromhex(frame.replace(" ", ""))
    for at in range(54, len(whole)):
        whole[at] ^= 0x55
        assert parse(bytes(whole)) == Malformed("wrong checksum")
        whole[at] ^= 0x55


@vectors
def test_what_stands_behind_the_packet_is_passed_over(frame, message):
    assert parse(bytes.fromhex(frame) + b"padding") == message


macs = st.binary(min_size=6, max_size=6)
hosts = macs.map(lambda mac: bytes((mac[0] & 0xFE, *mac[1:])))
unicast = st.binary(min_size=16, max_size=16).filter(lambda each: each[0] != 0xFF and each != UNSPECIFIED)
link_layers = st.none() | hosts
solicitations = st.builds(Solicitation, macs, hosts, unicast, unicast, unicast, link_layers) | st.builds(
    lambda destination, source, target: Solicitation(
        destination, source, UNSPECIFIED, solicited_node(target), target, None
    ),
    macs, hosts, unicast,
)  # fmt: skip
flags = st.sampled_from([0, SOLICITED, OVERRIDE, ROUTER, ROUTER | SOLICITED | OVERRIDE])
advertisements = st.builds(Advertisement, macs, hosts, unicast, unicast, unicast, link_layers, flags)


@given(solicitations | advertisements)
def test_what_is_emitted_is_parsed_as_it_was(message):
    assert parse(emit(message)) == message


@given(solicitations | advertisements)
def test_scapy_reads_what_is_emitted(message):
    read = Ether(emit(message))
    assert IPv6Address(read[IPv6].src).packed == message.source
    kind = ICMPv6ND_NS if isinstance(message, Solicitation) else ICMPv6ND_NA
    assert IPv6Address(read[kind].tgt).packed == message.target
    option = ICMPv6NDOptSrcLLAddr if kind is ICMPv6ND_NS else ICMPv6NDOptDstLLAddr
    assert (read[option].lladdr if option in read else None) == (
        message.link_layer and message.link_layer.hex(":")
    )


@given(st.binary(max_size=120))
def test_whatever_arrives_is_a_message_or_malformed(frame):
    assert isinstance(parse(frame), Solicitation | Advertisement | Malformed)


@given(st.sampled_from(list(VECTORS.values())), st.binary(max_size=40), st.integers(0, 255))
def test_whatever_stands_for_options_is_a_message_or_malformed(vector, options, kind):
    head = bytes.fromhex(vector[0])[:WITHOUT_OPTION]
    body = bytes((kind,)) + head[55:56] + b"\0\0" + head[58:] + options
    check = checksum(head[22:38], head[38:54], body).to_bytes(2, "big")
    whole = head[:18] + len(body).to_bytes(2, "big") + head[20:54] + body[:2] + check + body[4:]
    assert parse(whole) != Malformed("wrong checksum")


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        pytest.param(solicitation(hops=254), "hop limit 254: it may come from another link", id="hop limit"),
        pytest.param(solicitation(cksum=0x1234), "wrong checksum", id="checksum"),
        pytest.param(
            solicitation(code=1), "type 135, code 1: neither solicitation nor advertisement", id="code"
        ),
        pytest.param(
            solicitation(type=133),
            "type 133, code 0: neither solicitation nor advertisement",
            id="router solicitation",
        ),
        pytest.param(solicitation(target="ff02::1"), "the target is multicast", id="multicast target"),
        pytest.param(
            solicitation(option=b"\x01\0" + bytes(6)), "an option of no length, or cut off", id="length 0"
        ),
        pytest.param(
            solicitation(option=b"\x0e\2" + bytes(6)), "an option of no length, or cut off", id="cut off"
        ),
        pytest.param(
            solicitation(option=b"\x01\2" + bytes(14)),
            "a link-layer option that holds no Ethernet address",
            id="link-layer address of 14 bytes",
        ),
        pytest.param(
            solicitation(option=ICMPv6NDOptSrcLLAddr(lladdr="33:33:00:00:00:01")),
            "a link-layer option that holds no Ethernet address",
            id="link-layer address of a group",
        ),
        pytest.param(
            solicitation("::", "2001:db8::b"),
            "sent from nowhere, and not to a solicited-node group",
            id="from :: to a unicast address",
        ),
        pytest.param(
            solicitation("::", "ff02::1:ff00:b", ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:a1")),
            "sent from nowhere, and with a source link-layer option",
            id="from :: with a link-layer address",
        ),
        pytest.param(solicitation("ff02::1"), "the sender's address is a group's", id="from a group"),
        pytest.param(advertisement("ff02::1", S=1), "solicited, and sent to a group", id="solicited by all"),
        pytest.param(
            bytes(Ether(type=0x86DD) / IPv6(nh=0) / IPv6ExtHdrHopByHop() / ICMPv6ND_NS()),
            "next header 0 is not ICMPv6",
            id="behind an extension header",
        ),
        pytest.param(b"\0" * 12 + b"\x08\x06" + bytes(60), "not IPv6", id="ARP"),
    ],
)  # fmt: skip
def test_what_rfc_4861_has_discarded_says_why(frame, reason):
    assert parse(frame) == Malformed(reason)


def test_the_router_flag_of_others_is_read():
    read = parse(advertisement(R=1, S=1, O=0, option=ICMPv6NDOptDstLLAddr(lladdr="02:00:00:00:00:a1")))
    assert read == Advertisement(BOB, ALICE, A, B, A, ALICE, ROUTER | SOLICITED)


def test_an_address_is_asked_for_in_the_group_of_its_last_24_bits():
    # The example of RFC 4291 section 2.7.1, and the hardware address by RFC 2464 section 7.
    group = solicited_node(IPv6Address("4037::01:800:200E:8C6C").packed)
    assert IPv6Address(group) == IPv6Address("FF02::1:FF0E:8C6C")
    assert group_mac(group).hex(":") == "33:33:ff:0e:8c:6c"


@given(advertisements, macs, unicast | st.just(ALL_NODES), unicast)
def test_a_patched_advertisement_has_the_addresses_given_and_all_else_of_its_template(
    message, mac, to, target
):
    template = replace(
        message, source=UNSPECIFIED, destination=UNSPECIFIED, target=UNSPECIFIED, link_layer=BOB
    )
    if to == ALL_NODES:
        template = replace(template, flags=template.flags & ~SOLICITED)
    read = parse(patched(emit(template), mac, to, target))
    assert read == replace(template, destination_mac=mac, source=target, destination=to, target=target)


@given(advertisements, hosts)
def test_a_form_is_sent_by_the_address_given_and_is_the_same_otherwise(message, mac):
    form = replace(message, source_mac=bytes(6), link_layer=bytes(6))
    assert parse(sent_by(emit(form), mac)) == replace(form, source_mac=mac, link_layer=mac)
