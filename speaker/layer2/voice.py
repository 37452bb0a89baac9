"""One protocol on one interface: a responder, the packet socket that it speaks through, and what wakes it."""

from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec import Struct

from speaker.layer2.driver import Driver
from speaker.layer2.groups import Groups
from speaker.layer2.packets import PacketLink
from speaker.layer2.protocol.arp_responder import ArpResponder
from speaker.layer2.protocol.bpf import Program, arp_program, ndp_program
from speaker.layer2.protocol.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV6
from speaker.layer2.protocol.interface import Interface
from speaker.layer2.protocol.ndp import solicited_node
from speaker.layer2.protocol.ndp_responder import NdpResponder
from speaker.layer2.protocol.responder import Responder
from speaker.layer2.protocol.schedule import Pace, Schedule
from speaker.layer2.templates import arp_templates, ndp_templates

LONGEST_ARP: Final = 64
LONGEST_NDP: Final = 1_518
"""Bytes of a frame that are read: with padding ARP has 60; a solicitation has 86, and signed ones 1000."""


class Unasked(Struct, frozen=True):
    """How things are made known unasked: again each *interval* seconds, and at the *pace* that all share."""

    interval: float
    pace: Pace


class Voice:
    """*responder* on *interface*; *after* is called each time it may have something to tell.

    Whoever changes what it announces or listens to calls `settle` afterwards. Raises OSError if there is no
    such interface, or no right to speak on it.
    """

    def __init__(
        self, interface: Interface, responder: Responder, after: Callable[[Responder], None]
    ) -> None:
        is_arp = isinstance(responder, ArpResponder)
        self.responder = responder
        self._program: Callable[..., Program] = partial(
            arp_program if is_arp else ndp_program, interface.index
        )
        kind = (ETHERTYPE_ARP, LONGEST_ARP) if is_arp else (ETHERTYPE_IPV6, LONGEST_NDP)
        self._link = PacketLink(interface.name, *kind)
        self._groups = None if is_arp else Groups(interface.name, interface.index)
        self._heard: frozenset[bytes] = frozenset()
        self._driver = Driver(responder, self._link, after=partial(after, responder))

    def settle(self, now: float) -> None:
        """Be woken for just what the responder heeds, then say what is to be said."""
        heard = self.responder.heard
        if heard != self._heard:
            self._heard = heard
            self._link.admit(partial(self._program, heard))
            if self._groups is not None:
                self._groups.want({solicited_node(each) for each in heard})
        self.responder.handle_timer(now)
        self._driver.settle()

    def close(self) -> None:
        """Fall silent."""
        self._driver.close()
        if self._groups is not None:
            self._groups.close()


def arp_voice(interface: Interface, unasked: Unasked, after: Callable[[Responder], None]) -> Voice:
    """A voice for IPv4."""
    templates = arp_templates(interface.mac)
    schedule = Schedule(unasked.interval, unasked.pace, len(templates.announcements))
    return Voice(interface, ArpResponder(templates, schedule), after)


def ndp_voice(interface: Interface, unasked: Unasked, after: Callable[[Responder], None]) -> Voice:
    """A voice for IPv6."""
    templates = ndp_templates(interface.mac)
    return Voice(interface, NdpResponder(templates, Schedule(unasked.interval, unasked.pace, 1)), after)
