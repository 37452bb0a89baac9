"""What the speaker and its detector tell each other, through the socket between them.

Each message is one packet. Both are of one release, so no version is told.
"""

from typing import Final

import msgspec
from msgspec import Struct

from speaker.layer2.protocol.peer import Address
from speaker.layer2.protocol.standing import Standing
from speaker.layer2.protocol.timing import Timing


class Begin(Struct, frozen=True, array_like=True, tag="begin"):
    """The first command: take part for the node *me*, by *key*, in the life *incarnation*."""

    me: str
    key: bytes
    incarnation: int
    timing: Timing
    peers: dict[str, Address]


class SetPeers(Struct, frozen=True, array_like=True, tag="peers"):
    """Know the speakers at *addresses*, by node, and no others."""

    addresses: dict[str, Address]


class SetKey(Struct, frozen=True, array_like=True, tag="key"):
    """Prove and check with *key* from now on."""

    key: bytes


class SetReady(Struct, frozen=True, array_like=True, tag="ready"):
    """Whether this node announces what it is elected for."""

    ready: bool


class SetBulletin(Struct, frozen=True, array_like=True, tag="bulletin"):
    """Tell *data* to all others."""

    data: bytes


class Leave(Struct, frozen=True, array_like=True, tag="leave"):
    """Say to all that this speaker stops."""


class Alive(Struct, frozen=True, array_like=True, tag="alive"):
    """The speaker runs. It says so again and again; the detector answers with a whole report."""


Command = Begin | SetPeers | SetKey | SetReady | SetBulletin | Leave | Alive


class Report(Struct, frozen=True, array_like=True, tag="report"):
    """How things stand.

    `states` are those of the other speakers by name, and `heard_at` is when each that is watched was last
    heard, on the machine's monotonic clock; both as of the last Alive. `left` are those that said they stop.
    """

    members: frozenset[str]
    has_settled: bool
    standing: Standing
    states: dict[str, str]
    heard_at: dict[str, float | None]
    left: frozenset[str]


class Bulletin(Struct, frozen=True, array_like=True, tag="bulletin"):
    """What the speaker on *node* tells all; None: nothing, or it lives no more."""

    node: str
    data: bytes | None


LARGEST: Final = 1 << 20
"""Bytes of a message at most: a bulletin, or some thousand nodes."""
_encoder = msgspec.msgpack.Encoder()
_commands: msgspec.msgpack.Decoder[Command] = msgspec.msgpack.Decoder(
    Begin | SetPeers | SetKey | SetReady | SetBulletin | Leave | Alive
)
_reports: msgspec.msgpack.Decoder[Report | Bulletin] = msgspec.msgpack.Decoder(Report | Bulletin)


def emit(message: Command | Report | Bulletin) -> bytes:
    """The packet of *message*."""
    return _encoder.encode(message)


def parse_command(packet: bytes) -> Command:
    """The command in *packet*."""
    return _commands.decode(packet)


def parse_report(packet: bytes) -> Report | Bulletin:
    """The report in *packet*."""
    return _reports.decode(packet)
