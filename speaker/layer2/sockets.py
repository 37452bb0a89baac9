"""The links that machines run on: raw ARP frames of one interface, and UDP datagrams between speakers."""

import logging
import socket

from speaker.layer2.protocol.arp import ETHERTYPE_ARP
from speaker.layer2.protocol.membership import Datagram

log = logging.getLogger(__name__)
LARGEST_DATAGRAM = 65_535
LONGEST_ARP = 128
"""Bytes of a frame that are read: an ARP packet with its Ethernet padding has 60."""


def _bound(family: int, kind: int, address: tuple[str, int]) -> socket.socket:
    opened = socket.socket(family, kind | socket.SOCK_NONBLOCK)
    try:
        opened.bind(address)
    except OSError:
        opened.close()
        raise
    return opened


class ArpLink:
    """ARP frames of the interface *name*. Needs CAP_NET_RAW. Source: packet(7)."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._socket = _bound(socket.AF_PACKET, socket.SOCK_RAW, (name, ETHERTYPE_ARP))

    def fileno(self) -> int:
        """The descriptor of the packet socket."""
        return self._socket.fileno()

    def receive(self) -> bytes | None:
        """The next frame that arrived; empty in place of one that is not this interface's.

        What is tagged for a VLAN reaches the interface below it too, its tag taken off.
        """
        try:
            frame, (name, _, kind, *_) = self._socket.recvfrom(LONGEST_ARP)
            return frame if name == self._name and kind != socket.PACKET_OTHERHOST else b""
        except BlockingIOError:
            return None
        except OSError as error:  # the interface went down or away; netlink tells what follows
            log.info("interface %s: cannot receive: %s", self._name, error)
            return None

    def send(self, frame: bytes) -> None:
        """Send *frame* as it stands."""
        try:
            self._socket.send(frame)
        except OSError as error:
            log.warning("interface %s: an ARP frame was not sent: %s", self._name, error)

    def close(self) -> None:
        """Release the packet socket."""
        self._socket.close()


class DatagramLink:
    """UDP datagrams at *host*, *port*."""

    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = _bound(family, socket.SOCK_DGRAM, (host, port))

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
