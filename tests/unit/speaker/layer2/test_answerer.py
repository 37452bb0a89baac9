"""The thread that answers, at desks whose other end the test holds: pairs of datagram sockets."""

import asyncio
import socket
import threading

import pytest

from speaker.layer2.answerer import MOST_WAITING, Answerer, Desk

from .pair_link import PairLink


class Table:
    """A desk's functions: answers what ends in `?`, and remembers what else it got, and in which thread."""

    def __init__(self):
        self.answered, self.considered = [], []

    def answer(self, frame):
        if frame == b"bug?":
            raise LookupError("a bug")
        return b"answer to " + frame if frame.endswith(b"?") else None

    def after(self):
        self.answered.append(threading.current_thread())

    def consider(self, frame):
        self.considered.append((frame, threading.current_thread()))


class Customer:
    def __init__(self, end):
        self._end = end

    def say(self, *frames):
        for frame in frames:
            self._end.send(frame)

    async def hears(self):
        async with asyncio.timeout(10):
            return await asyncio.get_running_loop().sock_recv(self._end, 100)


@pytest.fixture
def answerer():
    made = Answerer()
    yield made
    assert "answerer" not in [thread.name for thread in threading.enumerate()]


@pytest.fixture
async def place(answerer):
    """Makes a desk, with its table and a customer; all are closed afterwards."""
    desks, sockets = [], []

    def make(table=None):
        pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        sockets.extend(pair)
        for end in pair:
            end.setblocking(False)
        table = table or Table()
        desks.append(Desk(PairLink(pair[0]), table.answer, table.after, table.consider))
        answerer.open(desks[-1])
        return desks[-1], table, Customer(pair[1])

    make.desks = desks
    yield make
    for desk in desks:
        answerer.close(desk)
    for each in sockets:
        each.close()


async def eventually(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # what is waited for is another thread's
            await asyncio.sleep(0.001)


async def test_a_plain_question_is_answered_in_another_thread(place):
    _, table, customer = place()
    customer.say(b"who?")
    assert await customer.hears() == b"answer to who?"
    await eventually(lambda: table.answered)
    assert table.answered != [threading.current_thread()]
    assert table.considered == []


async def test_a_plain_question_is_answered_while_the_loop_is_busy(place):
    _, _, customer = place()
    customer.say(b"who?")
    customer._end.setblocking(True)  # the loop stands still here
    customer._end.settimeout(10)
    assert customer._end.recv(100) == b"answer to who?"
    customer._end.setblocking(False)


async def test_what_is_no_plain_question_is_considered_on_the_loop_in_order(place):
    _, table, customer = place()
    customer.say(b"one", b"who?", b"two")
    await eventually(lambda: len(table.considered) == 2)
    assert table.considered == [(each, threading.current_thread()) for each in (b"one", b"two")]


async def test_in_a_flood_the_oldest_frames_are_dropped_and_questions_are_answered(place):
    _, table, customer = place()
    customer._end.setblocking(True)  # the loop stands still here, so nothing is considered meanwhile
    for number in range(3 * MOST_WAITING):
        customer.say(str(number).encode())
    customer.say(b"who?")
    customer._end.settimeout(10)
    assert customer._end.recv(100) == b"answer to who?"
    customer._end.setblocking(False)
    await eventually(lambda: table.considered)
    kept = [int(frame) for frame, _ in table.considered]
    assert kept == list(range(2 * MOST_WAITING, 3 * MOST_WAITING))


async def test_desks_are_served_beside_each_other_and_a_closed_one_no_more(answerer, place):
    closed, table, unheard = place()
    _, _, customer = place()
    answerer.close(closed)
    place.desks.remove(closed)
    unheard.say(b"who?")
    customer.say(b"who?")
    assert await customer.hears() == b"answer to who?"
    assert table.answered == []


async def test_the_thread_ends_with_the_last_desk_and_begins_anew(answerer, place):
    desk, _, _ = place()
    answerer.close(desk)
    place.desks.remove(desk)
    assert "answerer" not in [thread.name for thread in threading.enumerate()]
    _, _, customer = place()
    customer.say(b"who?")
    assert await customer.hears() == b"answer to who?"


async def test_a_bug_is_told_to_the_loop_and_the_thread_goes_on(place):
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context["exception"]))
    _, _, customer = place()
    customer.say(b"bug?", b"who?")
    assert await customer.hears() == b"answer to who?"
    await eventually(lambda: told)
    assert isinstance(told[0], LookupError)
