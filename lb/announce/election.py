"""The election: of the nodes that may announce an address, the one that does. Every node elects the same.

The order is MetalLB's, so that a migration moves no address: preference score, then
sha256(nodeName + "#" + address).
"""

from collections.abc import Mapping
from hashlib import sha256

from msgspec import Struct

from lb.announce.why import Why
from lb.config.ranges import Address


class Election(Struct, frozen=True):
    """Who won, if anybody, and where each node stands."""

    winner: str | None
    standing: dict[str, Why]


def rank(node: str, address: Address) -> bytes:
    """The lowest rank wins."""
    return sha256(f"{node}#{address}".encode()).digest()


def elect(address: Address, standing: Mapping[str, Why], score: Mapping[str, int]) -> Election:
    """Choose who announces *address*, given why each node may (`ELIGIBLE`) or may not.

    *score* is each node's preference, 0 where it has none; a higher one wins, whatever the rank.
    """
    eligible = [node for node, why in standing.items() if why is Why.ELIGIBLE]
    winner = min(eligible, key=lambda node: (-score.get(node, 0), rank(node, address)), default=None)
    outranked = {node: Why.OUTRANKED for node in eligible if node != winner}
    return Election(winner, {**standing, **outranked})
