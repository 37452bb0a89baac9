"""A speaker's failure detector as a process: `member.py NAME KEY NAME=ADDRESS...`, on UDP port 7946.

It writes its members, a line each time they change, and ends with its standard input.
"""

import asyncio
import secrets
import sys

from speaker.layer2.driver import Driver
from speaker.layer2.protocol.membership import Membership
from speaker.layer2.sockets import DatagramLink

PORT = 7946


async def main(name, key, *places):
    loop = asyncio.get_running_loop()
    addresses = {each: (address, PORT) for each, _, address in (place.partition("=") for place in places)}
    membership = Membership(name, key.encode(), secrets.randbits(62), loop.time())
    membership.set_peers(addresses)
    membership.set_ready(True, loop.time())
    told = frozenset()

    def tell():
        nonlocal told
        if membership.members != told:
            told = membership.members
            sys.stdout.write(",".join(sorted(told)) + "\n")
            sys.stdout.flush()

    driver = Driver(membership, DatagramLink(*addresses[name]), after=tell)
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    if await commands.readline() == b"leave\n":
        membership.leave(loop.time())
        driver.settle()
        await commands.read()
    driver.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
