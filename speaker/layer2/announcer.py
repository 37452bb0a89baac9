"""Announces addresses on the interfaces of this node, by ARP and NDP."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from lb.config.excluded_interfaces import DEFAULT, Patterns
from lb.config.ranges import Address
from lb.observe.metrics import Layer2Metrics
from speaker.layer2.answerer import Answerer
from speaker.layer2.port import Port
from speaker.layer2.protocol.interface import Addresses, Interface, has_carrier, is_renewed, why_not
from speaker.layer2.protocol.responder import Responder
from speaker.layer2.protocol.schedule import Pace
from speaker.layer2.protocol.sighting import Sighting
from speaker.layer2.tally import Tally
from speaker.layer2.voice import Manner

log = logging.getLogger(__name__)
Interfaces = frozenset[str] | None
"""Names of the interfaces to announce on; None: all."""


class Announcer:
    """What this node answers for, and where; *metrics* counts what it says.

    What it is told takes effect within this turn of the loop, silence at once. Each address is made known
    again every *interval* seconds, 0: never. *on_usable* is called when `usable` has changed, and
    *on_sighting*, with the interface's name, when another host spoke for an address that is announced or
    listened to.
    """

    def __init__(
        self,
        metrics: Layer2Metrics,
        interval: float,
        *,
        on_usable: Callable[[], None] = lambda: None,
        on_sighting: Callable[[str, Sighting], None] = lambda interface, sighting: None,
    ) -> None:
        self._tally = Tally(metrics)
        self._manner = Manner(interval, Pace(), Answerer(), self._look, self._tally.count_soon)
        self._on_usable = on_usable
        self._on_sighting = on_sighting
        self._loop = asyncio.get_running_loop()
        self._wanted: dict[Address, Interfaces] = {}
        self._listened: set[Address] = set()
        self._present: Mapping[int, Interface] = {}
        self._ipv6: frozenset[int] = frozenset()
        self._excluded: Patterns = DEFAULT
        self._ports: dict[int, Port] = {}
        self._unsettled: set[int] = set()
        self._turn: asyncio.Handle | None = None
        self._usable: frozenset[str] = frozenset()

    @property
    def interfaces(self) -> frozenset[str]:
        """The interfaces that carry announcements."""
        return frozenset(port.interface.name for port in self._ports.values())

    @property
    def macs(self) -> frozenset[bytes]:
        """Their hardware addresses."""
        return frozenset(port.interface.mac for port in self._ports.values())

    @property
    def indexes(self) -> frozenset[int]:
        """The same by index."""
        return frozenset(self._ports)

    @property
    def usable(self) -> frozenset[str]:
        """Those of `interfaces` that have a carrier: announcing on another reaches nobody."""
        return self._usable

    @property
    def usable_ipv6(self) -> frozenset[str]:
        """Those of `usable` that carry IPv6."""
        ports = (port for port in self._ports.values() if port.has_ipv6)
        return frozenset(port.interface.name for port in ports) & self._usable

    def announce(self, address: Address, interfaces: Interfaces) -> None:
        """Answer for *address* on *interfaces*, and only there, and make it known where that is new."""
        self._wanted[address] = interfaces
        self._apply_everywhere(address)

    def withdraw(self, address: Address) -> None:
        """Fall silent about *address*."""
        self._wanted.pop(address, None)
        self._apply_everywhere(address)

    def listen(self, address: Address) -> None:
        """Tell by *on_sighting* of others who speak for *address* on any interface, announced or not."""
        self._listened.add(address)
        self._apply_everywhere(address)

    def ignore(self, address: Address) -> None:
        """`listen` to *address* no longer."""
        self._listened.discard(address)
        self._apply_everywhere(address)

    def probe(self, address: Address, interfaces: Interfaces, mac: bytes | None = None) -> None:
        """Ask all on the segments of *interfaces*, or the host with *mac*, who has *address*.

        What they answer is told of if *address* is listened to.
        """
        for port in self._ports.values():
            if interfaces is None or port.interface.name in interfaces:
                port.probe(address, mac)
                self._settle_soon(port)

    def repeat(self, address: Address) -> None:
        """Make *address* known as at a takeover, wherever it is announced."""
        for port in self._ports.values():
            port.repeat(address, self._loop.time())
            self._settle_soon(port)

    def defend(self, address: Address) -> None:
        """Make *address* known once, wherever it is announced."""
        for port in self._ports.values():
            port.defend(address)
            self._settle_soon(port)

    def use(self, interfaces: Mapping[int, Interface]) -> None:
        """These are the interfaces of the node now. What is announced is made known on those that are new."""
        self._present = interfaces
        self._arrange()

    def use_addresses(self, addresses: Addresses) -> None:
        """These are the addresses of the interfaces now: IPv6 is announced on those that have one of IPv6."""
        self._ipv6 = frozenset(each.index for each in addresses if each.address.version == 6)
        self._arrange()

    def exclude(self, patterns: Patterns) -> None:
        """Interfaces with a name that one of *patterns* is found in carry no announcements from now on."""
        self._excluded = patterns
        self._arrange()

    def _arrange(self) -> None:
        fit = {index: each for index, each in self._present.items() if why_not(each, self._excluded) is None}
        own = frozenset(each.mac for each in self._present.values())
        for index, port in list(self._ports.items()):
            if index not in fit or is_renewed(port.interface, fit[index]):
                self._close(index)
        for index, interface in fit.items():
            if index not in self._ports:
                self._open(interface)
            if index in self._ports:
                self._update(self._ports[index], interface, own)
        usable = frozenset(
            each.interface.name for each in self._ports.values() if has_carrier(each.interface)
        )
        if usable != self._usable:
            self._usable = usable
            self._on_usable()

    def _open(self, interface: Interface) -> None:
        try:
            port = Port(interface, self._manner)
        except OSError as error:
            log.error("interface %s carries no announcements: %s", interface.name, error)
            return
        self._ports[interface.index] = port
        log.info("interface %s carries announcements", interface.name)
        for address in self._wanted.keys() | self._listened:
            self._apply(port, address)

    def _close(self, index: int) -> None:
        port = self._ports.pop(index)
        for responder in port.responders:
            self._tally.count(responder)
        port.close()

    def _update(self, port: Port, interface: Interface, own: frozenset[bytes]) -> None:
        """What is new of a port's interface but leaves it the same."""
        regained = has_carrier(interface) and not has_carrier(port.interface)
        gained = interface.index in self._ipv6 and not port.has_ipv6
        port.use(interface, own, interface.index in self._ipv6)
        if regained:
            port.renew(self._loop.time())
        if gained:
            for address in self._wanted.keys() | self._listened:
                self._apply(port, address)
        if regained or gained:
            self._settle_soon(port)

    def _apply_everywhere(self, address: Address) -> None:
        for port in self._ports.values():
            self._apply(port, address)

    def _apply(self, port: Port, address: Address) -> None:
        interfaces = self._wanted.get(address, frozenset())
        announced = interfaces is None or port.interface.name in interfaces
        port.apply(address, announced, address in self._listened, self._loop.time())
        self._settle_soon(port)

    def _settle_soon(self, port: Port) -> None:
        # Together with all else that changes in this turn: a filter is made anew for the whole of it.
        self._unsettled.add(port.interface.index)
        if self._turn is None:
            self._turn = self._loop.call_soon(self._settle)

    def _settle(self) -> None:
        self._turn = None
        unsettled, self._unsettled = self._unsettled, set()
        for index in unsettled & self._ports.keys():
            self._ports[index].settle(self._loop.time())

    def _look(self, interface: str, responder: Responder) -> None:
        while responder.sightings:
            self._on_sighting(interface, responder.sightings.popleft())
        self._tally.count_soon(responder)

    def close(self) -> None:
        """Fall silent altogether, also on interfaces that come or change from now on."""
        self._wanted.clear()
        self._listened.clear()
        self.use({})
        self._tally.close()
