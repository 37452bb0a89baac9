import asyncio

import pytest

from lb.cluster.work_queue import WorkQueue


async def test_a_key_is_never_with_two_workers():
    queue = WorkQueue()
    started, go_on = asyncio.Queue(), asyncio.Semaphore(0)

    async def work(key):
        started.put_nowait(key)
        await go_on.acquire()

    async with serving(queue, work, workers=3):
        for key in ("a", "b", "a"):
            queue.add(key)
        assert [await started.get(), await started.get()] == ["a", "b"]
        queue.add("a")
        queue.add("c")
        assert await started.get() == "c"
        go_on.release()
        assert await started.get() == "a"


async def test_no_more_keys_are_worked_on_than_there_are_workers():
    queue = WorkQueue()
    done, busy, most = asyncio.Event(), 0, 0

    async def work(key):
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1
        if key == 99:
            done.set()

    async with serving(queue, work, workers=4):
        for key in range(100):
            queue.add(key)
        await done.wait()
    assert most == 4


async def test_a_failed_key_is_worked_on_until_it_succeeds():
    queue = WorkQueue(first=0.001, longest=0.002)
    done, attempts = asyncio.Event(), 0

    async def work(key):
        nonlocal attempts
        attempts += 1
        if attempts < 4:
            queue.retry(key)
        else:
            done.set()

    async with serving(queue, work):
        queue.add("a")
        await done.wait()
    assert attempts == 4
    assert len(queue) == 0


async def test_a_key_added_for_later_is_worked_on_then():
    queue = WorkQueue()
    done = asyncio.Event()

    async def work(key):
        done.set()

    async with serving(queue, work):
        queue.add_after("a", 0.001)
        await done.wait()


async def test_what_the_work_raises_ends_the_queue():
    queue = WorkQueue()

    async def work(key):
        raise ZeroDivisionError

    queue.add("a")
    with pytest.raises(ExceptionGroup) as raised:
        await queue.serve(work)
    assert raised.group_contains(ZeroDivisionError)


class serving:  # noqa: N801 - reads as a statement
    """The queue is served within the `with`; its end waits for no work."""

    def __init__(self, queue, work, workers=1):
        self._serve = queue.serve(work, workers)

    async def __aenter__(self):
        self._task = asyncio.create_task(self._serve)

    async def __aexit__(self, *_):
        self._task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self._task
