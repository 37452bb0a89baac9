"""Heartbeats over real sockets, between processes on the loopback interface of the test's own machine."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from speaker.layer2.protocol.membership import Datagram
from speaker.layer2.sockets import DatagramLink

from .conftest import eventually

PLACES = {"n1": "127.0.0.1", "n2": "127.0.0.2", "n3": "127.0.0.3"}
PLACES6 = {"n1": "fd00::1", "n2": "fd00::2", "n3": "fd00::3"}


class Member:
    """The process of one speaker; `members` is what it last said."""

    def __init__(self, process):
        self.process = process
        self.members = set()

    async def listen(self):
        async for line in self.process.stdout:
            self.members = set(line.decode().strip().split(","))

    def leave(self):
        self.process.stdin.write(b"leave\n")

    async def kill(self):
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def member(name, places, key="key"):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        Path(__file__).with_name("member.py"),
        name,
        key,
        *(f"{each}={address}" for each, address in places.items()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    started = Member(process)
    listening = asyncio.create_task(started.listen())
    try:
        yield started
    finally:
        process.stdin.close()
        async with asyncio.timeout(20):
            await process.wait()
            await listening


@pytest.fixture(params=[PLACES, PLACES6], ids=["IPv4", "IPv6"])
async def three(request, machine):
    """Three speakers that have found each other."""
    index = machine.index("lo")
    for address in PLACES6.values():
        machine.ip(lambda ip, address=address: ip.addr("add", index=index, address=address, prefixlen=128))
    async with AsyncExitStack() as stack:
        members = {name: await stack.enter_async_context(member(name, request.param)) for name in PLACES}
        await agree(members, PLACES)
        yield members


async def agree(members, names):
    await eventually(lambda: all(each.members == set(names) for each in members.values()))


async def test_one_that_is_killed_is_no_member_any_more_and_one_that_returns_is(three):
    await three.pop("n2").kill()
    await agree(three, {"n1", "n3"})


async def test_one_that_leaves_is_no_member_for_the_others(three):
    three["n2"].leave()
    await eventually(lambda: three["n1"].members == three["n3"].members == {"n1", "n3"})
    assert three["n2"].members == set(PLACES)


async def test_one_that_was_stopped_for_a_while_comes_back_and_has_taken_nobody_for_dead(three):
    stopped = three["n2"]
    said = []
    stopped.process.send_signal(signal.SIGSTOP)
    await eventually(lambda: three["n1"].members == three["n3"].members == {"n1", "n3"})
    said.append(stopped.members)
    stopped.process.send_signal(signal.SIGCONT)
    await eventually(lambda: said.append(stopped.members) or three["n1"].members == set(PLACES))
    assert all(members == set(PLACES) for members in said)


async def test_who_has_another_key_is_alone(machine):
    async with member("n1", PLACES) as one, member("n2", PLACES, key="other") as other:
        await eventually(lambda: (one.members, other.members) == ({"n1"}, {"n2"}))


@pytest.fixture
def link():
    opened = []

    def make(host, port):
        opened.append(DatagramLink(host, port))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_datagram_arrives_with_its_senders_address(machine, link, host):
    one, other = link(host, 7001), link(host, 7002)
    one.send(Datagram((host, 7002), b"hello"))
    assert await eventually(other.receive) == Datagram((host, 7001), b"hello")
    assert other.receive() is None


@pytest.mark.parametrize(
    "peer", [("192.0.2.1", 7946), ("fd00::9", 7946)], ids=["no route", "another IP version"]
)
async def test_a_peer_that_cannot_be_reached_is_no_trouble(machine, link, peer):
    link("127.0.0.1", 7001).send(Datagram(peer, b"hello"))


async def test_a_peer_that_does_not_listen_is_no_trouble(machine, link):
    one = link("127.0.0.1", 7001)
    for _ in range(3):
        one.send(Datagram(("127.0.0.1", 7002), b"hello"))
        assert one.receive() is None


async def test_a_port_in_use_leaves_no_socket_behind(machine, link):
    link("127.0.0.1", 7001)
    with pytest.raises(OSError, match="Address already in use"):
        DatagramLink("127.0.0.1", 7001)
