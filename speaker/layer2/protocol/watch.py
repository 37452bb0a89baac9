"""Whom this speaker watches, and what follows from their silence."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from speaker.layer2.protocol.agreement import Statement, Verdict, agree, statement_of
from speaker.layer2.protocol.heartbeat import Record
from speaker.layer2.protocol.peer import Peer, State
from speaker.layer2.protocol.rings import Rings
from speaker.layer2.protocol.roster import Roster
from speaker.layer2.protocol.timing import Timing

ATTENDED: Final = 3
"""Times the patience for which another one's suspect is watched for it; time to suspect it, and to say so."""

NOTHING_DUE: Final = float("inf")


class Self(Struct, frozen=True):
    """What judging others depends on of our own: our *clock* in milliseconds, and whether we are deaf."""

    clock: int
    hears_nobody: bool


class Findings(Struct, frozen=True):
    """Who is `dead`, and who is `asked` for signs of life now."""

    dead: tuple[Peer, ...] = ()
    asked: tuple[Peer, ...] = ()


class Watch:
    """Over those of *roster* that this speaker is to watch."""

    def __init__(self, roster: Roster, timing: Timing) -> None:
        self._roster = roster
        self._timing = timing
        self._me = roster.own.name
        self._rings = Rings([self._me])
        self.peers: dict[str, Peer] = {}
        """Those that we watch, and that watch us."""
        self.has_suspects = False
        """Whether one of them is silent for too long."""
        self._next_judgement = NOTHING_DUE
        self._attended: dict[str, float] = {}

    def set_names(self) -> None:
        """Other nodes are known than before."""
        self._rings = Rings([self._me, *self._roster.peers])

    def choose(self, now: float) -> list[Peer]:
        """Watch those who are to be watched of the living; whom we did not watch before."""
        living, peers = self._roster.living, self._roster.peers
        self._attended = {
            name: until for name, until in self._attended.items() if now < until and name in living
        }
        chosen = {name: peers[name] for name in (*self._watchers(self._me), *self._attended)}
        added = [peer for name, peer in chosen.items() if name not in self.peers]
        for name, peer in self.peers.items():
            if name not in chosen:
                peer.release()
        for peer in added:
            peer.expect(now)
            self._next_judgement = min(self._next_judgement, peer.deadline(self._timing.suspect_after))
        self.peers = chosen
        return added

    def attend(self, incarnations: Iterable[int], now: float) -> list[Record]:
        """Watch those of these *incarnations* for a while: one that hears us lacks witnesses of their end.

        What is known of those that do not live.
        """
        known = [peer for each in incarnations if (peer := self._roster.of(each)) is not None]
        until = now + ATTENDED * self._timing.suspect_after
        self._attended.update((peer.name, until) for peer in known)
        self.choose(now)
        return [peer.record for peer in known if peer.record is not None and not peer.record.is_living]

    def _watchers(self, name: str) -> list[str]:
        return sorted(self._rings.watchers(name, self._roster.living | {self._me}) - {self._me})

    @property
    def heard(self) -> dict[int, int]:
        """The last clock that we heard of each, by incarnation."""
        return {peer.incarnation: peer.heard_clock for peer in self.peers.values()}

    @property
    def suspects(self) -> list[Peer]:
        """Those that are silent for too long."""
        return [peer for peer in self.peers.values() if peer.state is State.SUSPECT]

    def judge(self, now: float, own: Self) -> Findings:
        """Draw the consequences of each one's silence until *now*."""
        asked: list[Peer] = []
        for peer in self.peers.values():
            if peer.judge(now, self._timing.suspect_after, own.clock):
                asked += [peer, *self._others_who_watch(peer)]
        suspects = self.suspects
        self.has_suspects = bool(suspects)
        self._next_judgement = min(self._due(now), default=NOTHING_DUE)
        dead = tuple(peer for peer in suspects if self._verdict(peer, now, own) is Verdict.DEAD)
        return Findings(dead, tuple(dict.fromkeys(asked)))

    def _verdict(self, suspect: Peer, now: float, own: Self) -> Verdict:
        has_waited = self._has_waited(suspect, now)
        others = len(self._roster.living)
        statements = self._statements(self._others_who_watch(suspect), suspect)
        verdict = agree(statements, others=others, hears_nobody=own.hears_nobody, has_waited=has_waited)
        if verdict is Verdict.OPEN and has_waited:
            statements = self._statements(self.peers.values(), suspect)
            verdict = agree(statements, others=others, hears_nobody=False, has_waited=True)
        return verdict

    def _statements(self, witnesses: Iterable[Peer], suspect: Peer) -> list[Statement]:
        ours = self._roster.own.incarnation
        return [statement_of(each, suspect, ours) for each in witnesses if each is not suspect]

    def _has_waited(self, suspect: Peer, now: float) -> bool:
        return now >= suspect.suspected_at + self._timing.confirm_after

    def _others_who_watch(self, peer: Peer) -> Iterator[Peer]:
        return (self._roster.peers[name] for name in self._watchers(peer.name))

    def doubtful(self, now: float) -> tuple[Peer, ...]:
        """The suspects and whoever else watches them; and whom we hear, if those do not say in time."""
        found: list[Peer] = []
        for suspect in self.suspects:
            found += [suspect, *self._others_who_watch(suspect)]
            if self._has_waited(suspect, now):
                found += self.peers.values()
        return tuple(dict.fromkeys(found))

    def _due(self, now: float) -> Iterator[float]:
        for peer in self.peers.values():
            end = peer.suspected_at + self._timing.confirm_after
            if peer.state is State.ALIVE:
                yield peer.deadline(self._timing.suspect_after)
            elif peer.state is State.SUSPECT and end > now:
                yield end

    @property
    def next_judgement(self) -> float:
        """When a silence may next have a consequence, as of the last time that they were judged."""
        return self._next_judgement

    def excuse(self, seconds: float, now: float) -> None:
        """Leave *seconds* until *now*, in which we did not listen, out of their silence."""
        for peer in self.peers.values():
            peer.excuse(seconds, now)
