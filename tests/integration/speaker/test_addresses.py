"""The addresses of interfaces, as the kernel tells of them by netlink, in a namespace of the test's own."""

import asyncio
import subprocess
from contextlib import aclosing

import pytest

from speaker.layer2.addresses import watch_addresses
from speaker.layer2.protocol.interface import subnets

from .conftest import eventually


class Watch:
    def __init__(self, machine):
        self._machine = machine
        self.snapshots = []

    def subnets(self, *names):
        return subnets(self.snapshots[-1], {self._machine.index(name) for name in names})

    async def run(self):
        async with aclosing(watch_addresses()) as changes:
            async for addresses in changes:
                self.snapshots.append(addresses)


@pytest.fixture
async def watch(machine, client):
    machine.assign("eth0", "10.0.0.1")
    watch = Watch(machine)
    task = asyncio.create_task(watch.run())
    await eventually(lambda: watch.snapshots or task.done())
    yield watch
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def test_the_subnets_that_are_there_are_told_at_once(watch):
    assert watch.subnets("eth0") == ("10.0.0.0/24",)
    assert watch.subnets("lo") == ()


async def test_an_address_that_comes_and_goes_is_told(machine, watch):
    index = machine.index("eth0")
    for address, length in (("192.0.2.1", 25), ("2001:db8::1", 64)):
        machine.ip(lambda ip, a=address, n=length: ip.addr("add", index=index, address=a, prefixlen=n))
    await eventually(lambda: watch.subnets("eth0") == ("10.0.0.0/24", "192.0.2.0/25", "2001:db8::/64"))
    machine.ip(lambda ip: ip.addr("del", index=index, address="192.0.2.1", prefixlen=25))
    await eventually(lambda: watch.subnets("eth0") == ("10.0.0.0/24", "2001:db8::/64"))


async def test_one_whose_peer_is_not_known_is_told(machine, watch):
    command = ["ip", "address", "add", "192.0.2.1", "peer", "0.0.0.0", "dev", "eth0"]
    machine.call(lambda: subprocess.run(command, check=True))
    await eventually(lambda: watch.subnets("eth0") == ("10.0.0.0/24", "192.0.2.1/32"))


async def test_the_addresses_of_an_interface_that_goes_are_gone(machine, watch):
    machine.delete("eth0")
    await eventually(lambda: {str(each.address.ip) for each in watch.snapshots[-1]} == {"127.0.0.1", "::1"})


async def test_link_local_addresses_are_told_and_are_no_subnets(machine, watch):
    await eventually(lambda: any(each.address.ip.is_link_local for each in watch.snapshots[-1]))
    assert watch.subnets("eth0") == ("10.0.0.0/24",)
