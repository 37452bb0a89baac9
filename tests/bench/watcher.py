"""A watcher of Services, which says when it saw an address in which status."""

import asyncio
import time
from contextlib import asynccontextmanager, suppress

import msgspec

from lb.api.service import Service
from lb.cluster.resource import SERVICES

LONGEST = 300
"""Seconds that anything may take."""


class Watcher:
    """By Service, when it was seen first, and when with an address; in seconds of the epoch."""

    def __init__(self):
        self.seen, self.served = {}, {}
        self._changed = asyncio.Event()

    async def follow(self, events):
        async for event in events:
            if event.type in ("ADDED", "MODIFIED"):
                self._take(msgspec.json.decode(event.object, type=Service))

    def _take(self, service):
        now = time.time()
        self.seen.setdefault(service.metadata.name, now)
        if service.status.load_balancer.ingress:
            self.served.setdefault(service.metadata.name, now)
            self._changed.set()

    async def until(self, condition):
        async with asyncio.timeout(LONGEST):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def watching(client):
    """A `Watcher` of what is written from now on."""
    version = (await anext(client.list_pages(SERVICES, page=1))).metadata.resource_version
    watcher = Watcher()
    async with client.watch(SERVICES, version) as events:
        following = asyncio.create_task(watcher.follow(events))
        yield watcher
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
