"""What this speaker sends: heartbeats and pieces of bulletins, sealed and addressed."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from msgspec import Struct

from speaker.layer2.protocol.heartbeat import Heartbeat, Intent, Piece, Record, Want, emit
from speaker.layer2.protocol.keyring import Keyring
from speaker.layer2.protocol.peer import Address, Peer
from speaker.layer2.protocol.roster import Roster
from speaker.layer2.protocol.watch import Watch

BATCH = 16
"""Others that are named, and records that are told, in one heartbeat at most; so it fits in a datagram."""
ANSWERS_APART = 0.01
"""Seconds between two answers to one other: what somebody plays back to us has no louder echo."""
_NOBODY: Mapping[int, int] = MappingProxyType({})


class Datagram(Struct, frozen=True):
    """UDP payload, to or from *peer*."""

    peer: Address
    payload: bytes


class Outbox:
    """Datagrams that wait to be sent. *patience* is the seconds for which we may be silent."""

    def __init__(self, roster: Roster, watch: Watch, keys: Keyring, patience: float, now: float) -> None:
        self._roster = roster
        self._watch = watch
        self._keys = keys
        self._patience = int(patience * 1000)
        self._started = now
        self._sequence = 0
        self._waiting: deque[Datagram] = deque()

    def clock(self, now: float) -> int:
        """Our own clock, in milliseconds."""
        return int((now - self._started) * 1000)

    def next_sequence(self) -> int:
        """Greater each time."""
        self._sequence += 1
        return self._sequence

    def pulse(self, now: float) -> None:
        """Let all that watch us hear that we live."""
        self.say(self._watch.peers.values(), Intent.PULSE, now)

    def answer(self, peer: Peer, own: Record, news: tuple[Record, ...], now: float) -> None:
        """Answer *peer*, which calls itself *own*."""
        if now >= peer.answered_at + ANSWERS_APART:
            peer.answered_at = now
            heard = peer.heard_clock if own.incarnation == peer.incarnation else 0
            self.say([peer], Intent.ANSWER, now, news, {own.incarnation: heard})

    def tell(self, peers: Collection[Peer], intent: Intent, news: Collection[Record], now: float) -> None:
        """Tell *peers* all *news*, and in any case that we live."""
        listed = tuple(news)
        for first in range(0, max(1, len(listed)), BATCH):
            self.say(peers, intent, now, listed[first : first + BATCH])

    def say(
        self,
        peers: Collection[Peer],
        intent: Intent,
        now: float,
        news: tuple[Record, ...] = (),
        heard: Mapping[int, int] = _NOBODY,
    ) -> None:
        """Send the same heartbeat to each of *peers*; *heard* is told beside what those we watch let hear."""
        listed = list(peers)
        for first in range(0, len(listed), BATCH):
            batch = listed[first : first + BATCH]
            body = emit(self._heartbeat(batch, intent, now, news, heard))
            sealed = {newest: self._keys.seal(body, newest) for newest in {each.newest for each in batch}}
            self._waiting.extend(Datagram(each.address, sealed[each.newest]) for each in batch)

    def _heartbeat(
        self,
        peers: Collection[Peer],
        intent: Intent,
        now: float,
        news: tuple[Record, ...],
        heard: Mapping[int, int],
    ) -> Heartbeat:
        named = {each.incarnation: 0 for each in peers if each.record is not None}
        return Heartbeat(
            own=self._roster.own,
            sequence=self.next_sequence(),
            clock=self.clock(now),
            heard={**named, **self._watch.heard, **heard},
            suspects=tuple(each.incarnation for each in self._watch.suspects),
            patience=self._patience,
            digest=self._roster.digest,
            newest=self._keys.newest,
            intent=intent,
            news=news,
        )

    def send(self, peer: Peer, message: Want | Piece) -> None:
        """Send *message* to *peer*."""
        self._waiting.append(Datagram(peer.address, self._keys.seal(emit(message), peer.newest)))

    def take(self) -> Iterator[Datagram]:
        """What waits, each given out once."""
        while self._waiting:
            yield self._waiting.popleft()
