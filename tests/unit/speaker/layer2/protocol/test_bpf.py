"""Filters, run by an interpreter of the instructions that they are made of."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speaker.layer2.protocol import arp, ndp
from speaker.layer2.protocol.bpf import (
    INTERFACE,
    JUMP,
    JUMP_AT_LEAST,
    JUMP_EQUAL,
    JUMP_GREATER,
    KIND,
    LOAD_HALF,
    LOAD_WORD,
    MOST_RANGES,
    NOTHING,
    RETURN,
    arp_program,
    ndp_program,
)

HOST, BROADCAST, MULTICAST, OTHER_HOST, OUTGOING = range(5)
"""Kinds of <linux/if_packet.h>."""
ETH0 = 2
LONGEST_PROGRAM = 4096
"""Instructions, BPF_MAXINSNS of <linux/bpf_common.h>."""
MAC = bytes.fromhex("0200000000a1")
JUMPS = {
    JUMP_EQUAL: lambda loaded, k: loaded == k,
    JUMP_GREATER: lambda loaded, k: loaded > k,
    JUMP_AT_LEAST: lambda loaded, k: loaded >= k,
}


def lets_through(program, frame, kind=BROADCAST, interface=ETH0):
    """Whether the kernel would; and as it does, check that the program only jumps forward, and to an end."""
    loaded, at = None, 0
    ancillary = {KIND: kind, INTERFACE: interface}
    while True:
        code, jt, jf, k = program[at]
        at += 1
        if code == RETURN:
            return k > 0
        if code == JUMP:
            at += k
        elif code in JUMPS:
            at += jt if JUMPS[code](loaded, k) else jf
        else:
            size = {LOAD_WORD: 4, LOAD_HALF: 2}[code]
            if k in ancillary:
                loaded = ancillary[k]
            elif k + size > len(frame):
                return False
            else:
                loaded = int.from_bytes(frame[k : k + size], "big")


def asks(address, asker="192.0.2.1", operation=arp.REQUEST):
    return arp.emit(arp.Arp(b"\xff" * 6, MAC, operation, MAC, packed(asker), bytes(6), packed(address)))


def solicits(address, kind=ndp.Solicitation, **flags):
    target = packed(address)
    group = ndp.solicited_node(target)
    return ndp.emit(kind(ndp.group_mac(group), MAC, packed("fe80::1"), group, target, MAC, **flags))


def packed(address):
    return ip_address(address).packed


def ours(*addresses):
    return frozenset(map(packed, addresses))


@pytest.mark.parametrize("make", [arp_program, ndp_program])
def test_with_no_address_nothing_gets_through(make):
    assert make(ETH0, frozenset()) == NOTHING
    assert not lets_through(NOTHING, asks("192.0.2.200"))


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        pytest.param(asks("192.0.2.200"), True, id="request for ours"),
        pytest.param(asks("192.0.2.200", "0.0.0.0"), True, id="probe for ours"),
        pytest.param(asks("192.0.2.7", "192.0.2.200"), True, id="request of another host that has ours"),
        pytest.param(asks("192.0.2.7", "192.0.2.200", arp.REPLY), True, id="reply of such a host"),
        pytest.param(asks("192.0.2.200") + bytes(18), True, id="padded"),
        pytest.param(asks("192.0.2.199"), False, id="request for the address before"),
        pytest.param(asks("192.0.2.202"), False, id="request for the address behind"),
        pytest.param(asks("192.0.2.200")[:-1], False, id="cut off"),
        pytest.param(asks("192.0.2.200", operation=3), False, id="reverse ARP"),
        pytest.param(asks("192.0.2.200").replace(b"\x08\x00", b"\x86\xdd"), False, id="of another protocol"),
        pytest.param(asks("192.0.2.200").replace(b"\x06\x04", b"\x08\x04"), False, id="of other hardware"),
        pytest.param(b"", False, id="empty"),
    ],
)
def test_arp_from_or_for_our_addresses_gets_through(frame, expected):
    program = arp_program(ETH0, ours("192.0.2.200", "192.0.2.201"))
    assert lets_through(program, frame) is expected


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        pytest.param(solicits("2001:db8::200"), True, id="solicitation of ours"),
        pytest.param(solicits("2001:db8::200", ndp.Advertisement, flags=0), True, id="advertisement of ours"),
        pytest.param(solicits("2001:db8::201"), False, id="solicitation of another"),
        pytest.param(solicits("2001:db8:1::200"), True, id="of one that ends alike"),
        pytest.param(solicits("2001:db8::200")[:77], False, id="cut off"),
        pytest.param(solicits("2001:db8::200").replace(b"\x3a\xff", b"\x00\xff"), False, id="no ICMPv6"),
        pytest.param(solicits("2001:db8::200").replace(b"\x3a\xff", b"\x3a\xfe"), False, id="from afar"),
        pytest.param(solicits("2001:db8::200").replace(b"\x87\x00", b"\x87\x01"), False, id="code 1"),
        *(
            pytest.param(
                solicits("2001:db8::200").replace(b"\x87\x00", bytes((kind, 0))), False, id=f"type {kind}"
            )
            for kind in (1, 134, 137, 255)
        ),
    ],
)
def test_neighbor_discovery_about_our_addresses_gets_through(frame, expected):
    assert lets_through(ndp_program(ETH0, ours("2001:db8::200")), frame, MULTICAST) is expected


@pytest.mark.parametrize("kind", [HOST, BROADCAST, MULTICAST, OTHER_HOST, OUTGOING])
def test_what_is_for_another_host_or_sent_by_ourselves_is_held_back(kind):
    program = arp_program(ETH0, ours("192.0.2.200"))
    assert lets_through(program, asks("192.0.2.200"), kind) is (kind <= MULTICAST)


def test_what_came_in_by_another_interface_is_held_back():
    program = arp_program(ETH0, ours("192.0.2.200"))
    assert not lets_through(program, asks("192.0.2.200"), interface=ETH0 + 1)


addresses = st.sets(st.integers(0, 2**32 - 1), min_size=1, max_size=600) | st.sets(
    st.integers(0, 700), min_size=1, max_size=600
)


@given(addresses, st.integers(0, 2**32 - 1) | st.integers(0, 700), st.integers(0, 2**32 - 1))
def test_just_the_ranges_given_get_through(numbers, target, sender):
    program = arp_program(ETH0, ours(*numbers), 2**32)
    frame = asks(target, sender)
    assert lets_through(program, frame) is bool({target, sender} & numbers)


@given(addresses)
def test_what_is_ours_gets_through_however_many_there_are_and_the_program_fits(numbers):
    program = arp_program(ETH0, ours(*numbers))
    assert len(program) <= LONGEST_PROGRAM
    assert all(lets_through(program, asks(each)) for each in numbers)


def test_the_largest_program_fits_into_the_kernel_and_its_jumps_into_a_byte():
    scattered = ours(*(2**20 * each for each in range(4096)))
    program = arp_program(ETH0, scattered)
    assert MOST_RANGES == 256
    assert len(program) <= LONGEST_PROGRAM
    assert all(max(each.jt, each.jf) <= 255 for each in program)
