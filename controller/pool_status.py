"""The status of each IPAddressPool: how many of its addresses are in use and how many are free."""

import asyncio
import logging
from typing import Any, NoReturn

import msgspec
from msgspec import field

from lb.api.custom_resource import GROUP
from lb.api.ip_address_pool import KIND, PLURAL, VERSION, IPAddressPoolStatus
from lb.api.meta import ObjectMeta, Value
from lb.cluster.client import Client
from lb.cluster.errors import ApiError
from lb.cluster.reflector import Reflector
from lb.cluster.resource import Resource, Selection
from lb.cluster.work_queue import WorkQueue
from lb.config.config import Pool
from lb.ipam.space import Space, capacity

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds from one look at the pools, and so from one write of a pool's status, to the next."""
WRITES = 4
"""Statuses written at the same time."""
MOST = 2**63 - 1
"""The largest number that the API has room for; IPv6 pools may have more addresses."""


class CountedPool(Value, frozen=True):
    """An IPAddressPool, of which only the status matters, be it as wrong as it may."""

    metadata: ObjectMeta
    status: dict[str, Any] = field(default_factory=dict)


POOLS = Resource(GROUP, VERSION, PLURAL, KIND, CountedPool)


def pool_status(space: Space, pool: Pool) -> IPAddressPoolStatus:
    """What the status of *pool* is to say; what is too large for it is as large as it can be."""
    in_use = {version: space.in_use(pool, version) for version in (4, 6)}
    free = {version: capacity(pool, version) - in_use[version] for version in (4, 6)}
    return IPAddressPoolStatus(
        *(min(in_use[version], MOST) for version in (4, 6)), *(min(free[version], MOST) for version in (4, 6))
    )


class PoolStatuses:
    """Keeps the statuses of the pools of *space* as they are to be, whoever edits them. Run it as a task."""

    def __init__(self, client: Client, namespace: str, space: Space) -> None:
        self._client = client
        self._namespace = namespace
        self._space = space
        self._stirred = asyncio.Event()
        self._queue: WorkQueue[str] = WorkQueue(first=PAUSE)
        own = Selection(namespace)
        self._pools = Reflector(client, POOLS, lambda key, old, new: self._stirred.set(), own)

    def stir(self) -> None:
        """Addresses may have been given or taken, or the pools may be others."""
        self._stirred.set()

    async def run(self) -> NoReturn:
        """Write until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pools.run())
            await self._pools.synced.wait()
            tasks.create_task(self._queue.serve(self._write, WRITES))
            while True:
                await self._stirred.wait()
                self._stirred.clear()
                for name in self._space.config.pools:
                    if self._differs(name):
                        self._queue.add(name)
                await asyncio.sleep(PAUSE)
        raise AssertionError("unreachable")

    def _wanted(self, name: str) -> object:
        return msgspec.to_builtins(pool_status(self._space, self._space.config.pools[name]))

    def _differs(self, name: str) -> bool:
        """Whether the pool is there, as far as the watch tells, and its status is not what it is to be."""
        if name not in self._space.config.pools:
            return False
        present = self._pools.store.get(f"{self._namespace}/{name}")
        return present is not None and present.status != self._wanted(name)

    async def _write(self, name: str) -> None:
        if not self._differs(name):
            return
        body = {"status": self._wanted(name)}
        try:
            await self._client.patch(POOLS, name, body, namespace=self._namespace, subresource="status")
        except ApiError as error:
            log.warning("IPAddressPool %s: its status is not written: %s", name, error)
            self._queue.retry(name)
