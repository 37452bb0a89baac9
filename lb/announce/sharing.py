"""Which Services are judged together: those that share an address, and whoever shares one with these."""

from collections import defaultdict
from collections.abc import Iterable

from lb.config.ranges import Address


class Sharing:
    """An index of Services, by key, and of the addresses in their status."""

    def __init__(self) -> None:
        self._addresses: dict[str, tuple[Address, ...]] = {}
        self._keys: defaultdict[Address, set[str]] = defaultdict(set)

    def put(self, key: str, addresses: tuple[Address, ...]) -> None:
        """Service *key* has just *addresses* now."""
        for lost in self._addresses.pop(key, ()):
            self._keys[lost].discard(key)
            if not self._keys[lost]:
                del self._keys[lost]
        if addresses:
            self._addresses[key] = addresses
        for each in addresses:
            self._keys[each].add(key)

    def at(self, addresses: Iterable[Address]) -> set[str]:
        """The Services that have one of *addresses*."""
        return {key for address in addresses for key in self._keys.get(address, ())}

    def group(self, key: str) -> frozenset[str]:
        """*key*, and the Services that are to be judged together with it."""
        found, fresh = {key}, {key}
        while fresh:
            fresh = self.at(each for one in fresh for each in self._addresses.get(one, ())) - found
            found |= fresh
        return frozenset(found)
