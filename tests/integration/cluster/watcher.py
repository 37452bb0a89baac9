"""A process that follows Services by the kubeconfig in its argument and says what becomes of it."""

import asyncio
import sys

from lb.cluster import credentials
from lb.cluster.client import Client
from lb.cluster.reflector import Reflector
from lb.cluster.resource import SERVICES


async def main(kubeconfig):
    async with Client(await credentials.load(kubeconfig)) as client, asyncio.TaskGroup() as tasks:
        reflector = Reflector(client, SERVICES, lambda *_: None)
        tasks.create_task(reflector.run())
        said = None
        while True:
            says = "following" if reflector.fresh_since is not None else str(reflector.last_error)
            if says != said:
                print(says, flush=True)  # noqa: T201 - its output is what it is for
            said = says
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
