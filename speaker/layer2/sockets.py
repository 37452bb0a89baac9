"""The link between speakers: UDP datagrams."""

import logging
import socket
from typing import Final, Self

from speaker.layer2.protocol.membership import Datagram

log = logging.getLogger(__name__)
LARGEST_DATAGRAM: Final = 65_535


class DatagramLink:
    """UDP datagrams at *host*, *port*."""

    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise

    @classmethod
    def adopt(cls, descriptor: int) -> Self:
        """The link of another process, by the *descriptor* that was inherited from it."""
        link = cls.__new__(cls)
        link._socket = socket.socket(fileno=descriptor)
        return link

    def fileno(self) -> int:
        """The descriptor of the UDP socket."""
        return self._socket.fileno()

    def receive(self) -> Datagram | None:
        """The next datagram that arrived."""
        try:
            payload, sender = self._socket.recvfrom(LARGEST_DATAGRAM)
        except BlockingIOError:
            return None
        except OSError as error:  # an ICMP error of a datagram sent before
            log.debug("a heartbeat was not delivered: %s", error)
            return None
        return Datagram((sender[0], sender[1]), payload)

    def send(self, datagram: Datagram) -> None:
        """Send *datagram* to its peer."""
        try:
            self._socket.sendto(datagram.payload, datagram.peer)
        except OSError as error:  # no route to a node that is down is its ordinary state
            log.debug("no heartbeat to %s: %s", datagram.peer[0], error)

    def close(self) -> None:
        """Release the UDP socket."""
        self._socket.close()
