"""One protocol on one interface: a responder, the packet socket that it speaks through, and what wakes it."""

from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec import Struct

from speaker.layer2.answerer import Answerer, Desk
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


class Manner(Struct, frozen=True):
    """How all voices of a node speak.

    What they announce they make known again each `interval` seconds, at one `pace` together, and one
    `answerer` serves them. `after` is called when a responder may have something to tell, and `noted` after
    each answer, in another thread.
    """

    interval: float
    pace: Pace
    answerer: Answerer
    after: Callable[[str, Responder], None]
    noted: Callable[[Responder], None]


class Voice:
    """*responder* on *interface*.

    Whoever changes what it announces or listens to calls `settle` afterwards. Raises OSError if there is no
    such interface, or no right to speak on it.
    """

    def __init__(self, interface: Interface, responder: Responder, manner: Manner) -> None:
        is_arp = isinstance(responder, ArpResponder)
        self.responder = responder
        self._program: Callable[..., Program] = partial(
            arp_program if is_arp else ndp_program, interface.index
        )
        kind = (ETHERTYPE_ARP, LONGEST_ARP) if is_arp else (ETHERTYPE_IPV6, LONGEST_NDP)
        self._link = PacketLink(interface.name, *kind)
        self._groups = None if is_arp else Groups(interface.name, interface.index)
        self._heard: frozenset[bytes] = frozenset()
        after = partial(manner.after, interface.name, responder)
        self._driver = Driver(responder, self._link, after=after, watched=False)
        self._desk = Desk(self._link, responder.answer, partial(manner.noted, responder), self._driver.take)
        self._answerer = manner.answerer
        self._answerer.open(self._desk)

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
        self._answerer.close(self._desk)
        self._driver.close()
        if self._groups is not None:
            self._groups.close()


def arp_voice(interface: Interface, manner: Manner) -> Voice:
    """A voice for IPv4."""
    templates = arp_templates(interface.mac)
    schedule = Schedule(manner.interval, manner.pace, len(templates.announcements))
    return Voice(interface, ArpResponder(templates, schedule), manner)


def ndp_voice(interface: Interface, manner: Manner) -> Voice:
    """A voice for IPv6."""
    schedule = Schedule(manner.interval, manner.pace, 1)
    return Voice(interface, NdpResponder(ndp_templates(interface.mac), schedule), manner)
