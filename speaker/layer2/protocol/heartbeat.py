"""The heartbeat that speakers send each other: its fields, its bytes, and the proof of who sent it.

MessagePack with an HMAC-SHA256 (RFC 2104) at its end. Nothing is read from a datagram whose HMAC is wrong.
"""

import hmac
from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

VERSION = 1
MAC_LENGTH = 32
Number = Annotated[int, Meta(ge=0)]
"""Below 2^64, as every MessagePack integer."""


class Hearsay(Struct, frozen=True, array_like=True):
    """Which incarnation of a speaker was heard, and how many milliseconds ago."""

    incarnation: Number
    milliseconds: Number


class Heartbeat(Struct, frozen=True, array_like=True):
    """One speaker's word to another.

    `incarnation` is drawn by chance at each start of the sender, and `sequence` grows within it. `you` is the
    incarnation of the receiver as the sender last heard it: a datagram that names the receiver's present one
    was made after the receiver's start and for it alone, so nothing recorded earlier can pass for it.

    `ready` says that the sender announces what it is elected for, `leaving` that it is about to stop. `heard`
    gives, for each other speaker that the sender hears itself and that is ready, when it last did.
    """

    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    sender: Annotated[str, Meta(max_length=253)]
    incarnation: Number
    sequence: Number
    you: Number
    ready: bool
    leaving: bool
    heard: dict[str, Hearsay]


class Forged(Struct, frozen=True):
    """The HMAC is not what our key gives."""


class Malformed(Struct, frozen=True):
    """The sender has our key, but what it sent is no heartbeat of this version."""

    reason: str


def emit(heartbeat: Heartbeat, key: bytes) -> bytes:
    """The datagram of *heartbeat*, proved with *key*."""
    body = msgspec.msgpack.encode(heartbeat)
    return body + hmac.digest(key, body, sha256)


def parse(datagram: bytes, key: bytes) -> Heartbeat | Forged | Malformed:
    """The heartbeat in *datagram*; the inverse of `emit`."""
    body, mac = datagram[:-MAC_LENGTH], datagram[-MAC_LENGTH:]
    if not hmac.compare_digest(mac, hmac.digest(key, body, sha256)):
        return Forged()
    try:
        return msgspec.msgpack.decode(body, type=Heartbeat)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Malformed(str(error))
