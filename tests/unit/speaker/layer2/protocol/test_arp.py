from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from scapy.layers.l2 import ARP, Ether

from speaker.layer2.protocol.arp import LENGTH, REPLY, REQUEST, Arp, emit, parse, patched, sent_by
from speaker.layer2.protocol.ethernet import Malformed

EVERYBODY = b"\xff" * 6
ALICE, BOB = bytes.fromhex("0200000000a1"), bytes.fromhex("0200000000b2")
NOBODY = bytes(6)


def ip(text):
    return IPv4Address(text).packed


VECTORS = {
    # RFC 826, "An Example", X asks for Y: the fields in the order of its "Packet format", Ethernet hardware.
    "request of RFC 826": (
        "ffffffffffff 0200000000a1 0806 0001 0800 06 04 0001 0200000000a1 0a000001 000000000000 0a000002",
        Arp(EVERYBODY, ALICE, REQUEST, ALICE, ip("10.0.0.1"), NOBODY, ip("10.0.0.2")),
    ),
    # RFC 826, "Packet Reception": the fields swapped, the operation a reply, sent to the target hardware.
    "reply of RFC 826": (
        "0200000000a1 0200000000b2 0806 0001 0800 06 04 0002 0200000000b2 0a000002 0200000000a1 0a000001",
        Arp(ALICE, BOB, REPLY, BOB, ip("10.0.0.2"), ALICE, ip("10.0.0.1")),
    ),
    # RFC 5227 section 2.1.1: sender address and target hardware address all zero.
    "probe of RFC 5227": (
        "ffffffffffff 0200000000a1 0806 0001 0800 06 04 0001 0200000000a1 00000000 000000000000 0a000002",
        Arp(EVERYBODY, ALICE, REQUEST, ALICE, ip("0.0.0.0"), NOBODY, ip("10.0.0.2")),
    ),
    # RFC 5227 section 2.3: as the probe, with both addresses the claimed one.
    "announcement of RFC 5227": (
        "ffffffffffff 0200000000a1 0806 0001 0800 06 04 0001 0200000000a1 0a000002 000000000000 0a000002",
        Arp(EVERYBODY, ALICE, REQUEST, ALICE, ip("10.0.0.2"), NOBODY, ip("10.0.0.2")),
    ),
    # RFC 1122 section 2.3.2.1 (1): unicast poll of a cache entry; padded as Ethernet's 60 bytes want it.
    "padded unicast poll of RFC 1122": (
        "0200000000b2 0200000000a1 0806 0001 0800 06 04 0001 0200000000a1 0a000001 0200000000b2 0a000002"
        + "00" * 18,
        Arp(BOB, ALICE, REQUEST, ALICE, ip("10.0.0.1"), BOB, ip("10.0.0.2")),
    ),
    # Made by scapy 2.8 from its defaults for ARP.
    "request by scapy": (
        bytes(
            Ether(src="02:00:00:00:00:a1", dst="ff:ff:ff:ff:ff:ff")
            / ARP(hwsrc="02:00:00:00:00:a1", psrc="192.0.2.7", pdst="192.0.2.9")
        ).hex(),
        Arp(EVERYBODY, ALICE, REQUEST, ALICE, ip("192.0.2.7"), NOBODY, ip("192.0.2.9")),
    ),
}
vectors = pytest.mark.parametrize(("frame", "packet"), VECTORS.values(), ids=VECTORS.keys())
macs = st.binary(min_size=6, max_size=6)
hosts = macs.map(lambda mac: bytes((mac[0] & 0xFE, *mac[1:])))
ips = st.binary(min_size=4, max_size=4)
packets = st.builds(Arp, macs, macs, st.sampled_from([REQUEST, REPLY]), hosts, ips, macs, ips)


@vectors
def test_a_frame_is_what_its_source_says(frame, packet):
    assert parse(bytes.fromhex(frame)) == packet


@vectors
def test_a_frame_is_emitted_as_it_was_parsed_but_for_its_padding(frame, packet):
    whole = bytes.fromhex(frame)
    assert emit(parse(whole)) == whole[:LENGTH]


@vectors
def test_a_frame_cut_at_any_byte_is_malformed(frame, packet):
    whole = bytes.fromhex(frame)
    for length in range(LENGTH):
        assert parse(whole[:length]) == Malformed(f"{length} bytes are fewer than {LENGTH}")


@given(packets)
def test_what_is_emitted_is_parsed_as_it_was(packet):
    assert parse(emit(packet)) == packet


@given(packets)
def test_scapy_reads_what_is_emitted(packet):
    read = Ether(emit(packet))
    assert (bytes.fromhex(read.src.replace(":", "")), read[ARP].op) == (packet.source, packet.operation)
    assert (ip(read[ARP].psrc), ip(read[ARP].pdst)) == (packet.spa, packet.tpa)
    assert bytes.fromhex(read[ARP].hwsrc.replace(":", "")) == packet.sha


@given(st.binary(max_size=80))
def test_whatever_arrives_is_a_packet_or_malformed(frame):
    assert isinstance(parse(frame), Arp | Malformed)


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        pytest.param(12, "86dd", "EtherType 0x86dd is not ARP", id="IPv6"),
        pytest.param(14, "0006", "not IPv4 on Ethernet", id="hardware IEEE 802"),
        pytest.param(16, "86dd", "not IPv4 on Ethernet", id="protocol IPv6"),
        pytest.param(18, "0804", "not IPv4 on Ethernet", id="hardware addresses of eight bytes"),
        pytest.param(22, "01ff", "the sender's hardware address is a group's", id="from a group"),
        pytest.param(20, "0003", "operation 3 is neither request nor reply", id="reverse ARP"),
    ],
)
def test_what_is_no_arp_for_ipv4_on_ethernet_says_why(at, value, reason):
    frame = bytearray(bytes.fromhex(VECTORS["request of RFC 826"][0]))
    frame[at : at + 2] = bytes.fromhex(value)
    assert parse(bytes(frame)) == Malformed(reason)


@given(packets, hosts, ips, ips)
def test_a_patched_frame_has_the_addresses_given_and_all_else_of_its_template(packet, tha, spa, tpa):
    read = parse(patched(emit(packet), spa, tha, tpa))
    assert read == replace(packet, destination=tha, spa=spa, tha=tha, tpa=tpa)


@given(packets, hosts)
def test_a_form_is_sent_by_the_address_given_and_is_the_same_otherwise(packet, mac):
    assert parse(sent_by(emit(packet), mac)) == replace(packet, source=mac, sha=mac)
