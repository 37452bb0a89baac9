"""What the kernel tells of interfaces, by netlink, in a network namespace of the test's own."""

import asyncio
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise

import pytest

from speaker.layer2.links import watch_interfaces
from speaker.layer2.protocol.interface import IFF_BROADCAST, IFF_RUNNING, IFF_UP, WhyNot, why_not

from .conftest import eventually


class Watch:
    """All that was yielded so far."""

    def __init__(self):
        self.snapshots = []

    def interface(self, name):
        found = [each for each in self.snapshots[-1].values() if each.name == name] if self.snapshots else []
        return found[0] if found else None

    async def run(self):
        async with aclosing(watch_interfaces()) as changes:
            async for interfaces in changes:
                self.snapshots.append(interfaces)


@asynccontextmanager
async def watching():
    watch = Watch()
    task = asyncio.create_task(watch.run())
    try:
        await eventually(lambda: watch.snapshots or task.done())
        yield watch
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


@pytest.fixture
async def watch(machine):
    async with watching() as started:
        yield started


async def test_the_interfaces_that_exist_are_told_at_once(machine, client):
    async with watching() as watch:
        assert {each.name for each in watch.snapshots[0].values()} == {"lo", "eth0"}
        eth0 = watch.interface("eth0")
        assert eth0.mac.hex(":") == machine.mac("eth0")
        assert (eth0.index, eth0.master) == (machine.index("eth0"), None)
        await eventually(lambda: watch.interface("eth0").flags == IFF_UP | IFF_BROADCAST | IFF_RUNNING)


async def test_an_interface_that_comes_and_goes_is_told(machine, watch, new_client):
    new_client()
    await eventually(lambda: watch.interface("eth0"))
    machine.delete("eth0")
    await eventually(lambda: watch.interface("eth0") is None)


async def test_an_interface_that_is_renamed_keeps_its_index(machine, watch, new_client):
    new_client()
    await eventually(lambda: watch.interface("eth0"))
    index = machine.index("eth0")
    machine.set("eth0", ifname="wan0")
    await eventually(lambda: watch.interface("wan0"))
    assert watch.interface("wan0").index == index
    assert watch.interface("eth0") is None


async def test_another_hardware_address_is_told(machine, watch, new_client):
    new_client()
    machine.set("eth0", address="02:00:00:00:00:42")
    await eventually(lambda: (eth0 := watch.interface("eth0")) and eth0.mac.hex(":") == "02:00:00:00:00:42")


async def test_a_link_that_goes_down_and_up_is_told(machine, watch, new_client):
    client = new_client()
    await eventually(lambda: (eth0 := watch.interface("eth0")) and eth0.flags & IFF_RUNNING)
    client.set("eth0", state="down")
    await eventually(lambda: not watch.interface("eth0").flags & IFF_RUNNING)
    assert watch.interface("eth0").flags & IFF_UP
    client.set("eth0", state="up")
    await eventually(lambda: watch.interface("eth0").flags & IFF_RUNNING)
    machine.set("eth0", state="down")
    await eventually(lambda: why_not(watch.interface("eth0")) is WhyNot.DOWN)


async def test_an_interface_without_arp_is_told(machine, watch, new_client):
    new_client()
    machine.set("eth0", arp=False)
    await eventually(lambda: (eth0 := watch.interface("eth0")) and why_not(eth0) is WhyNot.NO_ARP)


async def test_a_port_of_a_bridge_names_its_master_until_it_leaves(machine, watch, new_client):
    new_client()
    machine.add("br0", kind="bridge")
    bridge = machine.index("br0")
    machine.set("eth0", master=bridge)
    await eventually(lambda: (eth0 := watch.interface("eth0")) and eth0.master == bridge)
    assert why_not(watch.interface("eth0")) is WhyNot.ENSLAVED
    told = len(watch.snapshots)
    machine.set("eth0", master=0)
    await eventually(lambda: (eth0 := watch.interface("eth0")) and eth0.master is None)
    # The bridge tells by RTM_DELLINK that it lost the port: the interface itself is there all the time.
    assert all(
        "eth0" in {each.name for each in snapshot.values()} for snapshot in watch.snapshots[told - 1 :]
    )


async def test_what_does_not_matter_is_not_told(machine, watch, new_client):
    new_client()
    await eventually(lambda: (eth0 := watch.interface("eth0")) and eth0.flags & IFF_RUNNING)
    told = len(watch.snapshots)
    machine.set("eth0", mtu=1400)
    machine.assign("eth0", "10.0.0.1")
    machine.set("eth0", ifname="wan0")
    await eventually(lambda: watch.interface("wan0"))
    assert len(watch.snapshots) == told + 1
    assert all(earlier != later for earlier, later in pairwise(watch.snapshots))


async def test_when_the_kernel_had_to_drop_news_all_is_read_again(machine, watch, new_client, caplog):
    new_client()
    await eventually(lambda: (eth0 := watch.interface("eth0")) and eth0.flags & IFF_RUNNING)
    index = machine.index("eth0")

    def storm(ip):
        for number in range(2000):
            ip.link("set", index=index, mtu=1400 + number % 2)
        ip.link("set", index=index, ifname="wan0", address="02:00:00:00:00:42")

    machine.ip(storm)  # this thread, and so the loop, waits meanwhile
    await eventually(lambda: (wan0 := watch.interface("wan0")) and wan0.mac.hex(":") == "02:00:00:00:00:42")
    assert any("all is read again" in message for message in caplog.messages)
    machine.delete("wan0")
    await eventually(lambda: watch.interface("wan0") is None)
