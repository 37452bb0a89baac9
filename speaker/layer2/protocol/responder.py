"""Answers ARP on one interface for the addresses that this node announces, and makes a takeover known.

A request is answered where its Ethernet destination is broadcast or our own address, as RFC 826 and RFC 5227
section 2.1.1 (probes, whose sender address is zero) have it. Gratuitous ARP goes out at once and again at
growing gaps, since one frame may be lost; how such a frame reads is the caller's to say.
"""

from collections import Counter, deque
from collections.abc import Iterator, KeysView
from enum import StrEnum
from heapq import heappop, heappush
from ipaddress import IPv4Address

from msgspec import Struct

from speaker.layer2.protocol.arp import BROADCAST, REQUEST, Arp, emit, parse, reply_to
from speaker.layer2.protocol.machine import Outcome

GRATUITOUS_AT = (0.0, 0.1, 0.3, 1.0, 3.0, 8.0)
"""Seconds after the takeover at which the gratuitous frames of an address are sent."""


class Sent(StrEnum):
    """What kind of frame was sent."""

    REPLY = "reply"
    GRATUITOUS = "gratuitous"


class _Binding(Struct, frozen=True):
    gratuitous: tuple[bytes, ...]
    serial: int


class ArpResponder:
    """A machine for the interface whose hardware address is *mac*."""

    def __init__(self, mac: bytes) -> None:
        self.sent: Counter[tuple[Sent, IPv4Address]] = Counter()
        """Frames sent, counted until somebody clears it."""
        self._mac = mac
        self._announced: dict[IPv4Address, _Binding] = {}
        self._due: list[tuple[float, int, IPv4Address]] = []
        self._serial = 0
        """Numbers the bindings: what is still due for one that was withdrawn is not its successor's."""
        self._out: deque[bytes] = deque()

    @property
    def announced(self) -> KeysView[IPv4Address]:
        """The addresses that are answered for."""
        return self._announced.keys()

    def announce(self, address: IPv4Address, gratuitous: tuple[bytes, ...], now: float) -> None:
        """Answer for *address* from now on, and make it known with the frames *gratuitous*."""
        self._serial += 1
        self._announced[address] = _Binding(gratuitous, self._serial)
        for after in GRATUITOUS_AT:
            heappush(self._due, (now + after, self._serial, address))
        self.handle_timer(now)

    def withdraw(self, address: IPv4Address) -> None:
        """Fall silent about *address*."""
        self._announced.pop(address, None)

    def receive_frame(self, frame: bytes, now: float) -> Outcome:
        """Answer *frame* where it asks for an address that is announced."""
        match parse(frame):
            case Arp(operation=operation, tpa=address) as packet if address in self._announced:
                if (
                    operation != REQUEST
                    or packet.is_gratuitous
                    or packet.destination not in (BROADCAST, self._mac)
                ):
                    return Outcome.NOT_OURS
                self._out.append(emit(reply_to(packet, self._mac)))
                self.sent[Sent.REPLY, address] += 1
                return Outcome.REPLIED
            case Arp():
                return Outcome.NOT_OURS
            case _:
                return Outcome.MALFORMED

    def handle_timer(self, now: float) -> None:
        """Put the gratuitous frames that are due by *now* out."""
        while self._due and self._due[0][0] <= now:
            _, serial, address = heappop(self._due)
            binding = self._announced.get(address)
            if binding is not None and binding.serial == serial:
                self._out.extend(binding.gratuitous)
                self.sent[Sent.GRATUITOUS, address] += len(binding.gratuitous)

    def next_timer(self) -> float | None:
        """When the next gratuitous frame is due."""
        return self._due[0][0] if self._due else None

    def frames_to_send(self, now: float) -> Iterator[bytes]:
        """Replies and gratuitous frames, in the order in which they arose."""
        while self._out:
            yield self._out.popleft()
