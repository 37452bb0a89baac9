"""The detector's process, as the speaker knows it."""

import asyncio
import os
import signal
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from speaker.detector.detector import Detector, DetectorError
from speaker.layer2.sockets import DatagramLink

from .conftest import eventually

PLACES = {"n1": ("127.0.0.1", 7946), "n2": ("127.0.0.2", 7946)}


def nothing():
    """What changes does not matter here."""


@asynccontextmanager
async def detecting(name, changed=nothing, ready=True):
    detector = Detector(name, b"key", DatagramLink(*PLACES[name]), PLACES, changed)
    running = asyncio.create_task(detector.run())
    detector.set_ready(ready)
    try:
        yield detector
    finally:
        running.cancel()
        await asyncio.wait([running])
        await detector.close()


async def test_it_tells_who_is_a_member_and_how_the_others_stand(machine):
    async with detecting("n1") as one, detecting("n2") as other:
        await eventually(lambda: one.members == other.members == {"n1", "n2"})
        assert one.has_settled
        assert one.standing == "member"
        await eventually(lambda: one.states() == {"n2": "ALIVE"})
        assert await eventually(lambda: one.silences().get("n2")) < 2.0
        other.set_ready(False)
        await eventually(lambda: one.members == {"n1"})


async def test_it_is_called_when_something_changes(machine):
    calls = []
    async with detecting("n1", lambda: calls.append(1)) as one:
        await eventually(lambda: one.members == {"n1"})
        assert calls


async def test_bulletins_come_and_go(machine):
    async with detecting("n1") as one:
        async with detecting("n2", ready=False) as other:
            other.set_bulletin(b"word")
            await eventually(lambda: one.bulletins == {"n2": b"word"})
        await eventually(lambda: one.bulletins == {})


async def test_a_node_that_is_not_known_any_more_is_no_member(machine):
    async with detecting("n1") as one, detecting("n2"):
        await eventually(lambda: one.members == {"n1", "n2"})
        one.set_peers({"n1": PLACES["n1"]})
        await eventually(lambda: one.members == {"n1"})


def children():
    """The detectors' processes; a young one may not show yet what it is."""
    own = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(each) for each in own if b"speaker.detector" in Path(f"/proc/{each}/cmdline").read_bytes()]


def status(process, field):
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{field}:"))


async def test_a_process_that_dies_is_told_of(machine):
    detector = Detector("n1", b"key", DatagramLink(*PLACES["n1"]), PLACES, nothing)
    (child,) = await eventually(children)
    os.kill(child, signal.SIGKILL)
    with pytest.raises(DetectorError, match=f"the failure detector's process {child} has ended, or hangs"):
        async with asyncio.timeout(10):
            await detector.run()
    detector.set_ready(True)
    await detector.close()
    assert children() == []


async def test_one_that_gets_no_cpu_for_a_while_misses_nothing_that_matters(machine):
    async with detecting("n1") as one, detecting("n2") as other:
        await eventually(lambda: one.members == {"n1", "n2"})
        child = other._process.pid
        os.kill(child, signal.SIGSTOP)
        for number in range(100):
            other.set_bulletin(bytes(16_384) + bytes([number]))
        other.set_ready(False)
        os.kill(child, signal.SIGCONT)
        await eventually(lambda: one.bulletins == {"n2": bytes(16_384) + bytes([99])})
        await eventually(lambda: one.members == {"n1"})


async def test_one_that_hangs_is_told_of(machine, monkeypatch):
    monkeypatch.setattr("speaker.detector.detector.HANGS", 0.5)
    detector = Detector("n1", b"key", DatagramLink(*PLACES["n1"]), PLACES, nothing)
    try:
        os.kill(detector._process.pid, signal.SIGSTOP)
        for _ in range(100):
            detector.set_bulletin(bytes(65_536))
        with pytest.raises(DetectorError, match="has ended, or hangs"):
            async with asyncio.timeout(10):
                await detector.run()
    finally:
        os.kill(detector._process.pid, signal.SIGCONT)
        await detector.close()


async def test_a_cluster_of_thousands_of_nodes_fits(machine):
    many = {
        f"worker-{at}.eu-central-1.example.internal": (f"10.1.{at // 250}.{at % 250}", 7946)
        for at in range(5000)
    }
    detector = Detector("n1", b"key", DatagramLink(*PLACES["n1"]), {**PLACES, **many}, nothing)
    running = asyncio.create_task(detector.run())
    try:
        await eventually(lambda: len(detector.states()) == 5001)
    finally:
        running.cancel()
        await asyncio.wait([running])
        await detector.close()


async def test_signals_that_end_the_speaker_in_good_order_do_not_end_it(machine):
    async with detecting("n1") as one:
        await eventually(lambda: one.members == {"n1"})
        (child,) = children()
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(child, number)
        one.set_ready(False)
        await eventually(lambda: one.members == set())


async def test_a_long_pass_of_the_speaker_takes_it_out_for_nobody(machine):
    seen = []
    async with detecting("n1", lambda: seen.append(one.members)) as one, detecting("n2") as other:
        await eventually(lambda: one.members == other.members == {"n1", "n2"})
        seen.clear()
        time.sleep(1.2)  # noqa: ASYNC251  # the loop is busy, and both speakers with it
        await eventually(lambda: seen)
        assert set(seen) == {frozenset({"n1", "n2"})}


async def test_its_process_is_small_and_has_no_more_threads_than_one(machine):
    async with detecting("n1") as one:
        await eventually(lambda: one.members == {"n1"})
        (child,) = children()
        assert int(status(child, "VmRSS")) < 30 * 1024
        assert status(child, "Threads") == "1"
