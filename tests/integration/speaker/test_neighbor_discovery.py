"""Addresses announced by NDP on real interfaces, as seen by the kernel and the wire of a client.

Frames are decoded by scapy, not by the code under test.
"""

import socket
from ipaddress import IPv6Address
from itertools import pairwise
from pathlib import Path

import pytest
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6MLReport2, ICMPv6ND_NA, ICMPv6ND_NS, IPv6
from scapy.layers.l2 import Ether

from lb.lab.capture import capture
from speaker.layer2.protocol import ndp
from speaker.layer2.protocol.schedule import TAKEOVER_AT
from speaker.layer2.protocol.sighting import Kind

from .conftest import carrying, eventually, resolved

VIP = IPv6Address("fd00::c8")
SAME_GROUP = IPv6Address("fd00::1:0:0:c8")
IFA_F_DADFAILED, IFA_F_TENTATIVE = 0x08, 0x40
NUD_REACHABLE = 0x02
LONG_GAP = TAKEOVER_AT[-2] - TAKEOVER_AT[-3] - 0.5
"""Seconds; after the first gap that is longer, there is time for what follows before the last round."""
ALL_NODES = ("33:33:00:00:00:01", "ff02::1")


@pytest.fixture
async def announced(client, announcer):
    """The announcer, once it announces VIP on eth0 to everybody."""
    await eventually(lambda: announcer.usable == {"eth0"})
    with capture(client.namespace, "eth0") as seen:
        announcer.announce(VIP, None)
        await eventually(lambda: advertisements(seen))
    return announcer


def decoded(seen, kind):
    frames = map(Ether, (each.raw for each in seen.frames))
    # A kernel that has not the address complains of what is sent to it, and repeats that in its complaint.
    return [frame for frame in frames if kind in frame and ICMPv6DestUnreach not in frame]


def advertisements(seen, address=VIP, **flags):
    """Those of *address* that have these flags."""
    return [
        frame
        for frame in decoded(seen, ICMPv6ND_NA)
        if frame[ICMPv6ND_NA].tgt == str(address)
        and all(getattr(frame[ICMPv6ND_NA], flag) == value for flag, value in flags.items())
    ]


def groups(machine, name="eth0"):
    """The multicast groups that the kernel is a member of on this interface."""
    lines = machine.call(lambda: Path("/proc/thread-self/net/igmp6").read_text()).splitlines()
    return {line.split()[2] for line in lines if line.split()[1] == name}


def group(address=VIP):
    return ndp.solicited_node(address.packed).hex()


def mac_of(host, name="eth0"):
    return bytes.fromhex(host.mac(name).replace(":", ""))


def solicitation(machine, client, *, link_layer, unicast):
    """What a client that has fd00::7 sends."""
    target = VIP.packed
    destination = target if unicast else ndp.solicited_node(target)
    mac = mac_of(machine) if unicast else ndp.group_mac(destination)
    ours = mac_of(client)
    source = IPv6Address("fd00::7").packed
    return ndp.emit(ndp.Solicitation(mac, ours, source, destination, target, ours if link_layer else None))


async def test_a_client_finds_our_hardware_address(machine, client, announced, registry):
    with capture(client.namespace, "eth0") as seen:
        assert await resolved(client, VIP) == machine.mac("eth0")
        await eventually(lambda: advertisements(seen, S=1))
    (reply,) = advertisements(seen, S=1)
    assert (reply.src, reply.dst) == (machine.mac("eth0"), client.mac("eth0"))
    assert (reply[IPv6].src, reply[IPv6].hlim) == (str(VIP), 255)
    assert (reply[ICMPv6ND_NA].R, reply[ICMPv6ND_NA].O) == (0, 1)
    for metric in ("metallb_layer2_requests_received", "metallb_layer2_responses_sent"):
        await eventually(lambda name=metric: registry.get_sample_value(name, {"ip": str(VIP)}) == 1)


async def test_a_client_that_probes_whether_we_are_still_there_finds_that_we_are(machine, client, announced):
    with capture(client.namespace, "eth0") as seen:
        client.set_neighbor(str(VIP), machine.mac("eth0"), "probe")
        await eventually(lambda: client.neighbor_state(str(VIP)) == NUD_REACHABLE)
    probes = [frame for frame in decoded(seen, ICMPv6ND_NS) if frame[ICMPv6ND_NS].tgt == str(VIP)]
    assert {(frame.dst, frame[IPv6].dst) for frame in probes} == {(machine.mac("eth0"), str(VIP))}


