"""Bulletins: what each speaker tells all others, in pieces that fit into a datagram.

A new version is told of with the speaker's record. Who lacks it asks whoever told it, a few pieces at a time,
so that neither a socket's buffer nor a link is overrun; a piece that is lost is asked for again, elsewhere.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from speaker.layer2.protocol.heartbeat import Piece, Want

LONGEST = 65_536
"""Bytes of a bulletin at most."""
PIECE = 1024
"""Bytes in a piece; with all else the datagram passes where IPv6 does (RFC 8200, section 5: 1280 bytes)."""
WINDOW = 16
"""Pieces that are asked for at once."""
FETCHES = 4
"""Bulletins that are fetched at once."""
NOW = float("-inf")


class Edition(Struct, frozen=True):
    """A bulletin as it was published."""

    version: int
    data: bytes


class Request(Struct, frozen=True):
    """What to ask for next; *attempt* counts those that were in vain, and *teller* is who told of it."""

    owner: int
    version: int
    first: int
    attempt: int
    teller: str


class _Fetch:
    """A version of a bulletin that we lack."""

    def __init__(self, owner: int, version: int, teller: str) -> None:
        self.owner = owner
        self.version = version
        self.teller = teller
        self.due_at = NOW
        self._attempt = -1
        self._first = 0
        self._pieces: dict[int, bytes] = {}
        self._count = 0

    @property
    def _lacking(self) -> int:
        return next(index for index in range(len(self._pieces) + 1) if index not in self._pieces)

    def request(self, due_at: float) -> Request:
        """What to ask for; nothing more before *due_at*."""
        self.due_at, self._first = due_at, self._lacking
        self._attempt += 1
        return Request(self.owner, self.version, self._first, self._attempt, self.teller)

    def take(self, piece: Piece) -> bool:
        """Take *piece* in; whether the bulletin is whole now."""
        if self._count not in (0, piece.count) or piece.index >= piece.count:
            return False
        self._count = piece.count
        self._pieces[piece.index] = piece.data
        if self._lacking >= self._first + WINDOW:  # the next ones, of the same who gave these
            self.due_at, self._attempt = NOW, self._attempt - 1
        return len(self._pieces) == self._count

    @property
    def data(self) -> bytes:
        """The whole bulletin."""
        return b"".join(self._pieces[index] for index in range(self._count))


class Board:
    """The bulletins of all speakers, by incarnation; ours among them."""

    def __init__(self) -> None:
        self._editions: dict[int, Edition] = {}
        self._fetches: dict[int, _Fetch] = {}
        self._waiting: dict[int, dict[str, Want]] = {}
        self.revision = 0
        """Another whenever another bulletin may be read."""

    @property
    def is_complete(self) -> bool:
        """Whether we lack nothing that we were told of."""
        return not self._fetches

    def read(self, owner: int) -> bytes | None:
        """The last bulletin of *owner* that we have."""
        edition = self._editions.get(owner)
        return edition.data if edition is not None else None

    def publish(self, owner: int, edition: Edition) -> None:
        """*owner* says *edition* from now on."""
        self._editions[owner] = edition
        self.revision += 1

    def follow(self, owner: int, version: int, teller: str) -> None:
        """*owner* has published *version*, says *teller*."""
        edition, fetch = self._editions.get(owner), self._fetches.get(owner)
        if version > max(edition.version if edition else 0, fetch.version if fetch else 0):
            self._fetches[owner] = _Fetch(owner, version, teller)

    def forget(self, owner: int) -> None:
        """*owner* does not live any more."""
        for each in (self._editions, self._fetches, self._waiting):
            each.pop(owner, None)
        self.revision += 1

    def give_up(self, owner: int) -> None:
        """What *owner* has published since is not to be had any more."""
        self._fetches.pop(owner, None)

    def requests(self, now: float, again_after: float) -> Iterator[Request]:
        """What to ask for at *now*; what does not come is asked for again after so many seconds."""
        for fetch in list(self._fetches.values())[:FETCHES]:
            if now >= fetch.due_at:
                yield fetch.request(now + again_after)

    def receive(self, piece: Piece) -> Sequence[Want]:
        """Take *piece* in; if its bulletin is whole now, who waited for it."""
        fetch = self._fetches.get(piece.owner)
        if fetch is None or fetch.version != piece.bulletin or not fetch.take(piece):
            return ()
        self._editions[piece.owner] = Edition(fetch.version, fetch.data)
        self.revision += 1
        del self._fetches[piece.owner]
        return tuple(self._waiting.pop(piece.owner, {}).values())

    def give(self, want: Want) -> Sequence[Piece]:
        """The pieces that *want* asks for; who asks for what we do not have yet is remembered."""
        edition = self._editions.get(want.owner)
        if edition is None or edition.version < want.bulletin:
            self._waiting.setdefault(want.owner, {})[want.sender] = want
            return ()
        return tuple(_cut(edition, want)) if edition.version == want.bulletin else ()


def _cut(edition: Edition, want: Want) -> Iterator[Piece]:
    count = max(1, -(-len(edition.data) // PIECE))
    for index in range(want.first, min(count, want.first + WINDOW)):
        data = edition.data[index * PIECE : (index + 1) * PIECE]
        yield Piece(want.incarnation, want.owner, want.bulletin, index, count, data)
