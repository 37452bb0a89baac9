"""The failure detector: which speakers live and are ready, and what each of them tells all others.

Each speaker sends heartbeats at an even pace to a few others, which watch it and which it watches. Whoever
misses one asks the others that watch it; only together do they take it for dead. What changes, a verdict or
a speaker's own word, is passed on from neighbor to neighbor at once, and heartbeats tell by a digest whether
two neighbors know the same. Time in which we did not listen ourselves, because our process was late or
paused, is held against nobody.
"""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from speaker.layer2.protocol.exchange import Exchange
from speaker.layer2.protocol.heartbeat import (
    Condition,
    Heartbeat,
    Intent,
    Malformed,
    Piece,
    Record,
    Want,
    parse,
)
from speaker.layer2.protocol.keyring import Keyring
from speaker.layer2.protocol.machine import Outcome
from speaker.layer2.protocol.outbox import Datagram, Outbox
from speaker.layer2.protocol.peer import NEVER, Address, Peer, State
from speaker.layer2.protocol.roll_call import RollCall
from speaker.layer2.protocol.roster import Rank, Roster
from speaker.layer2.protocol.standing import Ear, Standing
from speaker.layer2.protocol.timing import DEFAULT, Timing
from speaker.layer2.protocol.watch import Self, Watch

__all__ = ["Datagram", "Membership"]
AGAIN_AFTER = 2
"""Intervals after which what did not arrive is asked for again, and an absent speaker called."""
COMPARED_APART = 1.0
"""Seconds after which two neighbors tell each other all that they know again, if nothing changed."""


