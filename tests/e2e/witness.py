"""Who answers for an address, as the wire has it: a host asks by ARP again and again."""

import socket
import struct
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from lb.lab.segment import INTERFACE

EVERY = 0.02
"""Seconds from one question to the next."""
ETHERTYPE, REPLY = 0x0806, b"\x00\x02"
PREFIX = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)


@dataclass
class Witness:
    """Replies so far: when each came, by `time.monotonic`, and the MAC address that it names."""

    replies: list[tuple[float, str]] = field(default_factory=list)

    def since(self, moment):
        return [mac for at, mac in self.replies if at >= moment]

    def last_of(self, mac):
        """When *mac* answered last; 0.0: never."""
        return max((at for at, each in self.replies if each == mac), default=0.0)


@contextmanager
def witness(client, address):
    """Ask for *address* from *client* as long as the context lasts."""
    seen, stop = Witness(), threading.Event()
    with client.inside():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE))
    with sock:
        sock.bind((INTERFACE, ETHERTYPE))
        thread = threading.Thread(target=_ask, args=(sock, question(client, address), seen, stop))
        thread.start()
        try:
            yield seen
        finally:
            stop.set()
            thread.join()


def question(client, address):
    """The frame by which *client* asks everybody who has *address*."""
    mac = bytes.fromhex(client.mac.replace(":", ""))
    header = b"\xff" * 6 + mac + ETHERTYPE.to_bytes(2, "big")
    return header + PREFIX + mac + client.address.v4.packed + bytes(6) + IPv4Address(address).packed


def _ask(sock, frame, seen, stop):
    target, due = frame[38:42], time.monotonic()
    while not stop.is_set():
        sock.send(frame)
        due += EVERY
        while (left := due - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                got = sock.recv(128)
            except TimeoutError:
                break
            if got[20:22] == REPLY and got[28:32] == target and got[:6] == frame[6:12]:
                seen.replies.append((time.monotonic(), got[22:28].hex(":")))
