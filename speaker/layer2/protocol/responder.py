"""Answers on one interface for the addresses that this node announces, and makes them known unasked.

What ARP and NDP have in common. Frames are made from templates that the caller brings.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Set
from typing import Final

from lb.config.ranges import Address
from speaker.layer2.protocol.machine import Outcome
from speaker.layer2.protocol.schedule import Schedule
from speaker.layer2.protocol.sighting import Kind, Sighting

# In Python 3.11 the member of an enum costs half a microsecond, and an answer takes some four.
REPLIED: Final = Outcome.REPLIED
FOREIGN: Final = Outcome.FOREIGN
NOT_OURS: Final = Outcome.NOT_OURS
MALFORMED: Final = Outcome.MALFORMED


class Responder(ABC):
    """A machine for the interface whose hardware address is *mac*. Addresses are counted by their bytes."""

    def __init__(self, mac: bytes, schedule: Schedule) -> None:
        self.own: Set[bytes] = frozenset({mac})
        """The hardware addresses of this node: what comes from them is nobody else's word."""
        self.replies: dict[bytes, int] = {}
        """Frames sent for an address when asked; counted until somebody clears it."""
        self.unasked: dict[bytes, int] = {}
        """The same for frames sent unasked."""
        self.sightings: deque[Sighting] = deque()
        """Where others spoke for an address, oldest first, until somebody takes them out."""
        self._mac = mac
        self._schedule = schedule
        self._announced: dict[bytes, Address] = {}
        self._listened: dict[bytes, Address] = {}
        self._out: list[bytes] = []

    @property
    def announced(self) -> Set[bytes]:
        """The addresses that are answered for."""
        return self._announced.keys()

    @property
    def heard(self) -> frozenset[bytes]:
        """The addresses of which it matters what others say."""
        return frozenset(self._announced.keys() | self._listened.keys())

    def announce(self, address: Address, now: float) -> None:
        """Answer for *address* from now on, and where that is new make it known."""
        if address.packed not in self._announced:
            self._announced[address.packed] = address
            self._schedule.begin(address.packed, now)

    def withdraw(self, address: Address) -> None:
        """Fall silent about *address*."""
        self._announced.pop(address.packed, None)
        self._schedule.end(address.packed)

    def listen(self, address: Address) -> None:
        """Tell of others who speak for *address*, whether it is announced or not."""
        self._listened[address.packed] = address

    def ignore(self, address: Address) -> None:
        """`listen` to *address* no longer."""
        self._listened.pop(address.packed, None)

    def renew(self, now: float) -> None:
        """Make everything known as at a takeover: who is on the segment may have changed."""
        self._schedule.begin_all(now)

    def repeat(self, address: Address, now: float) -> None:
        """Make *address* known as at a takeover, if it is announced: somebody else spoke for it."""
        if address.packed in self._announced:
            self._schedule.begin(address.packed, now)

    def defend(self, address: Address) -> None:
        """Make *address* known once, if it is announced (RFC 5227 section 2.4)."""
        if address.packed in self._announced:
            self._make_known(address.packed)

    def probe(self, address: Address, mac: bytes | None) -> None:
        """Ask all, or the host with *mac*, who has *address*; who listens to it hears the answer."""
        self._out.append(self._probe(address.packed, mac))

    @abstractmethod
    def answer(self, frame: bytes) -> bytes | None:
        """The answer to *frame* if it is a plain question of what is announced; None: `receive_frame` judges.

        Another thread may call this at any time.
        """

    def receive_frame(self, frame: bytes, now: float) -> Outcome:
        """Answer *frame* where it asks for an address that is announced; hear what others say of it."""
        answer = self.answer(frame)
        if answer is None:
            return self._consider(frame, now)
        self._out.append(answer)
        return REPLIED

    @abstractmethod
    def _consider(self, frame: bytes, now: float) -> Outcome:
        """What follows from *frame*, which is no plain question."""

    @abstractmethod
    def _unasked(self, address: bytes) -> tuple[bytes, ...]:
        """The frames by which *address* is made known."""

    @abstractmethod
    def _probe(self, address: bytes, mac: bytes | None) -> bytes:
        """The frame that asks all, or the host with *mac*, who has *address*."""

    def handle_timer(self, now: float) -> None:
        """Put the frames out that are due by *now*, as many as the pace allows."""
        for address in self._schedule.due(now):
            self._make_known(address)

    def _make_known(self, address: bytes) -> None:
        frames = self._unasked(address)
        self._out.extend(frames)
        self.unasked[address] = self.unasked.get(address, 0) + len(frames)

    def next_timer(self) -> float | None:
        """When the next frame is due unasked."""
        return self._schedule.next()

    def frames_to_send(self, now: float) -> list[bytes]:
        """Replies and what is made known, in the order in which they arose."""
        out, self._out = self._out, []
        return out

    def _count(self, address: bytes) -> None:
        replies = self.replies
        replies[address] = replies.get(address, 0) + 1

    def _reply(self, address: bytes, frame: bytes) -> Outcome:
        self._out.append(frame)
        self._count(address)
        return REPLIED

    def _see(self, address: bytes, mac: bytes, kind: Kind, now: float) -> Outcome:
        """Somebody with *mac* says *kind* of *address*."""
        found = self._announced.get(address) or self._listened.get(address)
        if found is None or mac in self.own:
            return NOT_OURS
        self.sightings.append(Sighting(found, mac, kind, now))
        return FOREIGN
