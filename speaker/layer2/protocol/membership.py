"""The failure detector: which speakers live and are ready, told by authenticated heartbeats over UDP.

Every speaker sends each other one a heartbeat at an even pace. One that neither we nor anybody that we hear
has heard for `dead_after` is dead: a single lossy link takes nobody out. Time in which we did not listen
ourselves, because our process was late or paused, is held against nobody.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from math import ceil

from msgspec import Struct

from speaker.layer2.protocol.heartbeat import VERSION, Forged, Hearsay, Heartbeat, Malformed, emit, parse
from speaker.layer2.protocol.machine import Outcome
from speaker.layer2.protocol.peer import NEVER, Address, Peer, State


class Timing(Struct, frozen=True):
    """Seconds. `late` is by how much a timer may be overdue before we count as not having listened."""

    interval: float = 0.1
    suspect_after: float = 0.4
    dead_after: float = 0.8
    late: float = 0.1


DEFAULT = Timing()


class Datagram(Struct, frozen=True):
    """UDP payload, to or from *peer*."""

    peer: Address
    payload: bytes


class Membership:
    """A machine for the speaker on node *me*, in the cluster of those that know *key*.

    *incarnation* is a number below 2^64, drawn by chance. It listens for `dead_after` from *now* before it
    says who is a member, so that a speaker which starts does not take itself for the only one.
    """

    def __init__(self, me: str, key: bytes, incarnation: int, now: float, timing: Timing = DEFAULT) -> None:
        self._me = me
        self._key = key
        self._incarnation = incarnation
        self._timing = timing
        self._peers: dict[str, Peer] = {}
        self._ready = False
        self._leaving = False
        self._settles_at: float | None = now + timing.dead_after
        self._next_beat = now
        self._sequence = 0
        self._out: deque[Datagram] = deque()

    @property
    def members(self) -> frozenset[str]:
        """The nodes whose speaker lives and is ready, ours among them; none before `has_settled`."""
        if self._settles_at is not None:
            return frozenset()
        others = {name for name, peer in self._peers.items() if peer.state is not State.DEAD and peer.ready}
        return frozenset(others | {self._me} if self._ready else others)

    @property
    def has_settled(self) -> bool:
        """Whether we have listened long enough to say who is a member."""
        return self._settles_at is None

    def states(self) -> dict[str, State]:
        """How each other speaker stands."""
        return {name: peer.state for name, peer in self._peers.items()}

    def silences(self, now: float) -> dict[str, float | None]:
        """For how many seconds we have not heard each other speaker ourselves; None: never heard."""
        return {
            name: None if peer.heard_at == NEVER else now - peer.heard_at
            for name, peer in self._peers.items()
        }

    def set_peers(self, addresses: Mapping[str, Address]) -> None:
        """Exchange heartbeats with the speakers at *addresses*, by node, and no others."""
        known = self._peers
        self._peers = {name: known.get(name) or Peer(each) for name, each in addresses.items()}
        self._peers.pop(self._me, None)
        for name, peer in self._peers.items():
            peer.address = addresses[name]

    def set_key(self, key: bytes) -> None:
        """Prove and check with *key* from now on."""
        self._key = key

    def set_ready(self, ready: bool, now: float) -> None:
        """Say from now on whether this node announces what it is elected for."""
        if ready != self._ready:
            self._ready = ready
            self._beat(now)

    def leave(self, now: float) -> None:
        """Say to all, thrice since one datagram may be lost and then at every beat, that this speaker stops.

        It stays one of our own `members`: it announces until the others have taken over.
        """
        self._leaving = True
        for _ in range(3):
            self._beat(now)

    def receive_frame(self, frame: Datagram, now: float) -> Outcome:
        """Take in a heartbeat; a late timer goes first, so that what waited meanwhile is judged fairly."""
        if now - self.next_timer() > self._timing.late:
            self.handle_timer(now)
        match parse(frame.payload, self._key):
            case Heartbeat() as heartbeat if heartbeat.sender in self._peers:
                return self._hear(self._peers[heartbeat.sender], heartbeat, now)
            case Heartbeat():
                return Outcome.NOT_OURS
            case Forged():
                return Outcome.UNAUTHENTICATED
            case Malformed():
                return Outcome.MALFORMED

    def _hear(self, peer: Peer, heartbeat: Heartbeat, now: float) -> Outcome:
        if heartbeat.you != self._incarnation:
            # It does not know us yet, or somebody plays back what it once said. Either gets one answer, which
            # names us to it; until its own word does so too, we think of it as before.
            self._out.append(self._heartbeat(heartbeat.sender, heartbeat.incarnation, self._heard(now)))
            return Outcome.INTRODUCED
        if peer.is_replay(heartbeat):
            return Outcome.REPLAYED
        peer.hear(heartbeat, now)
        for name, hearsay in heartbeat.heard.items():
            if name in self._peers:
                self._peers[name].vouch(hearsay.incarnation, now - hearsay.milliseconds / 1000)
                self._judge(self._peers[name], now)
        return Outcome.HEARD

    def handle_timer(self, now: float) -> None:
        """Send the heartbeats that are due, and judge who was silent for too long."""
        self._excuse_lateness(now)
        if self._settles_at is not None and now >= self._settles_at:
            self._settles_at = None
        if now >= self._next_beat:
            self._beat(now)
        for peer in self._peers.values():
            self._judge(peer, now)

    def _excuse_lateness(self, now: float) -> None:
        overdue = now - self.next_timer()
        if overdue > self._timing.late:
            for peer in self._peers.values():
                peer.excuse(overdue, now)
            if self._settles_at is not None:
                self._settles_at += overdue

    def _judge(self, peer: Peer, now: float) -> None:
        peer.judge(now, self._timing.suspect_after, self._timing.dead_after)

    def next_timer(self) -> float:
        """When the next heartbeat is due, or the next silence becomes too long."""
        timing = self._timing
        judgements = (
            peer.next_judgement(timing.suspect_after, timing.dead_after) for peer in self._peers.values()
        )
        due = (self._next_beat, self._settles_at, *judgements)
        return min(at for at in due if at is not None)

    def _beat(self, now: float) -> None:
        self._next_beat = now + self._timing.interval
        heard = self._heard(now)
        for name, peer in self._peers.items():
            self._out.append(self._heartbeat(name, peer.incarnation, heard))

    def _heard(self, now: float) -> dict[str, Hearsay]:
        """Whom we hear ourselves, and when we last did."""
        return {
            name: Hearsay(peer.incarnation, max(0, ceil((now - peer.heard_at) * 1000)))
            for name, peer in self._peers.items()
            if peer.heard_at != NEVER and peer.state is not State.DEAD and peer.ready
        }

    def _heartbeat(self, name: str, incarnation: int, heard: dict[str, Hearsay]) -> Datagram:
        """Our present word to *name*, in its life *incarnation*."""
        self._sequence += 1
        heartbeat = Heartbeat(
            version=VERSION,
            sender=self._me,
            incarnation=self._incarnation,
            sequence=self._sequence,
            you=incarnation,
            ready=self._ready,
            leaving=self._leaving,
            heard={other: hearsay for other, hearsay in heard.items() if other != name},
        )
        return Datagram(self._peers[name].address, emit(heartbeat, self._key))

    def frames_to_send(self, now: float) -> Iterator[Datagram]:
        """The heartbeats that became due."""
        while self._out:
            yield self._out.popleft()
