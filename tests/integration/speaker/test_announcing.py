"""Addresses announced by ARP on real interfaces, as seen by the kernel and the wire of a client.

The machine has none of these addresses itself, as a node has not: its kernel never answers for them.
"""

import asyncio
import subprocess
import sys
import time
from ipaddress import IPv4Address
from pathlib import Path
from subprocess import PIPE

from lb.lab.capture import capture
from speaker.layer2.protocol.arp import REPLY, REQUEST, Arp, emit
from speaker.layer2.protocol.ethernet import BROADCAST
from speaker.layer2.protocol.interface import IFF_BROADCAST, IFF_UP, Interface
from speaker.layer2.protocol.schedule import TAKEOVER_AT
from speaker.layer2.protocol.sighting import Kind

from .conftest import carrying, eventually
from .conftest import resolved as resolve

VIP = IPv4Address("10.0.0.200")
OTHER = IPv4Address("10.0.0.201")
VLAN_5 = bytes.fromhex("81000005")
"""The tag of VLAN 5 (IEEE 802.1Q)."""
FIRST_ROUNDS = 3
"""Of TAKEOVER_AT, those that a test waits for."""


async def resolved(client, address=VIP):
    """The hardware address that the client's kernel finds for *address*."""
    return await resolve(client, address)


async def unresolved(client, address=VIP):
    """Returns once the client's kernel has asked thrice in vain (its mcast_solicit, a second each)."""
    client.forget(str(address))
    with capture(client.namespace, "eth0") as seen:
        client.speak_to(str(address))
        await eventually(lambda: len(requests(seen, address)) == 3)
    assert replies(seen, address) == []
    assert client.neighbor(str(address)) is None


def request(client, asker, address=VIP):
    """The frame by which *client* asks, as the host *asker*, who has *address*."""
    mac = bytes.fromhex(client.mac("eth0").replace(":", ""))
    return emit(Arp(BROADCAST, mac, REQUEST, mac, IPv4Address(asker).packed, bytes(6), address.packed))


def requests(seen, address=VIP):
    return [
        each for each in seen.arp if each.operation == 1 and each.target_ip == str(address) != each.sender_ip
    ]


def replies(seen, address=VIP):
    return [
        each
        for each in seen.arp
        if each.operation == 2 and each.sender_ip == str(address) and not each.gratuitous
    ]


def gratuitous(seen, address=VIP):
    """(hardware address, form) of each gratuitous ARP."""
    return [
        (each.sender_mac, each.operation)
        for each in seen.arp
        if each.gratuitous and each.sender_ip == str(address) and each.destination == "ff:ff:ff:ff:ff:ff"
    ]


async def test_a_client_finds_our_hardware_address(machine, client, announcer, registry):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    with capture(client.namespace, "eth0") as seen:
        assert await resolved(client) == machine.mac("eth0")
        await eventually(lambda: replies(seen))
    (reply,) = replies(seen)
    assert (reply.source, reply.destination) == (machine.mac("eth0"), client.mac("eth0"))
    for metric in ("metallb_layer2_requests_received", "metallb_layer2_responses_sent"):
        await eventually(lambda name=metric: registry.get_sample_value(name, {"ip": str(VIP)}) == 1)


async def test_nobody_answers_for_an_address_that_is_not_announced(client, announcer):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    await unresolved(client, IPv4Address("10.0.0.201"))


async def test_a_request_of_a_vlan_is_not_answered_by_the_interface_below_it(client, announcer):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    await resolved(client)
    tagged, plain = (request(client, "10.0.0.8"), request(client, "10.0.0.7"))
    with capture(client.namespace, "eth0") as seen:
        client.send(tagged[:12] + VLAN_5 + tagged[12:])
        client.send(plain)
        await eventually(lambda: [each for each in replies(seen) if each.target_ip == "10.0.0.7"])
    assert [each.target_ip for each in replies(seen)] == ["10.0.0.7"]


async def test_a_takeover_is_told_in_both_forms_at_once_and_again(machine, client, announcer, registry):
    await eventually(lambda: announcer.usable == {"eth0"})
    with capture(client.namespace, "eth0") as seen:
        announcer.announce(VIP, None)
        await eventually(lambda: len(gratuitous(seen)) == 2 * FIRST_ROUNDS)
    assert gratuitous(seen) == [(machine.mac("eth0"), form) for form in (1, 2)] * FIRST_ROUNDS
    sent = "metallb_layer2_gratuitous_sent"
    await eventually(lambda: registry.get_sample_value(sent, {"ip": str(VIP)}) == 2 * FIRST_ROUNDS)
    assert len(TAKEOVER_AT) > FIRST_ROUNDS


async def test_a_takeover_moves_clients_that_had_another_hardware_address(machine, client, announcer):
    await carrying(announcer, "eth0")
    before = "02:00:00:00:00:99"
    client.set_neighbor(str(VIP), before, "stale")
    assert client.neighbor(str(VIP)) == before
    announcer.announce(VIP, None)
    await eventually(lambda: client.neighbor(str(VIP)) == machine.mac("eth0"))


