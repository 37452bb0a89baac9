"""A reflector at work within a `with`, and a record of the changes that it tells."""

import asyncio
from contextlib import asynccontextmanager

from lb.cluster.reflector import Reflector
from lb.cluster.resource import EVERYTHING


class Following:
    def __init__(self, client, resource, selection):
        self.changes = []
        """(name, what) in the order in which they were told."""
        self.reflector = Reflector(client, resource, self._told, selection)

    def _told(self, key, old, new):
        what = "added" if old is None else "gone" if new is None else "changed"
        self.changes.append((key.split("/")[-1], what))

    @property
    def names(self):
        return {key.split("/")[-1] for key in self.reflector.store}

    @property
    def error(self):
        return self.reflector.last_error


@asynccontextmanager
async def following(client, resource, selection=EVERYTHING):
    record = Following(client, resource, selection)
    task = asyncio.create_task(record.reflector.run())
    try:
        yield record
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


async def eventually(condition, seconds=40.0):
    """Return once *condition()* holds; TimeoutError if it does not within *seconds* of the loop's clock."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for sends no event
            await asyncio.sleep(0.02)