class Membership:
    """A machine for the speaker on node *me*, in the cluster of those that know *key*.

    *incarnation* is a number below 2^62 that no earlier life had, best a greater one. It listens from *now*
    on before it says who is a member, so that a speaker which starts does not take itself for the only one.
    """

    def __init__(self, me: str, key: bytes, incarnation: int, now: float, timing: Timing = DEFAULT) -> None:
        self._me = me
        self._timing = timing
        self._keys = Keyring(key)
        self._roster = Roster(Record(me, incarnation, 1, Condition.UNREADY, 0))
        self._watch = Watch(self._roster, timing)
        self._outbox = Outbox(self._roster, self._watch, self._keys, timing.suspect_after, now)
        again_after = AGAIN_AFTER * timing.interval
        self._exchange = Exchange(self._roster, self._watch, self._outbox, again_after)
        self._roll_call = RollCall(self._roster, self._outbox, again_after, start=incarnation)
        self._ear = Ear(timing)
        self._standing = Standing.UNREADY
        self._is_ready = False
        self._is_leaving = False
        self._now = self._next_beat = now
        self._settles_at: float | None = now + timing.settle_after
        self._news: dict[str, Record] = {}
        self._members_by: object = None
        self._members = frozenset[str]()

    @property
    def members(self) -> frozenset[str]:
        """The nodes whose speaker lives and is ready, ours too if it counts; none before `has_settled`.

        The same object as before where nothing changed.
        """
        known = (self._roster.ready, self._standing, self._settles_at is None)
        if known != self._members_by:
            self._members_by, self._members = known, self._count()
        return self._members

    def _count(self) -> frozenset[str]:
        if self._settles_at is not None:
            return frozenset()
        others = self._roster.ready if self._standing is not Standing.ALONE else frozenset()
        return others | {self._me} if self._standing.counts else others

    @property
    def bulletins(self) -> Mapping[str, bytes]:
        """What each other node whose speaker lives tells all, as far as it is here, by node."""
        return self._exchange.bulletins()

    @property
    def revision(self) -> int:
        """Another whenever `bulletins` may be others."""
        return self._exchange.revision

    @property
    def has_settled(self) -> bool:
        """Whether we have listened long enough to say who is a member."""
        return self._settles_at is None

    @property
    def standing(self) -> Standing:
        """Why this speaker counts as a member, or why not."""
        return self._standing

    @property
    def left(self) -> frozenset[str]:
        """The nodes whose speaker said that it stops."""
        records = ((name, peer.record) for name, peer in self._roster.peers.items())
        return frozenset(name for name, each in records if each and each.condition is Condition.LEFT)

    def states(self) -> dict[str, State]:
        """How each other speaker stands."""
        return {name: peer.state for name, peer in self._roster.peers.items()}

    def silences(self, now: float) -> dict[str, float | None]:
        """For how many seconds we have not heard those that we watch; None: never heard."""
        return {
            name: None if peer.heard_at == NEVER else now - peer.heard_at
            for name, peer in self._watch.peers.items()
        }

    def set_peers(self, addresses: Mapping[str, Address]) -> None:
        """Know the speakers at *addresses*, by node, and no others."""
        others = {name: address for name, address in addresses.items() if name != self._me}
        if others.keys() == self._roster.peers.keys():
            self._roster.set_addresses(others)
            return
        for name in self._roster.peers.keys() - others.keys():
            self._exchange.forget(self._roster.peers[name].incarnation)
        self._roll_call.expect(self._roster.set_addresses(others))
        self._watch.set_names()
        self._watch.choose(self._now)

    def set_key(self, key: bytes) -> None:
        """Take *key* from now on, and prove with it to those who have it; earlier ones count for a while."""
        self._keys.renew(key, self._now)

    def set_ready(self, ready: bool, now: float) -> None:
        """Say from now on whether this node announces what it is elected for."""
        if ready != self._is_ready:
            self._is_ready = ready
            self._stand(now)
            self._outbox.pulse(now)

    def set_bulletin(self, data: bytes, now: float) -> None:
        """Tell *data* to all others, in place of what was told before. ValueError: above 64 KiB."""
        if self._exchange.publish(data):
            self._stand(now)
            self._outbox.pulse(now)

    def leave(self, now: float) -> None:
        """Say to all, thrice since one datagram may be lost and then at every beat, that this speaker stops.

        It stays one of our own `members`: it announces until the others have taken over.
        """
        self._is_leaving = True
        self._stand(now)
        for _ in range(3):
            self._outbox.pulse(now)

    def receive_frame(self, frame: Datagram, now: float) -> Outcome:
        """Take in what another speaker sent."""
        self._now = now
        body = self._keys.open(frame.payload)
        if body is None:
            return Outcome.UNAUTHENTICATED
        match parse(body):
            case Heartbeat() as heartbeat:
                return self._receive_heartbeat(heartbeat, now)
            case Want() as want:
                return self._exchange.receive_want(want)
            case Piece() as piece:
                return self._exchange.receive_piece(piece, now)
            case Malformed():
                return Outcome.MALFORMED

    def _receive_heartbeat(self, heartbeat: Heartbeat, now: float) -> Outcome:
        own, peer = heartbeat.own, self._roster.peers.get(heartbeat.own.name)
        if peer is None:
            return Outcome.NOT_OURS
        if self._roster.own.incarnation not in heartbeat.heard:
            # It does not know us yet, or somebody plays back what it once said. Either gets one answer, which
            # names us to it; until its own word does so too, we think of it as before.
            self._outbox.answer(peer, own, _better(peer.record, own), now)
            return Outcome.INTRODUCED
        if own.incarnation < peer.incarnation:
            self._outbox.answer(peer, own, _better(peer.record, own), now)
            return Outcome.REPLAYED
        if own.incarnation == peer.incarnation and peer.is_replay(heartbeat.sequence):
            # No sign of life; but what it tells may be news, if a later word overtook it.
            self._learn_all(heartbeat, peer)
            self._pass_on(peer, now)
            return Outcome.REPLAYED
        self._hear(peer, heartbeat, now)
        return Outcome.HEARD

    def _hear(self, peer: Peer, heartbeat: Heartbeat, now: float) -> None:
        ours, was_watched = self._roster.own, peer.name in self._watch.peers
        objections = self._learn_all(heartbeat, peer)
        peer.hear(heartbeat, now)
        self._ear.hear(heartbeat.heard[ours.incarnation], heartbeat.patience / 1000, now)
        for incarnation, clock in heartbeat.heard.items():
            other = self._roster.of(incarnation)
            if other is not None and clock > other.clock:
                other.vouch(clock, now)
        self._pass_on(peer, now)
        if self._watch.has_suspects:
            self._judge(now)
        if heartbeat.intent is Intent.QUESTION:
            objections += self._watch.attend(heartbeat.suspects, now)
        asks = heartbeat.intent is Intent.QUESTION or (
            heartbeat.intent is Intent.PULSE and peer.name not in self._watch.peers
        )
        if asks or objections or self._roster.own is not ours:
            self._outbox.answer(peer, heartbeat.own, tuple(objections), now)
        if was_watched:
            self._compare(peer, heartbeat.digest, now)

    def _learn_all(self, heartbeat: Heartbeat, peer: Peer) -> list[Record]:
        """Take in all that *peer* told of anybody; what we know better."""
        told = (heartbeat.own, *heartbeat.news)
        return [record for each in told for record in self._learn(each, peer.name)]

    def _learn(self, record: Record, teller: str) -> tuple[Record, ...]:
        """Take in *record*, told by *teller*; what we know better, if we do."""
        if record.name == self._me:
            self._contradict(record)
            return ()
        peer = self._roster.peers.get(record.name)
        if peer is None:
            return ()
        before = peer.incarnation
        if self._roster.take(peer, record) is not Rank.NEWER:
            return _better(peer.record, record)
        self._news[record.name] = record
        self._exchange.learn(before, record, teller)
        return ()

    def _contradict(self, record: Record) -> None:
        """Say that we live, if *record* says otherwise; in a new life, if it is of one after ours."""
        own = self._roster.own
        if record.rank <= own.rank or self._is_leaving:
            return
        if record.incarnation == own.incarnation:
            self._roster.set_own(replace(own, version=record.version + 1))
        else:
            incarnation = record.incarnation + 1 + own.incarnation % 2**16
            self._roster.set_own(replace(own, incarnation=incarnation))
            self._exchange.reissue()
        self._ear.accuse(self._outbox.clock(self._now))
        self._news[self._me] = self._roster.own

    def _pass_on(self, source: Peer | None, now: float) -> None:
        """Tell those that we watch what is new; not *source*, unless it did not know that we watch it."""
        if self._news:
            added = self._watch.choose(now)
            targets = [each for each in self._watch.peers.values() if each is not source or each in added]
            news = [record for name, record in self._news.items() if name != self._me]
            self._news = {}
            self._outbox.tell(targets, Intent.PULSE, news, now)
        self._exchange.fetch(now)

    def _judge(self, now: float) -> None:
        own = Self(self._outbox.clock(now), self._ear.hears_nobody(now))
        findings = self._watch.judge(now, own)
        if findings.asked:
            self._outbox.say(findings.asked, Intent.QUESTION, now)
        for peer in findings.dead:
            assert peer.record is not None
            verdict = replace(peer.record, condition=Condition.DEAD)
            self._learn(verdict, self._me)
            self._outbox.tell([peer], Intent.ANSWER, [verdict], now)  # if it hears that, it contradicts
        self._pass_on(None, now)

    def _compare(self, peer: Peer, theirs: int, now: float) -> None:
        ours = self._roster.digest
        if peer.comparison.is_due(ours, theirs, now, self._timing.interval, COMPARED_APART):
            known = [each.record for each in self._roster.peers.values() if each.record is not None]
            self._outbox.tell([peer], Intent.ANSWER, known, now)

    def handle_timer(self, now: float) -> None:
        """Send the heartbeats that are due, and judge who was silent for too long."""
        self._excuse(self.lateness(now), now)
        self._now = now
        self._judge(now)
        if now >= self._next_beat:
            self._next_beat = now + self._timing.interval
            self._beat(now)

    def _beat(self, now: float) -> None:
        self._keys.expire(now)
        self._watch.choose(now)
        self._stand(now)
        self._settle(now)
        self._outbox.pulse(now)
        is_cut_off = self._ear.is_cut_off(len(self._roster.living), now)
        if self._watch.has_suspects and not is_cut_off:
            self._outbox.say(self._watch.doubtful(now), Intent.QUESTION, now)
        self._roll_call.call(now, is_starting=not self.has_settled, is_cut_off=is_cut_off)
        self._exchange.fetch(now)

    def lateness(self, now: float) -> float:
        """For how many seconds until *now* we did not listen; 0 where a timer is hardly overdue."""
        overdue = now - self.next_timer()
        return overdue if overdue > self._timing.late else 0.0

    def _excuse(self, seconds: float, now: float) -> None:
        if seconds:
            self._watch.excuse(seconds, now)
            self._ear.excuse(seconds, now)
            if self._settles_at is not None:
                self._settles_at += seconds

    def _stand(self, now: float) -> None:
        """Find out whether we count, and say of ourselves what is true now."""
        others = len(self._roster.living)
        self._standing = self._ear.judge(self._is_ready, others, now)
        condition = Condition.READY if self._is_ready else Condition.UNREADY
        if self._is_leaving:
            condition = Condition.LEFT
        elif self._ear.is_cut_off(others, now):
            condition = Condition.UNREADY
        own = self._roster.own
        if (condition, self._exchange.version) != (own.condition, own.bulletin):
            version, bulletin = own.version + 1, self._exchange.version
            self._roster.set_own(replace(own, version=version, condition=condition, bulletin=bulletin))

    def _settle(self, now: float) -> None:
        if self._settles_at is not None:
            waits = 0.0 if self._exchange.is_complete else self._timing.fetch_after
            if now >= self._settles_at + waits:
                self._settles_at = None

    def next_timer(self) -> float:
        """When the next heartbeat is due, or the next silence becomes too long."""
        return min(self._next_beat, self._watch.next_judgement)

    def frames_to_send(self, now: float) -> Iterator[Datagram]:
        """What became due."""
        return self._outbox.take()


def _better(known: Record | None, told: Record) -> tuple[Record, ...]:
    """What is *known*, if it ranks above what was *told*."""
    return (known,) if known is not None and known.rank > told.rank else ()