async def test_an_address_withdrawn_falls_silent_and_the_kernel_does_not_answer_for_it(client, announcer):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    await resolved(client)
    announcer.withdraw(VIP)
    with capture(client.namespace, "eth0") as seen:
        await unresolved(client)
    assert gratuitous(seen) == []


async def test_an_announcer_that_is_closed_is_silent(client, announcer):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    announcer.close()
    assert announcer.interfaces == frozenset()
    await unresolved(client)


async def test_a_link_that_was_down_is_told_anew_when_it_is_up(machine, client, announcer):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    machine.set("eth0", state="down")
    await carrying(announcer)
    with capture(client.namespace, "eth0") as seen:
        machine.set("eth0", state="up")
        await eventually(lambda: {form for _, form in gratuitous(seen)} == {1, 2})
    assert await resolved(client) == machine.mac("eth0")


async def test_a_carrier_that_is_lost_is_told_at_once_to_whoever_asks_for_it(client, announcer, told):
    await eventually(lambda: announcer.usable == {"eth0"})
    client.set("eth0", state="down")
    await eventually(lambda: told.usable[-1] == frozenset())
    assert announcer.interfaces == {"eth0"}
    client.set("eth0", state="up")
    await eventually(lambda: told.usable[-1] == {"eth0"})


async def test_a_carrier_that_was_lost_is_told_anew_when_it_returns(machine, client, announcer):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    client.set("eth0", state="down")
    with capture(client.namespace, None) as seen:  # a socket of eth0 alone would fail while it is down
        client.set("eth0", state="up")
        await eventually(lambda: {form for _, form in gratuitous(seen)} == {1, 2})
    assert await resolved(client) == machine.mac("eth0")


async def test_another_hardware_address_is_noticed_and_told(machine, client, announcer):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    await resolved(client)
    with capture(client.namespace, "eth0") as seen:
        machine.set("eth0", address="02:00:00:00:00:42")
        await eventually(lambda: ("02:00:00:00:00:42", 2) in gratuitous(seen))
    await eventually(lambda: client.neighbor(str(VIP)) == "02:00:00:00:00:42")
    assert await resolved(client) == "02:00:00:00:00:42"


async def test_an_interface_that_appears_later_announces_what_is_wanted(machine, announcer, new_client):
    announcer.announce(VIP, None)
    client = new_client()
    await carrying(announcer, "eth0")
    assert await resolved(client) == machine.mac("eth0")


async def test_an_interface_that_is_deleted_takes_nothing_else_away(machine, announcer, new_client):
    gone, client = new_client(1), new_client(0)
    await carrying(announcer, "eth0", "eth1")
    announcer.announce(VIP, None)
    machine.delete("eth1")
    await carrying(announcer, "eth0")
    assert gone.index("eth0") is None
    assert await resolved(client) == machine.mac("eth0")


async def test_an_interface_that_is_renamed_goes_on_announcing(machine, client, announcer):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    machine.set("eth0", ifname="wan0")
    await carrying(announcer, "wan0")
    assert await resolved(client) == machine.mac("wan0")


async def test_each_interface_announces_its_own_hardware_address(machine, announcer, new_client):
    clients = {number: new_client(number) for number in (0, 1)}
    await carrying(announcer, "eth0", "eth1")
    for number, client in clients.items():
        address = IPv4Address(f"10.0.{number}.200")
        announcer.announce(address, None)
        assert await resolved(client, address) == machine.mac(f"eth{number}")
    assert machine.mac("eth0") != machine.mac("eth1")


async def test_an_address_is_announced_on_the_interfaces_given_and_no_others(machine, announcer, new_client):
    clients = [new_client(0), new_client(1)]
    there = [IPv4Address("10.0.0.200"), IPv4Address("10.0.1.200")]
    await carrying(announcer, "eth0", "eth1")
    for address in there:
        announcer.announce(address, frozenset({"eth1"}))
    assert await resolved(clients[1], there[1]) == machine.mac("eth1")
    await unresolved(clients[0], there[0])
    announcer.announce(there[0], frozenset({"eth0"}))
    assert await resolved(clients[0], there[0]) == machine.mac("eth0")


async def test_a_port_of_a_bridge_is_left_to_the_bridge(machine, client, announcer):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    machine.add("br0", kind="bridge")
    machine.set("br0", address="02:00:00:00:00:b0", state="up")
    machine.set("eth0", master=machine.index("br0"))
    await carrying(announcer, "br0")
    assert await resolved(client) == "02:00:00:00:00:b0"


async def test_an_interface_of_pods_announces_nothing(machine, announcer, new_client):
    new_client(1, "veth1")
    new_client(0)
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    assert "veth1" not in announcer.interfaces


async def test_an_interface_that_is_gone_before_it_is_opened_is_passed_over(machine, announcer, caplog):
    announcer.use({77: Interface(77, "gone0", b"\x02\0\0\0\0\x01", IFF_UP | IFF_BROADCAST, None)})
    assert announcer.interfaces == frozenset()
    assert caplog.messages[-1] == "interface gone0 carries no announcements: [Errno 19] No such device"


