"""Announces addresses on the interfaces of this node, with an ARP responder for each."""

import asyncio
import logging
from collections.abc import Mapping
from ipaddress import IPv4Address

from msgspec import Struct

from lb.config.excluded_interfaces import DEFAULT, Patterns
from lb.observe.metrics import Layer2Metrics
from speaker.layer2.driver import Driver
from speaker.layer2.gratuitous import gratuitous_arp
from speaker.layer2.protocol.interface import Interface, why_not
from speaker.layer2.protocol.responder import ArpResponder, Sent
from speaker.layer2.sockets import ArpLink

log = logging.getLogger(__name__)
Interfaces = frozenset[str] | None
"""Names of the interfaces to announce on; None: all."""


class _Port(Struct, frozen=True):
    interface: Interface
    responder: ArpResponder
    driver: Driver[bytes]


class Announcer:
    """What this node answers for, and where; *metrics* counts what it says."""

    def __init__(self, metrics: Layer2Metrics) -> None:
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._wanted: dict[IPv4Address, Interfaces] = {}
        self._present: Mapping[int, Interface] = {}
        self._excluded: Patterns = DEFAULT
        self._ports: dict[int, _Port] = {}

    @property
    def interfaces(self) -> frozenset[str]:
        """The interfaces that carry announcements."""
        return frozenset(port.interface.name for port in self._ports.values())

    @property
    def indexes(self) -> frozenset[int]:
        """The same by index."""
        return frozenset(self._ports)

    def announce(self, address: IPv4Address, interfaces: Interfaces) -> None:
        """Answer for *address* on *interfaces*, and only there, and make it known where that is new."""
        self._wanted[address] = interfaces
        for port in self._ports.values():
            self._apply(port, address)

    def withdraw(self, address: IPv4Address) -> None:
        """Fall silent about *address*."""
        self._wanted.pop(address, None)
        for port in self._ports.values():
            port.responder.withdraw(address)
            port.driver.settle()

    def use(self, interfaces: Mapping[int, Interface]) -> None:
        """These are the interfaces of the node now. What is announced is made known on those that are new."""
        self._present = interfaces
        self._settle()

    def exclude(self, patterns: Patterns) -> None:
        """Interfaces with a name that one of *patterns* is found in carry no announcements from now on."""
        self._excluded = patterns
        self._settle()

    def _settle(self) -> None:
        usable = {
            index: each for index, each in self._present.items() if why_not(each, self._excluded) is None
        }
        for index, port in list(self._ports.items()):
            if usable.get(index) != port.interface:
                del self._ports[index]
                port.driver.close()
        for index in usable.keys() - self._ports.keys():
            self._open(usable[index])

    def _open(self, interface: Interface) -> None:
        try:
            link = ArpLink(interface.name)
        except OSError as error:
            log.error("interface %s carries no announcements: %s", interface.name, error)
            return
        responder = ArpResponder(interface.mac)
        driver = Driver(responder, link, after=lambda: self._count(responder))
        port = _Port(interface, responder, driver)
        self._ports[interface.index] = port
        log.info("interface %s carries announcements", interface.name)
        for address in self._wanted:
            self._apply(port, address)

    def _apply(self, port: _Port, address: IPv4Address) -> None:
        interfaces = self._wanted[address]
        allowed = interfaces is None or port.interface.name in interfaces
        if allowed and address not in port.responder.announced:
            frames = gratuitous_arp(port.interface.mac, address)
            port.responder.announce(address, frames, self._loop.time())
        elif not allowed:
            port.responder.withdraw(address)
        port.driver.settle()

    def _count(self, responder: ArpResponder) -> None:
        for (what, address), frames in responder.sent.items():
            ip = str(address)
            if what is Sent.REPLY:
                self._metrics.requests_received.labels(ip).inc(frames)
                self._metrics.responses_sent.labels(ip).inc(frames)
            else:
                self._metrics.gratuitous_sent.labels(ip).inc(frames)
        responder.sent.clear()

    def close(self) -> None:
        """Fall silent altogether, also on interfaces that come or change from now on."""
        self._wanted.clear()
        self.use({})
