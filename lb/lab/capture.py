"""Frames as they passed, with the kernel's time: proof of who said what on the wire.

Source: packet(7). It decodes ARP by scapy, not by the code under test.
"""

import select
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from lb.lab import namespaces
from lb.lab.segment import BRIDGE

ETH_P_ALL = 0x0003
SO_TIMESTAMPNS = 35  # these two are in asm-generic/socket.h, not in the socket module
SO_RCVBUFFORCE = 33
PACKET_OUTGOING = 4
TIMESPEC = struct.Struct("qq")
LONGEST_FRAME = 65536
RECEIVE_BUFFER = 8 * 1024 * 1024  # bytes that the kernel keeps while we are slow
MOST_FRAMES = 100_000


@dataclass(frozen=True)
class Frame:
    """A frame: *time* in seconds since the epoch, the *port* (interface) it was seen on, its bytes."""

    time: float
    port: str
    outgoing: bool
    raw: bytes

    @property
    def source(self) -> str:
        """The Ethernet source address, lower case with colons."""
        return self.raw[6:12].hex(":")


@dataclass(frozen=True)
class Arp:
    """An ARP message: *operation* 1 asks, 2 answers; *source* is the Ethernet source; MACs in lower case."""

    time: float
    port: str
    source: str
    destination: str
    operation: int
    sender_mac: str
    sender_ip: str
    target_mac: str
    target_ip: str

    @property
    def gratuitous(self) -> bool:
        """Whether it announces its sender's address to everybody (RFC 5227 section 3)."""
        return self.sender_ip == self.target_ip


class Capture:
    """The frames seen so far, oldest first; beyond `MOST_FRAMES` the oldest are dropped."""

    def __init__(self, entering_only: bool) -> None:
        self._frames: deque[Frame] = deque(maxlen=MOST_FRAMES)
        self._entering_only = entering_only

    @property
    def frames(self) -> list[Frame]:
        """All of them."""
        return list(self._frames)

    @property
    def arp(self) -> list[Arp]:
        """The ARP messages among them."""
        decoded = (_arp(frame) for frame in self.frames)
        return [message for message in decoded if message]

    def add(self, frame: Frame) -> None:
        """Keep *frame*, unless it is the bridge's copy of one that came in elsewhere."""
        if not (self._entering_only and (frame.outgoing or frame.port == BRIDGE)):
            self._frames.append(frame)


@contextmanager
def capture(namespace: str, interface: str | None) -> Iterator[Capture]:
    """Capture on *interface* of the network namespace for as long as the context lasts.

    None stands for all interfaces of the segment's bridge: each frame is then kept once, where it came in,
    so its port names its sender.
    """
    taken = Capture(entering_only=interface is None)
    stop, stopped = socket.socketpair()
    with namespaces.call(namespace, lambda: _socket(interface)) as sock, stopped:
        reader = threading.Thread(target=_read, args=(sock, stopped, taken))
        reader.start()
        try:
            yield taken
        finally:
            stop.close()
            reader.join()


def _socket(interface: str | None) -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    sock.setblocking(False)
    if interface:
        sock.bind((interface, ETH_P_ALL))
    return sock


def _read(sock: socket.socket, stopped: socket.socket, taken: Capture) -> None:
    stopping = False
    while not stopping:
        readable, _, _ = select.select([sock, stopped], [], [])
        stopping = stopped in readable  # what has passed until now still counts
        with suppress(BlockingIOError):
            while True:
                taken.add(_frame(*sock.recvmsg(LONGEST_FRAME, socket.CMSG_SPACE(TIMESPEC.size))))


def _frame(raw: bytes, ancillary: list[tuple[int, int, bytes]], _: int, address: tuple[Any, ...]) -> Frame:
    interface, _, kind = address[:3]
    seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2])
    return Frame(seconds + nanoseconds / 1e9, interface, kind == PACKET_OUTGOING, raw)


def _arp(frame: Frame) -> Arp | None:
    from scapy.layers.l2 import ARP, Ether  # a third of the time that `lbctl` takes, and seldom needed

    packet = Ether(frame.raw)
    if ARP not in packet:
        return None
    arp = packet[ARP]
    return Arp(
        time=frame.time,
        port=frame.port,
        source=packet.src,
        destination=packet.dst,
        operation=arp.op,
        sender_mac=arp.hwsrc,
        sender_ip=arp.psrc,
        target_mac=arp.hwdst,
        target_ip=arp.pdst,
    )
