"""Calling the absent: so who starts finds the others, and the halves of a partition meet again."""

from speaker.layer2.protocol.heartbeat import Intent
from speaker.layer2.protocol.outbox import Outbox
from speaker.layer2.protocol.peer import Peer
from speaker.layer2.protocol.roster import Roster


class RollCall:
    """Calls to the absent of *roster*, every *interval*; *start*, a number by chance, is where it begins."""

    def __init__(self, roster: Roster, outbox: Outbox, interval: float, start: int) -> None:
        self._roster = roster
        self._outbox = outbox
        self._interval = interval
        self._calls = start
        self._next_at = float("-inf")
        self._new: list[Peer] = []

    def expect(self, peers: list[Peer]) -> None:
        """*peers* are known from now on."""
        self._new += peers

    def call(self, now: float, *, is_starting: bool, is_cut_off: bool) -> None:
        """Ask who is new, and who is absent, whether they are there.

        While we start, all of them; then one at a time, and all who live together no more often than one
        alone would. Whoever is cut off asks those that it takes for alive as well.
        """
        called, self._new = self._new, []
        if now >= self._next_at:
            living = self._roster.living
            absent = [peer for name, peer in self._roster.peers.items() if is_cut_off or name not in living]
            sharing = 1 if is_starting or is_cut_off else max(1, len(living))
            self._next_at = now + self._interval * sharing
            called = [*called, *(absent if is_starting else self._one(absent))]
        for peer in dict.fromkeys(called):
            # Whoever is taken for dead hears of it, and contradicts.
            self._outbox.say([peer], Intent.QUESTION, now, (peer.record,) if peer.record is not None else ())

    def _one(self, absent: list[Peer]) -> list[Peer]:
        self._calls += 1
        return [absent[self._calls % len(absent)]] if absent else []
