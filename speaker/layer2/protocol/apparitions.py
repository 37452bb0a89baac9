"""Speakers that are heard on a segment, whether or not their heartbeats are: a second witness of life.

Where heartbeats are cut and the segment is whole, two speakers take each other for dead and answer for the
same addresses. A speaker that is seen counts as a member again, with what it serves, so that both hold the
same election. Whoever left an address to one that is only seen goes on asking it for that address; without
an answer it is dead again. Times are seconds of one monotonic clock.
"""

from collections.abc import Collection, Mapping, Set
from typing import Final

from msgspec import Struct

from lb.config.ranges import Address
from speaker.layer2.protocol.sighting import Kind, Sighting

PATIENCE: Final = 0.35
"""Seconds after its last word on the segment for which a speaker lives; as the failure detector's."""
PROBE_INTERVAL: Final = 0.1
MOST_PROBED: Final = 3
"""Addresses by which a speaker is asked in turn, since it may have dropped one of them."""


class Place(Struct, frozen=True):
    """Where a host is heard: on our *interface*, from its hardware address *mac*."""

    interface: str
    mac: bytes


class Inquiry(Struct, frozen=True):
    """Ask the host at *place* for *address*."""

    address: Address
    place: Place


class _Trace:
    """What was heard of one speaker on the segment."""

    def __init__(self) -> None:
        self.at = float("-inf")
        self.served: dict[Address, Place] = {}
        self.renounced: set[Address] = set()
        self.next_probe = float("-inf")
        self.turn = 0

    def see(self, sighting: Sighting, place: Place) -> bool:
        """Take in what it said; whether it serves something else than before."""
        self.at = sighting.at
        address = sighting.address
        if sighting.kind is Kind.PROBE:  # it asks who has it, and so it has not
            is_new = address not in self.renounced
            self.served.pop(address, None)
            self.renounced.add(address)
        else:
            is_new = address not in self.served
            self.served[address] = place
            self.renounced.discard(address)
        return is_new


class Apparitions:
    """Those of the other speakers that are seen."""

    def __init__(self) -> None:
        self._traces: dict[str, _Trace] = {}
        self._missing: Mapping[str, Set[Address]] = {}
        self.seen: frozenset[str] = frozenset()
        """The missing ones that live."""

    def miss(self, missing: Mapping[str, Set[Address]], now: float) -> bool:
        """The heartbeats of these are not heard, who last told that they serve these addresses.

        Whether other nodes are seen than before.
        """
        self._missing = missing
        return self._judge(now)

    def see(self, node: str, interface: str, sighting: Sighting) -> bool:
        """*node* spoke on our *interface*; whether it is newly seen, or serves something else than before."""
        trace = self._traces.get(node)
        if trace is None or (node not in self.seen and sighting.at >= trace.at + PATIENCE):
            trace = self._traces[node] = _Trace()
        differs = trace.see(sighting, Place(interface, sighting.mac))
        return self._judge(sighting.at) or (differs and node in self.seen)

    def judge(self, now: float) -> bool:
        """Find out who is seen still; whether others are than before."""
        return self._judge(now)

    def _judge(self, now: float) -> bool:
        before = self.seen
        self._traces = {name: each for name, each in self._traces.items() if now < each.at + PATIENCE}
        self.seen = frozenset(self._traces.keys() & self._missing.keys())
        return self.seen != before

    def served_by(self, node: str) -> frozenset[Address]:
        """What *node*, which is seen, serves as far as is known."""
        trace = self._traces[node]
        return frozenset((self._missing[node] | trace.served.keys()) - trace.renounced)

    def inquired(self, ours: Collection[Address]) -> dict[str, tuple[Inquiry, ...]]:
        """By node that is seen, how it is asked whether it lives, where we serve *ours*."""
        return {node: tuple(self._inquiries(node, ours)) for node in self.seen}

    def _inquiries(self, node: str, ours: Collection[Address]) -> list[Inquiry]:
        trace = self._traces[node]
        known = next(reversed(trace.served.values()), None)
        places = dict(reversed(trace.served.items()))
        if known is not None:
            rest = sorted(self._missing[node] - places.keys(), key=lambda each: (each.version, int(each)))
            places |= dict.fromkeys(rest, known)
        left = [
            Inquiry(address, place)
            for address, place in places.items()
            if address not in ours and address not in trace.renounced
        ]
        return left[:MOST_PROBED]

    def due(self, ours: Collection[Address], now: float) -> list[Inquiry]:
        """The questions that are to be asked at *now*, one of each node at most."""
        asked = []
        for node, inquiries in self.inquired(ours).items():
            trace = self._traces[node]
            if inquiries and now >= trace.next_probe:
                trace.next_probe = now + PROBE_INTERVAL
                trace.turn += 1
                asked.append(inquiries[trace.turn % len(inquiries)])
        return asked

    def next_timer(self, ours: Collection[Address]) -> float | None:
        """When to call `judge` and `due` next; None: not until something is heard."""
        ends = [self._traces[node].at + PATIENCE for node in self.seen]
        asks = [self._traces[node].next_probe for node, each in self.inquired(ours).items() if each]
        return min((*ends, *asks), default=None)