@pytest.mark.parametrize("link_layer", [True, False], ids=["with link-layer address", "without"])
@pytest.mark.parametrize("unicast", [True, False], ids=["to us", "to the group"])
async def test_every_kind_of_solicitation_is_answered(machine, client, announced, link_layer, unicast):
    with capture(client.namespace, "eth0") as seen:
        client.send(solicitation(machine, client, link_layer=link_layer, unicast=unicast))
        await eventually(lambda: advertisements(seen, S=1))
    (reply,) = advertisements(seen, S=1)
    assert (reply.dst, reply[IPv6].dst) == (client.mac("eth0"), "fd00::7")


async def test_a_host_that_takes_our_address_finds_that_it_is_a_duplicate(client, announced, told):
    client.sysctl("net/ipv6/conf/eth0/accept_dad", "1")
    index = client.index("eth0")
    with capture(client.namespace, "eth0") as seen:  # what is said unasked would be an answer, too
        await eventually(lambda: longest_gap(seen) > LONG_GAP)
    with capture(client.namespace, "eth0") as seen:
        client.ip(lambda ip: ip.addr("add", index=index, address=str(VIP), prefixlen=64))
        await eventually(lambda: flags_of(client, VIP) & IFA_F_DADFAILED)
    assert (ALL_NODES, 0, 1) in [
        ((frame.dst, frame[IPv6].dst), frame[ICMPv6ND_NA].S, frame[ICMPv6ND_NA].O)
        for frame in advertisements(seen)
    ]
    ((interface, sighting), *_) = told.sightings
    assert (interface, sighting.address, sighting.kind) == ("eth0", VIP, Kind.PROBE)
    assert sighting.mac == mac_of(client)


def longest_gap(seen):
    """Seconds between two advertisements of VIP, one behind the other."""
    times = [each.time for each in seen.frames if VIP.packed in each.raw and ICMPv6ND_NA in Ether(each.raw)]
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0)


def flags_of(host, address):
    """The flags of this address of the host itself."""
    entries = host.ip(lambda ip: list(ip.get_addr(family=socket.AF_INET6)))
    return next((each.get("flags") for each in entries if each.get("address") == str(address)), 0)


async def test_a_takeover_moves_clients_that_had_another_hardware_address(machine, client, announcer):
    await carrying(announcer, "eth0")
    client.set_neighbor(str(VIP), "02:00:00:00:00:99", "reachable")
    announcer.announce(VIP, None)
    await eventually(lambda: client.neighbor(str(VIP)) == machine.mac("eth0"))


async def test_a_takeover_is_told_to_all_nodes_at_once_and_again(machine, client, announcer):
    await eventually(lambda: announcer.usable == {"eth0"})
    with capture(client.namespace, "eth0") as seen:
        announcer.announce(VIP, None)
        await eventually(lambda: len(advertisements(seen)) == 3)
    assert {(frame.src, frame.dst, frame[IPv6].dst) for frame in advertisements(seen, S=0, O=1, R=0)} == {
        (machine.mac("eth0"), *ALL_NODES)
    }


async def test_another_host_that_advertises_our_address_is_told_of(client, announced, told):
    stranger = ndp.Advertisement(
        ndp.group_mac(ndp.ALL_NODES), mac_of(client), VIP.packed, ndp.ALL_NODES, VIP.packed, mac_of(client),
        ndp.OVERRIDE,
    )  # fmt: skip
    client.send(ndp.emit(stranger))
    await eventually(lambda: told.sightings)
    ((interface, sighting),) = told.sightings
    assert (interface, sighting.address, sighting.mac) == ("eth0", VIP, mac_of(client))
    assert sighting.kind is Kind.ANNOUNCEMENT


async def test_an_address_withdrawn_falls_silent(machine, client, announced):
    announced.withdraw(VIP)
    client.forget(str(VIP))
    with capture(client.namespace, "eth0") as seen:
        client.speak_to(str(VIP))
        asked = lambda: [each for each in decoded(seen, ICMPv6ND_NS) if each[ICMPv6ND_NS].tgt == str(VIP)]  # noqa: E731
        await eventually(lambda: len(asked()) == 3)
    assert advertisements(seen) == []
    assert group() not in groups(machine)


async def test_the_group_of_an_address_is_joined_and_told_to_switches(machine, client, announcer):
    await carrying(announcer, "eth0")
    with capture(client.namespace, "eth0") as seen:
        announcer.announce(VIP, None)
        await eventually(lambda: group() in groups(machine))
        reported = lambda: [  # noqa: E731
            record.dst
            for frame in decoded(seen, ICMPv6MLReport2)
            for record in frame[ICMPv6MLReport2].records
        ]
        await eventually(lambda: "ff02::1:ff00:c8" in reported())


