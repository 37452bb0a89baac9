"""What speakers say to each other: heartbeats, and the pieces of bulletins; its values, and its bytes.

A byte for the version, then MessagePack. Who said it is proved by `speaker.layer2.protocol.keyring`.
"""

from enum import IntEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

VERSION: Final = 2
Name = Annotated[str, Meta(max_length=253)]
Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Condition(IntEnum):
    """What a speaker says of itself, or those who watch it say of it."""

    UNREADY = 0
    """It lives, and announces nothing: it starts, or hears nobody."""
    READY = 1
    """It announces what it is elected for."""
    LEFT = 2
    """It is about to stop."""
    DEAD = 3
    """Those who watch it agree that it is silent. It never says so itself."""


class Record(Struct, frozen=True, array_like=True, gc=False):
    """One speaker, as known to all.

    `incarnation` is that of its present life: another at each start, and greater than all before. `version`
    grows with each word of its own that differs from the one before. `bulletin` is its bulletin's version;
    0: none.
    """

    name: Name
    incarnation: Number
    version: Number
    condition: Condition
    bulletin: Number

    @property
    def is_living(self) -> bool:
        """Whether it lives and stays."""
        return self.condition in (Condition.UNREADY, Condition.READY)

    @property
    def rank(self) -> tuple[int, int, bool]:
        """Of two records of one name the one that ranks higher counts: the newer, and the verdict on it."""
        return self.incarnation, self.version, self.condition is Condition.DEAD


class Intent(IntEnum):
    """Why a heartbeat is sent."""

    PULSE = 0
    """It is due; who is not watched by its receiver gets an answer."""
    QUESTION = 1
    """An answer is wanted at once."""
    ANSWER = 2


class Heartbeat(Struct, frozen=True, array_like=True, tag=0):
    """One speaker's word to one or several others.

    `sequence` grows within an incarnation. `clock` is its age in milliseconds. `heard` gives the incarnations
    of those that it watches or speaks to, and the latest clock that it heard from each itself since it
    watches it; 0: none. Who finds its own present incarnation there knows that this was made after its own
    start, so nothing recorded earlier can pass for it, and which of its own words was heard. `suspects` are
    the incarnations of those that it watches and that are silent for too long. `patience` is the milliseconds
    of silence after which its sender may be taken for dead, `digest` sums up all records that it has,
    `newest` marks its newest key, and `news` are records that the receiver may not have.
    """

    own: Record
    sequence: Number
    clock: Number
    heard: dict[Number, Number]
    suspects: tuple[Number, ...]
    patience: Number
    digest: Number
    newest: Number
    intent: Intent
    news: tuple[Record, ...] = ()


class Want(Struct, frozen=True, array_like=True, tag=1):
    """*sender*, in its life *incarnation*, asks the one with the incarnation *you* for pieces of a bulletin.

    It wants those of the version *bulletin* from the piece *first* on, of the speaker with the incarnation
    *owner*.
    """

    sender: Name
    incarnation: Number
    sequence: Number
    you: Number
    owner: Number
    bulletin: Number
    first: Number


class Piece(Struct, frozen=True, array_like=True, tag=2):
    """The piece *index*, of *count*, of a bulletin, for the one with the incarnation *you*."""

    you: Number
    owner: Number
    bulletin: Number
    index: Number
    count: Annotated[int, Meta(ge=1, le=64)]
    data: Annotated[bytes, Meta(max_length=1024)]


Message = Heartbeat | Want | Piece


class Malformed(Struct, frozen=True):
    """The sender has our key, but what it sent is no message of this version."""

    reason: str


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Heartbeat | Want | Piece)
_VERSION = bytes([VERSION])


def emit(message: Message) -> bytes:
    """The bytes of *message*, to be sealed."""
    return _VERSION + _encoder.encode(message)


def parse(body: bytes) -> Message | Malformed:
    """The message in *body*; the inverse of `emit`."""
    if body[:1] != _VERSION:
        return Malformed(f"version {body[0]}" if body else "empty")
    try:
        return _decoder.decode(memoryview(body)[1:])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Malformed(str(error))
