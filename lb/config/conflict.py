"""A stranger who speaks for an address of ours, as a speaker tells the controller of it: its value, its text.

The text is an annotation: entries of address, hardware address and interface, with a blank between them, and
a comma and a blank between entries. No interface has a blank in its name (dev_valid_name of Linux).
"""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from lb.config.ranges import Address, parse_address

MOST: Final = 500
"""Conflicts that are told of, the lowest addresses first; annotations have room for 256 KiB."""
_MAC: Final = re.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}")
LONGEST_NAME: Final = 15
"""Bytes of an interface's name (IFNAMSIZ, <linux/if.h>)."""


class Conflict(Struct, frozen=True):
    """A host that is no speaker uses *address*: the one with *mac*, as heard on *interface* of the node."""

    address: Address
    mac: str
    interface: str


def outline(conflict: Conflict) -> dict[str, str]:
    """*conflict* for programs."""
    return {"address": str(conflict.address), "mac": conflict.mac, "interface": conflict.interface}


def emit(conflicts: Iterable[Conflict]) -> str:
    """The text of *conflicts*."""
    ordered = sorted(conflicts, key=lambda each: (each.address.version, each.address))
    return ", ".join(f"{each.address} {each.mac} {each.interface}" for each in ordered[:MOST])


def parse(text: str) -> tuple[Conflict, ...]:
    """What *text* tells of; what is no entry is passed over."""
    found = []
    for entry in text.split(", ")[:MOST]:
        match entry.split(" "):
            case [first, mac, interface] if (
                (address := parse_address(first)) is not None
                and _MAC.fullmatch(mac)
                and len(interface) <= LONGEST_NAME
            ):
                found.append(Conflict(address, mac, interface))
    return tuple(found)
