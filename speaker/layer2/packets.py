"""Packet sockets: whole frames of one interface, as far as a filter lets them in."""

import ctypes
import errno
import logging
import socket
import struct
from collections.abc import Callable
from typing import Final

from speaker.layer2.protocol.bpf import MOST_RANGES, NOTHING, Program

log = logging.getLogger(__name__)
SO_ATTACH_FILTER: Final = 26  # <asm-generic/socket.h>; the socket module lacks it
_INSTRUCTION = struct.Struct("@HBBI")
_PROGRAM = struct.Struct("@HP")
"""<linux/filter.h>: sock_filter and sock_fprog."""


class PacketLink:
    """Whole frames of *ethertype* on the interface *name*, read up to *longest*; none arrive before `admit`.

    Needs CAP_NET_RAW. Source: packet(7).
    """

    def __init__(self, name: str, ethertype: int, longest: int) -> None:
        self._name = name
        self._longest = longest
        self._loses = False
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        try:
            self._attach(NOTHING)  # before it is bound: nothing gets in that no filter has seen
            self._socket.bind((name, ethertype))
        except OSError:
            self._socket.close()
            raise

    def admit(self, program: Callable[[int], Program]) -> None:
        """From now on let the frames in that the *program*, of so many ranges at most, lets through.

        One replaces the other at once. Older kernels have no room for many ranges (net.core.optmem_max).
        """
        most = MOST_RANGES
        while True:
            try:
                return self._attach(program(most))
            except OSError as error:
                if error.errno != errno.ENOMEM or most == 1:
                    raise
                most //= 2

    def _attach(self, program: Program) -> None:
        code = b"".join(_INSTRUCTION.pack(*each) for each in program)
        held = ctypes.create_string_buffer(code, len(code))
        attached = _PROGRAM.pack(len(program), ctypes.addressof(held))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, attached)

    def fileno(self) -> int:
        """The descriptor of the packet socket."""
        return self._socket.fileno()

    def receive(self) -> bytes | None:
        """The next frame that arrived."""
        try:
            return self._socket.recv(self._longest)
        except BlockingIOError:
            return None
        except OSError as error:  # the interface went down or away; netlink tells what follows
            log.info("interface %s: cannot receive: %s", self._name, error)
            return None

    def send(self, frame: bytes) -> None:
        """Send *frame* as it stands, or lose it; that is told once, until one is sent again."""
        try:
            self._socket.send(frame)
            self._loses = False
        except OSError as error:
            if not self._loses:
                log.warning("interface %s: frames are not sent: %s", self._name, error)
            self._loses = True

    def close(self) -> None:
        """Release the packet socket."""
        self._socket.close()
