"""The network interfaces of a node, and which of them carry announcements."""

import re
from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

IFF_UP, IFF_BROADCAST, IFF_RUNNING, IFF_NOARP = 0x1, 0x2, 0x40, 0x80
"""Flags of <linux/if.h>; RUNNING tells of the carrier."""
RELEVANT = IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_NOARP
"""The flags whose change calls for announcing anew."""
DEFAULT_EXCLUDED = (
    "^docker.*",
    "^cbr.*",
    "^dummy.*",
    "^virbr.*",
    "^lxcbr.*",
    "^veth.*",
    "^lo$",
    "^cali.*",
    "^tunl.*",
    "^flannel.*",
    "^kube-ipvs.*",
    "^cni.*",
    "^nodelocaldns.*",
    "^lxc.*",
)
"""Interfaces that lead to pods or to this machine itself; MetalLB's list."""


class Interface(Struct, frozen=True):
    """An interface as the kernel tells of it.

    `flags` holds the `RELEVANT` ones, and `master` the index of the bond or bridge that it is part of.
    """

    index: int
    name: str
    mac: bytes
    flags: int
    master: int | None


class WhyNot(StrEnum):
    """Why an interface carries no announcements."""

    EXCLUDED = "its name matches an excluded pattern"
    DOWN = "it is down"
    NO_ARP = "it has no ARP or no broadcast"
    ENSLAVED = "it is part of a bond or bridge, which announces in its place"


def why_not(interface: Interface, excluded: Iterable[str] = DEFAULT_EXCLUDED) -> WhyNot | None:
    """Why *interface* carries no announcements; None where it does."""
    if any(re.search(pattern, interface.name) for pattern in excluded):
        return WhyNot.EXCLUDED
    if not interface.flags & IFF_UP:
        return WhyNot.DOWN
    if interface.flags & IFF_NOARP or not interface.flags & IFF_BROADCAST or len(interface.mac) != 6:
        return WhyNot.NO_ARP
    return WhyNot.ENSLAVED if interface.master is not None else None