async def test_a_group_is_left_with_the_last_of_its_addresses(machine, client, announced):
    assert group(SAME_GROUP) == group(VIP)
    announced.announce(SAME_GROUP, None)
    await resolved(client, SAME_GROUP)
    announced.withdraw(VIP)
    assert await resolved(client, SAME_GROUP) == machine.mac("eth0")
    assert group() in groups(machine)
    announced.withdraw(SAME_GROUP)
    await eventually(lambda: group() not in groups(machine))


async def test_an_interface_that_appears_later_joins_what_is_announced(machine, announcer, new_client):
    announcer.announce(VIP, None)
    client = new_client()
    assert await resolved(client, VIP) == machine.mac("eth0")
    assert group() in groups(machine)


async def test_a_link_that_was_down_announces_again_when_it_is_up(machine, client, announced):
    machine.set("eth0", state="down")
    await carrying(announced)
    machine.set("eth0", state="up")
    assert await resolved(client, VIP) == machine.mac("eth0")
    assert group() in groups(machine)


async def test_more_groups_are_joined_than_one_socket_may_hold(machine, client, announcer):
    machine.sysctl("net/core/optmem_max", "20480")  # the default before Linux 6.8; room for 365
    await carrying(announcer, "eth0")
    addresses = [IPv6Address(int(VIP) + number) for number in range(1000)]
    for address in addresses:
        announcer.announce(address, None)
    await eventually(lambda: {group(each) for each in addresses} <= groups(machine))
    assert await resolved(client, addresses[-1]) == machine.mac("eth0")
    for address in addresses:
        announcer.withdraw(address)
    await eventually(lambda: not {group(each) for each in addresses} & groups(machine))


async def test_a_switch_that_snoops_lets_solicitations_through_to_us(machine, announcer, new_host):
    switch, client = new_host(), new_host()
    plug(switch, machine, "m")
    plug(switch, client, "c")
    client.assign("eth0", "fd00::7")
    await carrying(announcer, "eth0")
    deaf = solicitation_of(client, "ff02::1:ff00:99")
    with capture(machine.namespace, "eth0") as seen:
        await eventually(lambda: not passes(client, seen, deaf))
        announcer.announce(VIP, None)
        assert await resolved(client, VIP) == machine.mac("eth0")
        assert not passes(client, seen, deaf)


def plug(switch, host, port):
    """Join *host*'s eth0 to the bridge of *switch*, which listens for memberships and asks for them."""
    if switch.index("br0") is None:
        switch.add("br0", kind="bridge", br_mcast_query_response_intvl=100, br_mcast_startup_query_intvl=100)
        switch.set("br0", kind="bridge", br_mcast_querier=1)
        switch.set("br0", state="up")
    switch.add(port, kind="veth", peer={"ifname": "eth0", "net_ns_fd": host.namespace})
    switch.set(port, master=switch.index("br0"), state="up")
    host.set("eth0", state="up")


def solicitation_of(client, destination):
    source, target = IPv6Address("fd00::7").packed, IPv6Address("fd00::99").packed
    to = IPv6Address(destination).packed
    return ndp.emit(ndp.Solicitation(ndp.group_mac(to), mac_of(client), source, to, target, mac_of(client)))


def passes(client, seen, frame):
    """Whether the switch passes *frame* on; what is for all nodes always gets there, and follows it."""
    before = len(seen.frames)
    client.send(frame)
    client.send(marker := solicitation_of(client, "ff02::1"))
    while not any(each.raw == marker for each in seen.frames[before:]):
        pass
    return any(each.raw == frame for each in seen.frames[before:])


async def test_ipv6_is_announced_only_where_the_interface_has_it(machine, client, announcer):
    machine.sysctl("net/ipv6/conf/eth0/disable_ipv6", "1")
    await carrying(announcer, "eth0")
    await eventually(lambda: not flags_of_any(machine, "eth0"))
    announcer.announce(VIP, None)
    client.speak_to(str(VIP))
    with capture(client.namespace, "eth0") as seen:
        await eventually(lambda: len(decoded(seen, ICMPv6ND_NS)) >= 2)
    assert advertisements(seen) == []
    machine.sysctl("net/ipv6/conf/eth0/disable_ipv6", "0")
    assert await resolved(client, VIP) == machine.mac("eth0")


def flags_of_any(host, name):
    index = host.index(name)
    return host.ip(lambda ip: list(ip.get_addr(family=socket.AF_INET6, index=index)))
