"""An address of ours in somebody else's mouth: a sign of a conflict (RFC 5227) or of a split brain."""

from enum import StrEnum

from msgspec import Struct

from lb.config.ranges import Address


class Kind(StrEnum):
    """What another host said of the address."""

    PROBE = "asks whether anybody has it"
    """RFC 5227 section 2.1.1, RFC 4862 section 5.4.2."""
    USE = "asks for another address in its name"
    ANSWER = "answers for it"
    ANNOUNCEMENT = "announces it unasked"


class Sighting(Struct, frozen=True):
    """At the monotonic time *at*, the host with the hardware address *mac* said *kind* of *address*."""

    address: Address
    mac: bytes
    kind: Kind
    at: float
