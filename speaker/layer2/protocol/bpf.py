"""Filters that let the kernel wake this process only for frames that concern its addresses.

Programs of classic BPF for packet sockets that get whole frames. They never hold back what concerns us. They
may let more through, since the machines look exactly: of an IPv6 address they see the last 32 bits, of many
addresses the ranges that cover them.

Source: Linux Documentation/networking/filter.rst, <linux/filter.h>.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from speaker.layer2.protocol import arp, ndp
from speaker.layer2.protocol.covering import Range, covering

LOAD_WORD: Final = 0x20
LOAD_HALF: Final = 0x28
JUMP: Final = 0x05
JUMP_EQUAL: Final = 0x15
JUMP_GREATER: Final = 0x25
JUMP_AT_LEAST: Final = 0x35
RETURN: Final = 0x06
ANCILLARY: Final = 0xFFFFF000
"""Loads from here on read what the kernel knows of the frame: its kind, and its interface after VLANs."""
KIND: Final = ANCILLARY + 4
INTERFACE: Final = ANCILLARY + 8
MULTICAST: Final = 2
"""The last kind (PACKET_HOST, BROADCAST, MULTICAST) that is for this host."""
LONGEST_JUMP: Final = 255
MOST_RANGES: Final = 256
WORD: Final = 4
OPERATIONS: Final = (arp.REQUEST, arp.REPLY)


class Instruction(NamedTuple):
    """One of <linux/filter.h>'s `sock_filter`: where *jt* and *jf* count the instructions passed over."""

    code: int
    jt: int
    jf: int
    k: int


Program = tuple[Instruction, ...]
_ACCEPT = Instruction(RETURN, 0, 0, 0xFFFFFFFF)
_REJECT = Instruction(RETURN, 0, 0, 0)
_MISSED = Instruction(JUMP, 0, 0, 0xFFFFFFFF)
"""Stands, until the length of a search is known, for the jump behind it."""
NOTHING: Final[Program] = (_REJECT,)
"""Lets no frame through."""


def arp_program(interface: int, addresses: frozenset[bytes], most: int = MOST_RANGES) -> Program:
    """Lets ARP from or for one of *addresses* through, on the interface of this index, by *most* ranges."""
    if not addresses:
        return NOTHING
    search = _search(addresses, most)
    return (
        *_for_us(interface),
        _load(LOAD_WORD, arp.HEAD),
        *_unless_equal(int.from_bytes(arp.FIXED[:4], "big")),
        _load(LOAD_WORD, arp.HEAD + 4),
        *_unless_either(*(int.from_bytes(arp.FIXED[4:], "big") << 16 | each for each in OPERATIONS)),
        _load(LOAD_WORD, arp.TPA),
        *search,
        _load(LOAD_WORD, arp.SPA),
        *search,
        _REJECT,
    )


def ndp_program(interface: int, addresses: frozenset[bytes], most: int = MOST_RANGES) -> Program:
    """The same for neighbor solicitations and advertisements whose target is one of *addresses*."""
    if not addresses:
        return NOTHING
    return (
        *_for_us(interface),
        _load(LOAD_HALF, ndp.NEXT_HEADER),
        *_unless_equal(ndp.ICMPV6 << 8 | ndp.HOP_LIMIT),
        _load(LOAD_HALF, ndp.TYPE),
        *_unless_either(ndp.NEIGHBOR_SOLICITATION << 8, ndp.NEIGHBOR_ADVERTISEMENT << 8),
        _load(LOAD_WORD, ndp.TARGET + 12),
        *_search(addresses, most),
        _REJECT,
    )


def _for_us(interface: int) -> Program:
    # What is tagged for a VLAN passes the interface below it too: as another interface's, or as nobody's.
    return (
        _load(LOAD_WORD, KIND),
        Instruction(JUMP_GREATER, 0, 1, MULTICAST),
        _REJECT,
        _load(LOAD_WORD, INTERFACE),
        *_unless_equal(interface),
    )


def _load(code: int, at: int) -> Instruction:
    return Instruction(code, 0, 0, at)


def _unless_equal(k: int) -> Program:
    return (Instruction(JUMP_EQUAL, 1, 0, k), _REJECT)


def _unless_either(k: int, other: int) -> Program:
    return (Instruction(JUMP_EQUAL, 2, 0, k), *_unless_equal(other))


@lru_cache(maxsize=4)  # most interfaces have the same addresses
def _search(addresses: frozenset[bytes], most: int) -> Program:
    """Accepts what was loaded if it is the end of one of *addresses*; otherwise goes on behind."""
    ranges = covering((int.from_bytes(each[-WORD:], "big") for each in addresses), most)
    below = Instruction(JUMP_AT_LEAST, 1, 0, ranges[0][0])
    code = [below, _MISSED, *_tree(ranges)]
    return tuple(
        each._replace(k=len(code) - at - 1) if each is _MISSED else each for at, each in enumerate(code)
    )


def _tree(ranges: list[Range]) -> list[Instruction]:
    """The same for what is not below the first of *ranges*."""
    if len(ranges) == 1:
        return [
            Instruction(JUMP_GREATER, 0, 1, ranges[0][1]),
            _MISSED,
            _ACCEPT,
        ]
    lower, upper = ranges[: len(ranges) // 2], ranges[len(ranges) // 2 :]
    left, right = _tree(lower), _tree(upper)
    if len(left) <= LONGEST_JUMP:
        return [Instruction(JUMP_AT_LEAST, len(left), 0, upper[0][0]), *left, *right]
    fork = Instruction(JUMP_AT_LEAST, 0, 1, upper[0][0])
    return [fork, Instruction(JUMP, 0, 0, len(left)), *left, *right]
