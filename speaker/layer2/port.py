"""An interface that carries announcements: a voice for ARP, and one for NDP while there is use for it."""

import logging
from collections.abc import Iterator, Set

from lb.config.ranges import Address
from speaker.layer2.protocol.interface import Interface
from speaker.layer2.protocol.responder import Responder
from speaker.layer2.voice import Manner, Voice, arp_voice, ndp_voice

log = logging.getLogger(__name__)


class Port:
    """*interface* as a place to announce at.

    What it is told to say or to hear takes effect by `settle`; only silence does so at once. Raises OSError
    if there is no such interface, or no right to speak on it.
    """

    def __init__(self, interface: Interface, manner: Manner) -> None:
        self.interface = interface
        self._manner = manner
        self._own: Set[bytes] = frozenset()
        self._arp = arp_voice(interface, manner)
        self._ndp: Voice | None = None
        self.has_ipv6 = False
        """Whether IPv6 is announced here."""

    @property
    def responders(self) -> Iterator[Responder]:
        """What speaks here now."""
        yield self._arp.responder
        if self._ndp is not None:
            yield self._ndp.responder

    def apply(self, address: Address, announced: bool, listened: bool, now: float) -> None:
        """Say that *address* is here, or not; hear what others say of it, or not."""
        responder = self._responder(address, wanted=announced or listened)
        if responder is None:
            return
        if announced:
            responder.announce(address, now)
        else:
            responder.withdraw(address)
        if listened:
            responder.listen(address)
        else:
            responder.ignore(address)

    def probe(self, address: Address, mac: bytes | None) -> None:
        """Ask, with the next `settle`, all on the segment, or the host with *mac*, who has *address*."""
        responder = self._responder(address, wanted=True)
        if responder is not None:
            responder.probe(address, mac)

    def repeat(self, address: Address, now: float) -> None:
        """Make *address* known as at a takeover, with the next `settle`."""
        for each in self.responders:
            each.repeat(address, now)

    def defend(self, address: Address) -> None:
        """Make *address* known once, with the next `settle`."""
        for each in self.responders:
            each.defend(address)

    def _responder(self, address: Address, wanted: bool) -> Responder | None:
        if address.version == 4:
            return self._arp.responder
        if self._ndp is None and self.has_ipv6 and wanted:
            self._ndp = self._open_ndp()
        return self._ndp.responder if self._ndp is not None else None

    def _open_ndp(self) -> Voice | None:
        try:
            opened = ndp_voice(self.interface, self._manner)
        except OSError as error:
            log.error("interface %s carries no announcements of IPv6: %s", self.interface.name, error)
            return None
        opened.responder.own = self._own
        return opened

    def settle(self, now: float) -> None:
        """Let what was applied take effect."""
        self._arp.settle(now)
        if self._ndp is not None and not self._ndp.responder.heard:
            self._close_ndp()  # its filter would still be asked for each packet of IPv6 that comes in
        if self._ndp is not None:
            self._ndp.settle(now)

    def renew(self, now: float) -> None:
        """Make all known as at a takeover, with the next `settle`."""
        for each in self.responders:
            each.renew(now)

    def use(self, interface: Interface, own: Set[bytes], has_ipv6: bool) -> None:
        """The interface is this now, and *own* are the hardware addresses of this node.

        Without IPv6, nothing of it is announced; when it comes, it is to be applied again.
        """
        self.interface, self._own, self.has_ipv6 = interface, own, has_ipv6
        for each in self.responders:
            each.own = own
        if not has_ipv6:
            self._close_ndp()

    def _close_ndp(self) -> None:
        if self._ndp is not None:
            self._ndp.close()
            self._ndp = None

    def close(self) -> None:
        """Fall silent."""
        self._arp.close()
        self._close_ndp()
