"""Garbage as fast as it goes: `flood.py SEED`, on eth0, until its standard input ends; then it says how much.

Frames like a request for 10.0.0.200 but in some bytes, or cut off, or of any bytes behind the EtherType.
"""

import random
import select
import socket
import sys

REQUEST = bytes.fromhex(
    "ffffffffffff 0200000000cc 0806 0001 0800 06 04 0001 0200000000cc 0a000007 000000000000 0a0000c8"
)
HEADER = 14


def garbage(chance):
    for length in range(HEADER, len(REQUEST)):
        yield REQUEST[:length]
    for _ in range(200):
        yield REQUEST[:HEADER] + chance.randbytes(chance.randrange(64))
        yield REQUEST[:20] + bytes((0, chance.randrange(3, 256))) + REQUEST[22:]


def main(seed):
    frames = list(garbage(random.Random(int(seed))))
    sent = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind(("eth0", 0))
        while not select.select([sys.stdin], [], [], 0)[0]:
            for frame in frames:
                sender.send(frame)
            sent += len(frames)
    sys.stdout.write(f"{sent}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
