"""An announcer as a process: `announcing.py ADDRESS...`, on all interfaces, until its standard input ends.

It writes `usable: NAME...` each time that changes.
"""

import asyncio
import logging
import sys
from ipaddress import ip_address

from prometheus_client import CollectorRegistry

from lb.observe.metrics import Layer2Metrics
from speaker.layer2.addresses import watch_addresses
from speaker.layer2.announcer import Announcer
from speaker.layer2.links import watch_interfaces


async def main(*addresses):
    def tell():
        sys.stdout.write(" ".join(("usable:", *sorted(announcer.usable))) + "\n")
        sys.stdout.flush()

    async def follow(watched, use):
        async for news in watched:
            use(news)

    announcer = Announcer(Layer2Metrics.of(CollectorRegistry()), 60, on_usable=tell)
    for address in addresses:
        announcer.announce(ip_address(address), None)
    until = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(until), sys.stdin)
    async with asyncio.TaskGroup() as tasks:
        following = [
            tasks.create_task(follow(watch_interfaces(), announcer.use)),
            tasks.create_task(follow(watch_addresses(), announcer.use_addresses)),
        ]
        await until.read()
        for each in following:
            each.cancel()
    announcer.close()


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s", level=logging.ERROR)
    asyncio.run(main(*sys.argv[1:]))
