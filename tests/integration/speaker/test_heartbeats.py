"""Heartbeats over real sockets, between processes on the loopback interface of the test's own machine."""

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from speaker.layer2.protocol.dependence import STALLED_AFTER
from speaker.layer2.protocol.membership import Datagram
from speaker.layer2.protocol.timing import DEFAULT
from speaker.layer2.sockets import DatagramLink

from .conftest import eventually

HOUSE = Path(__file__).parents[3]
PLACES = {"n1": "127.0.0.1", "n2": "127.0.0.2", "n3": "127.0.0.3"}
PLACES6 = {"n1": "fd00::1", "n2": "fd00::2", "n3": "fd00::3"}


class Member:
    """The processes of one speaker; `said` is all that it told."""

    def __init__(self, process):
        self.process = process
        self.said = []

    async def listen(self):
        async for line in self.process.stdout:
            self.said.append(json.loads(line))

    @property
    def members(self):
        return set(self.said[-1]["members"]) if self.said else set()

    @property
    def bulletins(self):
        return self.said[-1]["bulletins"] if self.said else {}

    def do(self, *words):
        self.process.stdin.write(" ".join(map(str, words)).encode() + b"\n")

    def signal(self, number):
        """To the speaker and to its detector: what happens to all processes of a container."""
        os.killpg(self.process.pid, number)


@asynccontextmanager
async def member(name, places, key="key"):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.speaker.member",
        name,
        key,
        *(f"{each}={address}" for each, address in places.items()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        cwd=HOUSE,
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


async def test_one_that_loses_its_power_is_no_member_any_more_and_one_that_returns_is(three):
    lost = three.pop("n2")
    lost.signal(signal.SIGKILL)
    at = time.monotonic()
    await agree(three, {"n1", "n3"})
    assert max(each.said[-1]["at"] for each in three.values()) - at < 2.0


async def test_one_whose_speaker_alone_is_killed_is_no_member_at_once_since_its_detector_says_so(three):
    killed = three.pop("n2")
    killed.process.kill()
    at = time.monotonic()
    await agree(three, {"n1", "n3"})
    assert min(each.said[-1]["at"] for each in three.values()) - at < DEFAULT.suspect_after - DEFAULT.interval


async def test_one_that_leaves_is_no_member_for_the_others(three):
    three["n2"].do("leave")
    await eventually(lambda: three["n1"].members == three["n3"].members == {"n1", "n3"})
    assert three["n2"].members == set(PLACES)


async def test_one_that_was_stopped_for_a_while_comes_back_and_has_taken_nobody_for_dead(three):
    stopped = three["n2"]
    stopped.signal(signal.SIGSTOP)
    await eventually(lambda: three["n1"].members == three["n3"].members == {"n1", "n3"})
    stopped.signal(signal.SIGCONT)
    await agree(three, PLACES)
    assert all({"n1", "n3"} <= set(said["members"]) for said in stopped.said)


async def test_one_whose_speaker_alone_is_stopped_is_no_member_after_a_while(three):
    stopped = three["n2"]
    stopped.process.send_signal(signal.SIGSTOP)
    at = time.monotonic()
    await eventually(lambda: three["n1"].members == three["n3"].members == {"n1", "n3"})
    assert three["n1"].said[-1]["at"] - at > STALLED_AFTER / 2
    stopped.process.send_signal(signal.SIGCONT)
    await agree(three, PLACES)


async def test_what_one_publishes_all_others_have(three):
    three["n2"].do("publish", 65_536)
    await eventually(lambda: three["n1"].bulletins == three["n3"].bulletins == {"n2": 65_536})
    three["n2"].do("publish", 0)
    await eventually(lambda: three["n1"].bulletins == three["n3"].bulletins == {"n2": 0})
    three["n2"].do("leave")
    await eventually(lambda: three["n1"].bulletins == three["n3"].bulletins == {})


async def test_a_new_key_takes_nobody_out_however_late_one_has_it(three):
    for name in PLACES:
        three[name].do("key", "another")
        three[name].do("publish", 7)
        others = [each for each in PLACES if each != name]
        await eventually(
            lambda others=others, name=name: all(name in three[each].bulletins for each in others)
        )
    assert all(set(said["members"]) == set(PLACES) for each in three.values() for said in each.said[3:])


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


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_link_is_handed_down_by_its_descriptor(machine, link, host):
    one, other = link(host, 7001), link(host, 7002)
    adopted = DatagramLink.adopt(os.dup(other.fileno()))
    other.close()
    try:
        one.send(Datagram((host, 7002), b"hello"))
        assert await eventually(adopted.receive) == Datagram((host, 7001), b"hello")
    finally:
        adopted.close()


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
