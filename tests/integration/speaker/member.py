"""A speaker's failure detector with a process to work for: `member.py NAME KEY NAME=ADDRESS...`.

It writes a line of JSON each time its members or the others' bulletins change, and does what its standard
input says: a command a line. It ends with its standard input.
"""

import asyncio
import json
import sys

from speaker.detector.detector import Detector
from speaker.layer2.sockets import DatagramLink

PORT = 7946


async def main(name, key, *places):
    addresses = {each: (address, PORT) for each, _, address in (place.partition("=") for place in places)}
    told = None

    def tell():
        nonlocal told
        bulletins = {node: len(data) for node, data in detector.bulletins.items()}
        known = {"members": sorted(detector.members), "bulletins": bulletins, "standing": detector.standing}
        if detector.has_settled and known != told:
            told = known
            sys.stdout.write(json.dumps(known | {"at": asyncio.get_running_loop().time()}) + "\n")
            sys.stdout.flush()

    detector = Detector(name, key.encode(), DatagramLink(*addresses[name]), addresses, tell)
    running = asyncio.create_task(detector.run())
    detector.set_ready(True)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
    )
    async for line in commands:
        match line.decode().split():
            case ["leave"]:
                detector.leave()
            case ["key", another]:
                detector.set_key(another.encode())
            case ["publish", length]:
                detector.set_bulletin(bytes(int(length)))
    running.cancel()
    await detector.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
