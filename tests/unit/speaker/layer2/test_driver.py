"""The driver on a real loop, with a link whose other end the test holds: a pair of datagram sockets."""

import asyncio
import socket
from itertools import pairwise

import pytest

from speaker.layer2.driver import Driver
from speaker.layer2.protocol.machine import Outcome

from .pair_link import PairLink


class Echo:
    """Says back what it hears; a timer asked for by `due` says "tick" once."""

    def __init__(self, due=None):
        self.due = due
        self.heard = []
        self.fired = []
        self.out = []

    def receive_frame(self, frame, now):
        self.heard.append(frame)
        self.out.append(frame)
        return Outcome.HEARD

    def handle_timer(self, now):
        self.fired.append(now)
        self.due = None
        self.out.append(b"tick")

    def next_timer(self):
        return self.due

    def frames_to_send(self, now):
        while self.out:
            yield self.out.pop(0)


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        yield ours, theirs


@pytest.fixture
async def drive(ends):
    """Makes a driver of a machine; it is closed afterwards."""
    drivers = []

    def start(machine, **options):
        drivers.append(Driver(machine, PairLink(ends[0]), **options))
        return drivers[-1]

    yield start
    for each in drivers:
        each.close()


async def answer(ends):
    async with asyncio.timeout(10):
        return await asyncio.get_running_loop().sock_recv(ends[1], 100)


async def test_a_frame_that_arrives_is_answered_and_counted(ends, drive):
    outcomes = []
    drive(Echo(), count=outcomes.append)
    ends[1].send(b"hello")
    assert await answer(ends) == b"hello"
    assert outcomes == [Outcome.HEARD]


async def test_what_a_machine_has_to_send_from_the_start_goes_out_at_once(ends, drive):
    machine = Echo()
    machine.out.append(b"first")
    drive(machine)
    assert ends[1].recv(100) == b"first"


async def test_a_machine_is_called_at_its_time_and_not_before(ends, drive):
    at = asyncio.get_running_loop().time() + 0.01
    machine = Echo(at)
    drive(machine)
    assert await answer(ends) == b"tick"
    (fired,) = machine.fired
    # The loop rounds by its clock's resolution.
    assert fired >= at - 0.001


async def test_a_timer_that_is_asked_for_earlier_replaces_the_later_one(ends, drive):
    loop = asyncio.get_running_loop()
    machine = Echo(loop.time() + 3600)
    driver = drive(machine)
    machine.due = loop.time()
    driver.settle()
    assert await answer(ends) == b"tick"
    assert len(machine.fired) == 1


async def test_a_flood_is_taken_in_turns_with_others_on_the_loop(ends, drive):
    loop = asyncio.get_running_loop()
    machine = Echo()
    machine.frames_to_send = lambda now: ()
    drive(machine)
    frames, turns = [bytes((number,)) for number in range(20)], []
    for frame in frames:
        ends[1].send(frame)

    def other():
        turns.append(len(machine.heard))
        if turns[-1] < len(frames):
            loop.call_soon(other)

    loop.call_soon(other)
    async with asyncio.timeout(10):
        while len(machine.heard) < len(frames):  # noqa: ASYNC110  # what is waited for is the loop's next turn
            await asyncio.sleep(0)
    assert machine.heard == frames
    assert all(later - earlier <= 1 for earlier, later in pairwise(turns))


async def test_after_is_called_when_the_machine_may_have_changed(ends, drive):
    called = []
    driver = drive(Echo(), after=lambda: called.append(True))
    assert len(called) == 1
    driver.settle()
    assert len(called) == 2


async def test_a_link_that_is_not_watched_is_left_alone_and_frames_are_brought_by_hand(ends, drive):
    machine = Echo()
    driver = drive(machine, watched=False)
    ends[1].send(b"not read")
    driver.take(b"brought")
    assert await answer(ends) == b"brought"
    assert machine.heard == [b"brought"]


async def test_a_closed_driver_neither_hears_nor_fires(ends):
    loop = asyncio.get_running_loop()
    machine = Echo(loop.time())
    link = PairLink(ends[0])
    driver = Driver(machine, link)
    ends[1].send(b"hello")
    driver.close()
    for _ in range(3):
        await asyncio.sleep(0)
    assert (machine.heard, machine.fired, link.closed) == ([], [], True)


async def test_trouble_of_the_listener_neither_stops_the_machine_nor_loses_its_frames(ends):
    loop = asyncio.get_running_loop()
    told = []
    loop.set_exception_handler(lambda loop, context: told.append(context["exception"]))
    machine = Echo()
    trouble = []

    def after():
        if trouble:
            raise trouble[0]

    driver = Driver(machine, PairLink(ends[0]), after=after)
    trouble.append(LookupError("a bug of the listener"))
    machine.due = loop.time() + 0.001
    ends[1].send(b"hello")
    assert await answer(ends) == b"hello"
    assert await answer(ends) == b"tick"
    driver.close()
    assert set(told) == set(trouble)
