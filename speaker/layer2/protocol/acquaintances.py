"""Whose word it is that is heard on a segment: what each other speaker last told of itself.

What those told that live no more, or are not heard any more, is remembered, too: one of them may be seen on
the segment. Times are seconds of one monotonic clock.
"""

from collections.abc import Collection, Mapping
from typing import Final

from msgspec.structs import replace

from lb.announce.bulletin import Bulletin, parse
from lb.config.ranges import Address

RECENT: Final = 60.0
"""Seconds for which an address that nobody serves any more passes for one of ours: it is on its way from one
node to another."""


class Acquaintances:
    """The other speakers by node; *freshness* is the seconds for which one may call itself fresh."""

    def __init__(self, freshness: float) -> None:
        self._freshness = freshness
        self._texts: dict[str, bytes] = {}
        self._words: dict[str, Bulletin] = {}
        self._fresh_since: dict[str, float] = {}
        self._nodes: dict[bytes, str] = {}
        self._lapsed: dict[Address, float] = {}
        self.living: frozenset[str] = frozenset()
        """Those whose heartbeats are heard, by us or by others."""
        self._missing: frozenset[str] = frozenset()

    def hear(
        self, told: Mapping[str, bytes], members: Collection[str], left: Collection[str], now: float
    ) -> None:
        """The speakers that live tell *told*; of the nodes, *members* are ready, and *left* have stopped."""
        for node in self.living - told.keys():
            self._lapse_all(self._words[node].addresses, now)
        known = set()
        for node, text in told.items():
            if self._texts.get(node) != text and (word := parse(text)) is not None:
                self._texts[node] = text
                self._take(node, word, now)
            if node in self._words:
                known.add(node)
        self.living = frozenset(known)
        absent = self._words.keys() - set(members) - set(left)
        self._missing = frozenset(each for each in absent if each in self._missing or each not in known)

    def _take(self, node: str, word: Bulletin, now: float) -> None:
        before = self._words.get(node, Bulletin())
        self._words[node] = word
        if not word.is_fresh:
            self._fresh_since.pop(node, None)
        elif not before.is_fresh:
            self._fresh_since[node] = now
        self._lapse_all(before.addresses - word.addresses, now)
        for mac in before.macs - word.macs:
            if self._nodes.get(mac) == node:
                del self._nodes[mac]
        self._nodes.update(dict.fromkeys(word.macs, node))

    def keep(self, nodes: Collection[str]) -> None:
        """There are only these *nodes*; what others told is forgotten."""
        for node in self._words.keys() - set(nodes) - self.living:
            del self._words[node], self._texts[node]
            self._fresh_since.pop(node, None)
            self._nodes = {mac: each for mac, each in self._nodes.items() if each != node}

    @property
    def missing(self) -> dict[str, frozenset[Address]]:
        """What those last told that they serve who are taken for dead, until they are members again."""
        return {node: self._words[node].addresses for node in self._missing if node in self._words}

    @property
    def macs(self) -> Collection[bytes]:
        """All hardware addresses by which speakers announce, or did."""
        return self._nodes.keys()

    def node_of(self, mac: bytes) -> str | None:
        """The node that announces by *mac*, or did; None: no speaker told of it."""
        return self._nodes.get(mac)

    def word(self, node: str, now: float) -> Bulletin | None:
        """What *node* told last; by *now* it may not be fresh any more, although it could not say so."""
        word = self._words.get(node)
        if word is None or not word.is_fresh:
            return word
        return replace(word, is_fresh=now < self._fresh_since[node] + self._freshness)

    def _lapse_all(self, addresses: Collection[Address], now: float) -> None:
        for address in addresses:
            self.lapse(address, now)

    def lapse(self, address: Address, now: float) -> None:
        """A speaker, maybe ours, does not serve *address* any more."""
        self._lapsed.pop(address, None)
        self._lapsed[address] = now  # so that the first is the longest ago
        while (oldest := next(iter(self._lapsed))) != address and self._lapsed[oldest] + RECENT <= now:
            del self._lapsed[oldest]

    def is_ours(self, address: Address, now: float) -> bool:
        """Whether a speaker serves *address*, or did a moment ago."""
        if self._lapsed.get(address, -RECENT) + RECENT > now:
            return True
        return any(address in self._words[node].addresses for node in self.living)
