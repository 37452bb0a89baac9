"""Many Services, made and taken away by several requests at a time: kubectl would take minutes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from lb.cluster import credentials
from lb.cluster.client import Client
from lb.cluster.errors import Conflict, GiveUp, Retry
from lb.cluster.resource import SERVICES

NAMESPACE = "default"
AT_A_TIME = 8
Deed = Callable[[Client, str], Awaitable[None]]


def names(count: int, prefix: str = "crowd") -> list[str]:
    return [f"{prefix}-{number}" for number in range(count)]


def create(kubeconfig: Path, services: Sequence[str], per_second: float = 1e6) -> None:
    """Create them, in spite of an API server that goes away."""
    asyncio.run(_all(kubeconfig, services, _create, per_second))


def delete(kubeconfig: Path, services: Sequence[str]) -> None:
    """Delete them."""
    asyncio.run(_all(kubeconfig, services, _delete, 1e6))


@contextmanager
def coming(kubeconfig: Path, services: Sequence[str], per_second: float = 1e6) -> Iterator[Future[None]]:
    """They are created meanwhile; ends with the last one."""
    with ThreadPoolExecutor(1) as thread:
        yield (future := thread.submit(create, kubeconfig, services, per_second))
    future.result()


async def _all(kubeconfig: Path, services: Sequence[str], deed: Deed, per_second: float) -> None:
    async with Client(await credentials.load(str(kubeconfig))) as client, asyncio.TaskGroup() as tasks:
        limit = asyncio.Semaphore(AT_A_TIME)
        for name in services:
            await limit.acquire()
            tasks.create_task(_insist(client, name, deed)).add_done_callback(lambda _: limit.release())
            await asyncio.sleep(1 / per_second)


async def _insist(client: Client, name: str, deed: Deed) -> None:
    while True:
        try:
            return await deed(client, name)
        except Retry:
            await asyncio.sleep(0.2)


async def _create(client: Client, name: str) -> None:
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}], "allocateLoadBalancerNodePorts": False}
    try:
        await client.create(SERVICES, {"metadata": {"name": name}, "spec": spec}, NAMESPACE)
    except Conflict:
        return  # the answer to an earlier attempt was lost


async def _delete(client: Client, name: str) -> None:
    try:
        await client.delete(SERVICES, name, NAMESPACE)
    except GiveUp as gone:
        if gone.code != 404:
            raise
