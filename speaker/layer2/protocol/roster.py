"""All speakers as they are known: a record of each, who lives, and one number that sums it all up.

Records are merged by their rank, in whatever order and however often they come, so all who have heard the
same know the same.
"""

from collections.abc import Mapping
from enum import Enum, auto
from hashlib import sha256

import msgspec

from speaker.layer2.protocol.heartbeat import Condition, Record
from speaker.layer2.protocol.peer import Address, Peer


class Rank(Enum):
    """How a record stands to the one that we had."""

    NEWER = auto()
    SAME = auto()
    OLDER = auto()


class Roster:
    """Our *own* record, and the `peers` by name."""

    def __init__(self, own: Record) -> None:
        self._own = own
        self._by_incarnation: dict[int, Peer] = {}
        self.peers: dict[str, Peer] = {}
        self.digest = _sum(own)
        """The same for all whose records are the same."""
        self.living: set[str] = set()
        """The names of the peers that live and stay."""
        self.ready: frozenset[str] = frozenset()
        """Those of them that are ready."""
        self.revision = 0
        """Another whenever something else is known."""

    @property
    def own(self) -> Record:
        """What we say of ourselves."""
        return self._own

    def set_own(self, record: Record) -> None:
        """Say *record* of ourselves from now on."""
        self.digest ^= _sum(self._own) ^ _sum(record)
        self._own = record

    def set_addresses(self, addresses: Mapping[str, Address]) -> list[Peer]:
        """Know the peers at *addresses*, by name, and no others; those that are new."""
        for name in self.peers.keys() - addresses.keys():
            self._forget(self.peers.pop(name))
        new = [Peer(name, address) for name, address in addresses.items() if name not in self.peers]
        self.peers.update((peer.name, peer) for peer in new)
        for name, address in addresses.items():
            self.peers[name].address = address
        return new

    def _forget(self, peer: Peer) -> None:
        if peer.record is not None:
            self.digest ^= _sum(peer.record)
            self._by_incarnation.pop(peer.record.incarnation, None)
        self.revision += 1
        self.living.discard(peer.name)
        self.ready -= {peer.name}

    def of(self, incarnation: int) -> Peer | None:
        """The peer whose present life *incarnation* is."""
        return self._by_incarnation.get(incarnation)

    def take(self, peer: Peer, record: Record) -> Rank:
        """Merge *record* into what is known of *peer*."""
        old = peer.record
        if record == old:
            return Rank.SAME
        if old is not None:
            if record.rank <= old.rank:
                return Rank.SAME if record.rank == old.rank else Rank.OLDER
            self._forget(peer)
        self.revision += 1
        peer.take(record)
        self.digest ^= _sum(record)
        self._by_incarnation[record.incarnation] = peer
        if record.is_living:
            self.living.add(peer.name)
        if record.condition is Condition.READY:
            self.ready |= {peer.name}
        return Rank.NEWER


def _sum(record: Record) -> int:
    return int.from_bytes(sha256(msgspec.msgpack.encode(record)).digest()[:7])
