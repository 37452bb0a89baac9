"""Who says that it serves which address: the claims in the bulletins of all nodes, by address."""

from collections import defaultdict
from collections.abc import Iterable

from lb.config.ranges import Address


class Claims:
    """An index that follows what nodes tell; it judges nobody's claim."""

    def __init__(self) -> None:
        self._of: dict[str, frozenset[Address]] = {}
        self._at: defaultdict[Address, set[str]] = defaultdict(set)

    def put(self, node: str, addresses: frozenset[Address]) -> frozenset[Address]:
        """*node* serves just *addresses* now. The addresses of which that was not known before."""
        before = self._of.pop(node, frozenset())
        if addresses:
            self._of[node] = addresses
        for lost in before - addresses:
            self._at[lost].remove(node)
            if not self._at[lost]:
                del self._at[lost]
        for won in addresses - before:
            self._at[won].add(node)
        return before ^ addresses

    @property
    def nodes(self) -> frozenset[str]:
        """The nodes that serve anything."""
        return frozenset(self._of)

    def holds(self, node: str, address: Address) -> bool:
        """Whether *node* says that it serves *address*."""
        return address in self._of.get(node, ())

    def holders(self, addresses: Iterable[Address]) -> frozenset[str]:
        """The nodes that say that they serve one of *addresses*."""
        return frozenset(node for address in addresses for node in self._at.get(address, ()))
