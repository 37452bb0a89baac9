"""Keys to work on, handed to workers of one asyncio loop. What is a failure is the worker's to say."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, NoReturn, TypeVar

from lb.cluster.schedule import Schedule

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """Each key once however often it was added, never with two workers at a time; see `Schedule`.

    *first* and *longest*: seconds before the first and before any later retry of a key.
    """

    def __init__(self, first: float = 0.05, longest: float = 60.0) -> None:
        self._schedule: Schedule[K] = Schedule(first, longest)
        self._changed = asyncio.Event()

    def add(self, key: K) -> None:
        """Work on *key* soon; if it is being worked on, once more afterwards."""
        self._schedule.add(key)
        self._changed.set()

    def add_after(self, key: K, seconds: float) -> None:
        """Work on *key* in *seconds*, or earlier if it is asked for earlier."""
        self._schedule.add_after(key, seconds, self._now())
        self._changed.set()

    def retry(self, key: K) -> None:
        """The work on *key* failed: again later, after twice as long each time it fails in a row."""
        self._schedule.retry(key, self._now())
        self._changed.set()

    def __len__(self) -> int:
        """Keys that are ready, waiting or being worked on."""
        return len(self._schedule)

    async def serve(self, work: Callable[[K], Awaitable[None]], workers: int = 1) -> NoReturn:
        """Call *work(key)* for each key, for at most *workers* keys at a time. What it raises ends this."""
        free = asyncio.Semaphore(workers)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await free.acquire()
                tasks.create_task(self._work(await self._next(), work, free))
        raise AssertionError("unreachable")

    async def _work(self, key: K, work: Callable[[K], Awaitable[None]], free: asyncio.Semaphore) -> None:
        try:
            await work(key)
        finally:
            self._schedule.done(key)
            self._changed.set()
            free.release()

    async def _next(self) -> K:
        while (key := self._schedule.take(self._now())) is None:
            self._changed.clear()
            await self._change(until=self._schedule.next_due())
        return key

    async def _change(self, until: float | None) -> None:
        try:
            async with asyncio.timeout_at(until):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