async def test_another_host_that_speaks_for_an_address_is_told_of(client, announcer, told):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    await resolved(client)
    mac = bytes.fromhex(client.mac("eth0").replace(":", ""))
    for operation in (REQUEST, REPLY):
        claim = Arp(BROADCAST, mac, operation, mac, VIP.packed, BROADCAST, VIP.packed)
        client.send(emit(claim))
    client.send(request(client, "0.0.0.0"))
    await eventually(lambda: len(told.sightings) == 3)
    assert {(interface, each.address, each.mac) for interface, each in told.sightings} == {("eth0", VIP, mac)}
    assert [each.kind for _, each in told.sightings] == [Kind.ANNOUNCEMENT, Kind.ANNOUNCEMENT, Kind.PROBE]


async def test_an_address_that_is_only_listened_to_is_not_answered_but_told_of(client, announcer, told):
    await carrying(announcer, "eth0")
    announcer.listen(VIP)
    await unresolved(client)
    assert told.sightings == []
    client.send(request(client, str(VIP), IPv4Address("10.0.0.9")))
    await eventually(lambda: told.sightings)
    assert [each.kind for _, each in told.sightings] == [Kind.USE]
    announcer.ignore(VIP)
    announcer.announce(OTHER, None)
    await resolved(client, OTHER)
    client.send(request(client, str(VIP), OTHER))
    await eventually(lambda: client.neighbor(str(OTHER)))
    assert len(told.sightings) == 1


async def test_what_this_node_says_on_one_interface_is_no_stranger_s_word_on_another(
    machine, announcer, new_host, told
):
    switch = new_host()
    switch.add("br0", kind="bridge")
    switch.set("br0", state="up")
    for name in ("eth0", "eth1"):
        machine.add(name, kind="veth", peer={"ifname": name, "net_ns_fd": switch.namespace})
        switch.set(name, master=switch.index("br0"), state="up")
        machine.set(name, state="up")
    await eventually(lambda: announcer.usable == {"eth0", "eth1"})
    with capture(machine.namespace, "eth1") as seen:
        announcer.announce(VIP, None)
        await eventually(lambda: (machine.mac("eth0"), 2) in gratuitous(seen))
    assert told.sightings == []


async def test_a_macvlan_answers_with_its_own_address_and_the_interface_below_it_for_itself(
    machine, client, announcer
):
    machine.add("mac0", kind="macvlan", link=machine.index("eth0"), macvlan_mode="bridge")
    machine.set("mac0", state="up")
    await carrying(announcer, "eth0", "mac0")
    announcer.announce(VIP, None)
    await resolved(client)
    for name in ("eth0", "mac0"):
        asked = bytes.fromhex(machine.mac(name).replace(":", "")) + request(client, "10.0.0.7")[6:]
        with capture(client.namespace, "eth0") as seen:
            client.send(asked)
            await eventually(lambda seen=seen: replies(seen))
        assert [each.sender_mac for each in replies(seen)] == [machine.mac(name)]


async def test_five_hundred_addresses_are_told_within_a_second_and_not_in_one_burst(client, announcer):
    addresses = [IPv4Address(int(VIP) + 256 * number) for number in range(500)]
    await eventually(lambda: announcer.usable == {"eth0"})
    with capture(client.namespace, "eth0") as seen:
        for address in addresses:
            announcer.announce(address, None)
        await eventually(lambda: len(seen.frames) >= 4 * len(addresses))  # both forms, twice
    first = {}
    for each in seen.arp:
        first.setdefault(each.sender_ip, each.time)
    told = [first[str(address)] for address in addresses]
    assert max(told) - min(told) < 1  # where the machine is busy; see tests/bench for what it takes
    assert max(sum(at <= other < at + 0.005 for other in told) for at in told) <= 256


async def test_thousands_of_addresses_are_announced_and_withdrawn_in_one_go(client, announcer):
    addresses = [IPv4Address(int(VIP) + 2 * number) for number in range(1, 5001)]
    await carrying(announcer, "eth0")
    started = time.process_time()
    for address in addresses:
        announcer.announce(address, None)
    announcer.announce(VIP, None)
    await asyncio.sleep(0)  # the turn in which it takes effect
    for address in addresses:
        announcer.withdraw(address)
    await asyncio.sleep(0)
    assert time.process_time() - started < 2  # a filter for each change would take a minute
    await resolved(client)


async def test_a_flood_of_garbage_leaves_the_announcements_intact(machine, client, announcer, told):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    await resolved(client)
    command = [sys.executable, str(Path(__file__).with_name("flood.py")), "7"]
    with client.call(lambda: subprocess.Popen(command, stdin=PIPE, stdout=PIPE)) as flood:
        try:
            for _ in range(20):
                assert await resolved(client) == machine.mac("eth0")
        finally:
            sent = int(flood.communicate()[0])
    assert sent > 10_000
    assert told.sightings == []
