"""Filters in the kernel: what of an interface's traffic wakes this process, and how much the kernel takes."""

import random
from functools import partial
from ipaddress import ip_address

import pytest

from speaker.layer2.packets import PacketLink
from speaker.layer2.protocol import arp, ndp
from speaker.layer2.protocol.bpf import arp_program, ndp_program
from speaker.layer2.protocol.ethernet import BROADCAST, ETHERTYPE_ARP, ETHERTYPE_IPV6

from .conftest import eventually

MAC = bytes.fromhex("0200000000a1")
SCATTERED = frozenset((2**20 * number + number % 7).to_bytes(4, "big") for number in range(1, 3000))


def asks(address, asker="192.0.2.1"):
    packed = [ip_address(each).packed for each in (asker, address)]
    return arp.emit(arp.Arp(BROADCAST, MAC, arp.REQUEST, MAC, packed[0], bytes(6), packed[1]))


def solicits(address, group=ndp.ALL_NODES):
    target = ip_address(address).packed
    source = ip_address("fe80::1").packed
    return ndp.emit(ndp.Solicitation(ndp.group_mac(group), MAC, source, group, target, MAC))


@pytest.fixture
def link(machine, client):
    """Makes links on eth0 of the machine, which the client sends to."""
    made = []

    def open_link(ethertype):
        made.append(PacketLink("eth0", ethertype, 1518))
        return made[-1]

    yield open_link
    for each in made:
        each.close()


async def arrived(link, client, *frames):
    """Those of *frames* that get in when the client sends them."""
    for frame in frames:
        client.send(frame)
    got = []
    # A veth hands a frame over while it is sent: what is not there now will not come.
    while (frame := link.receive()) is not None:
        got.append(frame)
    return [frame for frame in frames if frame in got]


async def test_nothing_gets_in_before_it_is_admitted(machine, client, link):
    opened = link(ETHERTYPE_ARP)
    assert await arrived(opened, client, asks("192.0.2.200")) == []


async def test_only_frames_about_our_addresses_get_in(machine, client, link):
    opened = link(ETHERTYPE_ARP)
    ours = frozenset({ip_address("192.0.2.200").packed})
    opened.admit(partial(arp_program, machine.index("eth0"), ours))
    wanted = [asks("192.0.2.200"), asks("192.0.2.9", "192.0.2.200")]
    assert await arrived(opened, client, asks("192.0.2.199"), *wanted, asks("192.0.2.201")) == wanted


async def test_only_neighbor_discovery_about_our_addresses_gets_in(machine, client, link):
    opened = link(ETHERTYPE_IPV6)
    opened.admit(partial(ndp_program, machine.index("eth0"), frozenset({ip_address("fd00::c8").packed})))
    wanted = solicits("fd00::c8")
    client.speak_to("fd00:0:0:0::99")
    assert await arrived(opened, client, solicits("fd00::c9"), wanted) == [wanted]


async def test_a_filter_is_replaced_and_nothing_gets_in_where_nothing_is_announced(machine, client, link):
    opened = link(ETHERTYPE_ARP)
    index = machine.index("eth0")
    one, other = asks("192.0.2.200"), asks("192.0.2.201")
    for address, expected in (("192.0.2.200", [one]), ("192.0.2.201", [other])):
        opened.admit(partial(arp_program, index, frozenset({ip_address(address).packed})))
        assert await arrived(opened, client, one, other) == expected
    opened.admit(partial(arp_program, index, frozenset()))
    assert await arrived(opened, client, one, other) == []


@pytest.mark.parametrize("memory", [131072, 20480], ids=["memory of Linux 6.8", "memory of older ones"])
async def test_thousands_of_scattered_addresses_fit_into_the_kernel(machine, client, link, memory):
    machine.sysctl("net/core/optmem_max", str(memory))
    opened = link(ETHERTYPE_ARP)
    program = partial(arp_program, machine.index("eth0"), SCATTERED)
    for _ in range(3):  # the old one is there until the new one is
        opened.admit(program)
    ours = [asks(ip_address(each)) for each in random.Random(7).sample(sorted(SCATTERED), 50)]
    assert await arrived(opened, client, *ours) == ours
    assert await arrived(opened, client, asks("255.255.0.1")) == []


async def test_an_interface_that_is_gone_is_an_error_that_the_loop_survives(machine, client, link, caplog):
    opened = link(ETHERTYPE_ARP)
    machine.delete("eth0")
    await eventually(lambda: machine.index("eth0") is None)
    assert opened.receive() is None
    opened.send(asks("192.0.2.1"))
    opened.send(asks("192.0.2.1"))
    told = [each for each in caplog.messages if "frames are not sent" in each]
    assert len(told) == 1
