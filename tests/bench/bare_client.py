"""A client that PATCHes the statuses of all Services and does nothing else: the rate to compare with.

Same library, same account, same bodies and as many at a time as the controller; but it neither watches nor
decides, tells no Lease and no events. `fill` gives each Service an address, `clear` takes them back. When the
first PATCH began stands on its standard output, in seconds of the epoch.
"""

import asyncio
import sys
import time
from ipaddress import IPv4Address

import msgspec

from controller.reign import WRITES
from lb.api.service import (
    ALLOCATED_FROM_POOL,
    DEPRECATED_ALLOCATED_FROM_POOL,
    FENCED,
    LOAD_BALANCER,
    LoadBalancerIngress,
    Service,
    ServiceCondition,
)
from lb.cluster import credentials
from lb.cluster.client import Client
from lb.cluster.resource import SERVICES
from lb.cluster.service_status import patch_status
from lb.ipam.condition import TYPE

LOWEST = IPv4Address("198.18.0.0")
NOTES = {ALLOCATED_FROM_POOL: None, DEPRECATED_ALLOCATED_FROM_POOL: None, FENCED: None}


async def _pending(client):
    pages = [page async for page in client.list_pages(SERVICES)]
    found = [msgspec.json.decode(item, type=Service) for page in pages for item in page.items]
    return [each for each in found if each.spec.type == LOAD_BALANCER]


async def _fill(client, number, service):
    address = str(LOWEST + number)
    said = f"{address} of pool wide"
    condition = ServiceCondition(TYPE, "True", "Allocated", said, "2026-01-01T00:00:00Z")
    notes = {**NOTES, ALLOCATED_FROM_POOL: "wide"}
    await patch_status(client, service, [LoadBalancerIngress(ip=address)], notes, condition)


async def _clear(client, number, service):
    await patch_status(client, service, [], NOTES, TYPE)


async def _run(kubeconfig, write):
    async with Client(await credentials.load(kubeconfig), "anvil-lb-controller") as client:
        turns = enumerate(await _pending(client))

        async def work():
            for number, service in turns:
                await write(client, number, service)

        began = time.time()
        await asyncio.gather(*(work() for _ in range(WRITES)))
    sys.stdout.write(str(began))


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], {"fill": _fill, "clear": _clear}[sys.argv[2]]))
