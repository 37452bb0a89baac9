"""Garbage as fast as it goes: `flood.py SECONDS MAC QUESTION`, on eth0; then it says how much it was.

All to that host, the frames are the question (in hexadecimal) cut at every byte, with wrong bytes, and any
bytes behind the EtherTypes of ARP and of IPv6, neighbor solicitations among them.
"""

import random
import socket
import sys
import time

HEADER = 14
IPV6, ICMPV6, SOLICITATION = b"\x86\xdd", 58, 135


def garbage(question):
    chance = random.Random(7)
    yield from (question[:length] for length in range(HEADER, len(question)))
    for _ in range(200):
        at = chance.randrange(HEADER, HEADER + 8)
        yield question[:at] + bytes([chance.randrange(3, 256)]) + question[at + 1 :]
        yield question[:HEADER] + chance.randbytes(chance.randrange(64))
        body = bytes([SOLICITATION, 0]) + chance.randbytes(chance.randrange(40))
        ipv6 = b"\x60\0\0\0" + len(body).to_bytes(2, "big") + bytes([ICMPV6, 255]) + chance.randbytes(32)
        yield question[:12] + IPV6 + ipv6 + body


def main(seconds, mac, question):
    to_one = bytes.fromhex(mac.replace(":", "")) + bytes.fromhex(question)[6:]
    frames, sent = list(garbage(to_one)), 0
    end = time.monotonic() + float(seconds)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind(("eth0", 0))
        while time.monotonic() < end:
            for frame in frames:
                sender.send(frame)
            sent += len(frames)
    sys.stdout.write(f"{sent}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
