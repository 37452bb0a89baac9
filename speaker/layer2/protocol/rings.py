"""Who watches whom: each node a few others, whatever the cluster's size.

Up to a handful, everybody watches everybody. Beyond, the nodes stand in three rings, each in an order of its
own that is drawn from the names, and a node watches those that live next to it on either side of each ring.
So watching is mutual and even; a node that comes or goes changes it for its neighbors only; those who watch
one node seldom share a rack, as neighbors by name do; and news passed from neighbor to neighbor reaches two
hundred nodes in four or five steps.
"""

from collections.abc import Iterable, Set
from functools import partial
from hashlib import sha256

RINGS = 3
EVERYBODY = 2 * RINGS + 1
"""So many nodes at most all watch each other."""


class Rings:
    """The rings of the nodes *names*."""

    def __init__(self, names: Iterable[str]) -> None:
        listed = tuple(names)
        self._rings = [sorted(listed, key=partial(_draw, ring)) for ring in range(RINGS)]
        self._places = [{name: place for place, name in enumerate(ring)} for ring in self._rings]

    def watchers(self, name: str, living: Set[str]) -> frozenset[str]:
        """Which of *living* watch *name*, and are watched by it if it lives too; never *name* itself."""
        others = living - {name}
        if len(others) < EVERYBODY:
            return frozenset(others)
        found = set()
        for ring, places in zip(self._rings, self._places, strict=True):
            for step in (1, -1):
                place = places[name]
                while (neighbor := ring[(place := (place + step) % len(ring))]) not in others:
                    pass
                found.add(neighbor)
        return frozenset(found)


def _draw(ring: int, name: str) -> bytes:
    return sha256(f"{ring}#{name}".encode()).digest()
