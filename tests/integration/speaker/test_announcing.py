"""Addresses announced by ARP on real interfaces, as seen by the kernel and the wire of a client.

The machine has none of these addresses itself, as a node has not: its kernel never answers for them.
"""

import asyncio
from ipaddress import IPv4Address

import pytest
from prometheus_client import CollectorRegistry

from lb.lab.capture import capture
from lb.observe.metrics import Layer2Metrics
from speaker.layer2.announcer import Announcer
from speaker.layer2.links import watch_interfaces
from speaker.layer2.protocol.arp import BROADCAST, REQUEST, Arp, emit
from speaker.layer2.protocol.interface import IFF_BROADCAST, IFF_UP, Interface
from speaker.layer2.protocol.responder import GRATUITOUS_AT

from .conftest import eventually

VIP = IPv4Address("10.0.0.200")
VLAN_5 = bytes.fromhex("81000005")
"""The tag of VLAN 5 (IEEE 802.1Q)."""
FIRST_ROUNDS = 3
"""Of GRATUITOUS_AT, those that a test waits for."""


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
async def announcer(machine, registry):
    """One that follows the machine's interfaces."""
    announcer = Announcer(Layer2Metrics.of(registry))

    async def follow():
        async for interfaces in watch_interfaces():
            announcer.use(interfaces)

    following = asyncio.create_task(follow())
    yield announcer
    following.cancel()
    await asyncio.wait([following])
    announcer.close()
    if not following.cancelled():
        following.result()


async def resolved(client, address=VIP):
    """The hardware address that the client's kernel finds for *address*."""
    client.forget(str(address))
    client.speak_to(str(address))
    return await eventually(lambda: client.neighbor(str(address)))


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
    return emit(Arp(BROADCAST, mac, REQUEST, mac, IPv4Address(asker), bytes(6), address))


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


async def carrying(announcer, *names):
    await eventually(lambda: announcer.interfaces == set(names))


async def test_a_client_finds_our_hardware_address(machine, client, announcer, registry):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    with capture(client.namespace, "eth0") as seen:
        assert await resolved(client) == machine.mac("eth0")
        await eventually(lambda: replies(seen))
    (reply,) = replies(seen)
    assert (reply.source, reply.destination) == (machine.mac("eth0"), client.mac("eth0"))
    value = registry.get_sample_value
    assert value("metallb_layer2_requests_received", {"ip": str(VIP)}) == 1
    assert value("metallb_layer2_responses_sent", {"ip": str(VIP)}) == 1


async def test_nobody_answers_for_an_address_that_is_not_announced(client, announcer):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    await unresolved(client, IPv4Address("10.0.0.201"))


async def test_a_request_of_a_vlan_is_not_answered_by_the_interface_below_it(client, announcer):
    await carrying(announcer, "eth0")
    announcer.announce(VIP, None)
    tagged, plain = (request(client, "10.0.0.8"), request(client, "10.0.0.7"))
    with capture(client.namespace, "eth0") as seen:
        client.send(tagged[:12] + VLAN_5 + tagged[12:])
        client.send(plain)
        await eventually(lambda: [each for each in replies(seen) if each.target_ip == "10.0.0.7"])
    assert [each.target_ip for each in replies(seen)] == ["10.0.0.7"]


async def test_a_takeover_is_told_in_both_forms_at_once_and_again(machine, client, announcer, registry):
    await carrying(announcer, "eth0")
    with capture(client.namespace, "eth0") as seen:
        announcer.announce(VIP, None)
        await eventually(lambda: len(gratuitous(seen)) == 2 * FIRST_ROUNDS)
    assert gratuitous(seen) == [(machine.mac("eth0"), form) for form in (1, 2)] * FIRST_ROUNDS
    sent = registry.get_sample_value("metallb_layer2_gratuitous_sent", {"ip": str(VIP)})
    assert sent == 2 * FIRST_ROUNDS
    assert len(GRATUITOUS_AT) > FIRST_ROUNDS


async def test_a_takeover_moves_clients_that_had_another_hardware_address(machine, client, announcer):
    await carrying(announcer, "eth0")
    index = client.index("eth0")
    before = "02:00:00:00:00:99"
    client.ip(lambda ip: ip.neigh("add", dst=str(VIP), lladdr=before, ifindex=index, state="stale"))
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
