"""Bulletins on their way: who is asked for the pieces that we lack, and who gets those that we have."""

from speaker.layer2.protocol.bulletins import LONGEST, Board, Edition, Request
from speaker.layer2.protocol.heartbeat import Piece, Record, Want
from speaker.layer2.protocol.machine import Outcome
from speaker.layer2.protocol.outbox import Outbox
from speaker.layer2.protocol.peer import Peer
from speaker.layer2.protocol.roster import Roster
from speaker.layer2.protocol.watch import Watch


class Exchange:
    """Of our own bulletin for the others'; what does not come within *again_after* is asked for again."""

    def __init__(self, roster: Roster, watch: Watch, outbox: Outbox, again_after: float) -> None:
        self._roster = roster
        self._watch = watch
        self._outbox = outbox
        self._again_after = again_after
        self._board = Board()
        self._own = Edition(0, b"")

    @property
    def version(self) -> int:
        """Our own bulletin's version; 0: none yet."""
        return self._own.version

    @property
    def is_complete(self) -> bool:
        """Whether we have all bulletins that we were told of."""
        return self._board.is_complete

    @property
    def revision(self) -> int:
        """Another whenever `bulletins` may be others."""
        return self._board.revision + self._roster.revision

    def bulletins(self) -> dict[str, bytes]:
        """What each other speaker that lives tells all, as far as it is here, by node."""
        living = {name: self._roster.peers[name].incarnation for name in self._roster.living}
        read = {name: self._board.read(incarnation) for name, incarnation in living.items()}
        return {name: data for name, data in read.items() if data is not None}

    def publish(self, data: bytes) -> bool:
        """Tell *data* to all, in place of what we told before; whether it differs."""
        if len(data) > LONGEST:
            raise ValueError(f"a bulletin has {LONGEST} bytes at most; this one has {len(data)}")
        if self._own.version and data == self._own.data:
            return False
        self._own = Edition(self._own.version + 1, data)
        self.reissue()
        return True

    def reissue(self) -> None:
        """Our bulletin is that of our present life."""
        if self._own.version:
            self._board.publish(self._roster.own.incarnation, self._own)

    def learn(self, before: int, record: Record, teller: str) -> None:
        """*teller* told us *record*, of one whose life was *before* as far as we knew."""
        if before != record.incarnation:
            self._board.forget(before)
        if record.is_living:
            self._board.follow(record.incarnation, record.bulletin, teller)
        else:
            self._board.give_up(record.incarnation)

    def forget(self, incarnation: int) -> None:
        """The node of this life is not known any more."""
        self._board.forget(incarnation)

    def fetch(self, now: float) -> None:
        """Ask for the pieces that we lack: whoever told of them, then others in turn."""
        if self._board.is_complete:
            return
        for request in self._board.requests(now, self._again_after):
            peer = self._whom(request)
            if peer is not None:
                self._outbox.send(peer, self._want(request, peer))

    def _whom(self, request: Request) -> Peer | None:
        owner = self._roster.of(request.owner)
        names = [request.teller, *([owner.name] if owner is not None else []), *self._watch.peers]
        return self._roster.peers.get(names[request.attempt % len(names)])

    def _want(self, request: Request, peer: Peer) -> Want:
        own = self._roster.own
        return Want(
            own.name,
            own.incarnation,
            self._outbox.next_sequence(),
            peer.incarnation,
            request.owner,
            request.version,
            request.first,
        )

    def receive_want(self, want: Want) -> Outcome:
        """Give what *want* asks for."""
        peer = self._roster.peers.get(want.sender)
        if peer is None:
            return Outcome.NOT_OURS
        is_fresh = want.you == self._roster.own.incarnation and want.incarnation == peer.incarnation
        if not is_fresh or peer.is_replay(want.sequence):
            return Outcome.REPLAYED
        peer.note(want.sequence)
        self._give(peer, want)
        return Outcome.HEARD

    def _give(self, peer: Peer, want: Want) -> None:
        if want.owner == self._roster.own.incarnation or self._roster.of(want.owner) is not None:
            for piece in self._board.give(want):
                self._outbox.send(peer, piece)

    def receive_piece(self, piece: Piece, now: float) -> Outcome:
        """Take *piece* in, and give what others waited for."""
        if piece.you != self._roster.own.incarnation:
            return Outcome.REPLAYED
        for want in self._board.receive(piece):
            if (peer := self._roster.peers.get(want.sender)) is not None:
                self._give(peer, want)
        self.fetch(now)
        return Outcome.HEARD
