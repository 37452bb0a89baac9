"""The network interfaces of a node, which of them carry announcements, and to which subnets these lead."""

from collections.abc import Iterable, Set
from enum import StrEnum
from ipaddress import IPv4Interface, IPv6Interface

from msgspec import Struct
from msgspec.structs import replace

from lb.config.excluded_interfaces import DEFAULT, Patterns

IFF_UP, IFF_BROADCAST, IFF_RUNNING, IFF_NOARP = 0x1, 0x2, 0x40, 0x80
"""Flags of <linux/if.h>; RUNNING tells of the carrier."""
RELEVANT = IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_NOARP
"""The flags whose change calls for announcing anew."""


class Interface(Struct, frozen=True):
    """An interface as the kernel tells of it.

    `flags` holds the `RELEVANT` ones. `master` is the index of the interface that it is part of, and
    `part_of` the kind of that one: bond, bridge, vrf (IFLA_MASTER, IFLA_INFO_SLAVE_KIND of rtnetlink(7)).
    """

    index: int
    name: str
    mac: bytes
    flags: int
    master: int | None
    part_of: str | None = None


class InterfaceAddress(Struct, frozen=True):
    """An address of the interface with this index, and the prefix of its subnet."""

    index: int
    address: IPv4Interface | IPv6Interface


Addresses = frozenset[InterfaceAddress]


class WhyNot(StrEnum):
    """Why an interface carries no announcements."""

    EXCLUDED = "its name matches an excluded pattern"
    DOWN = "it is down"
    NO_ARP = "it has no ARP or no broadcast"
    ENSLAVED = "it is part of a bond or bridge, which announces in its place"


def why_not(interface: Interface, excluded: Patterns = DEFAULT) -> WhyNot | None:
    """Why *interface* carries no announcements; None where it does."""
    if any(pattern.search(interface.name) for pattern in excluded):
        return WhyNot.EXCLUDED
    if not interface.flags & IFF_UP:
        return WhyNot.DOWN
    if interface.flags & IFF_NOARP or not interface.flags & IFF_BROADCAST or len(interface.mac) != 6:
        return WhyNot.NO_ARP
    # A VRF only says which table routes: its interfaces hear and answer for themselves, and it has no link.
    is_part = interface.master is not None and interface.part_of != "vrf"
    return WhyNot.ENSLAVED if is_part else None


def has_carrier(interface: Interface) -> bool:
    """Whether frames may reach anybody by *interface*."""
    return bool(interface.flags & IFF_RUNNING)


def is_renewed(before: Interface, after: Interface) -> bool:
    """Whether *after* is to be taken up anew, since more has changed than its carrier."""
    return replace(before, flags=0) != replace(after, flags=0) or bool(
        (before.flags ^ after.flags) & ~IFF_RUNNING
    )


def subnets(addresses: Iterable[InterfaceAddress], carrying: Set[int]) -> tuple[str, ...]:
    """The subnets of the interfaces *carrying* announcements, by index: CIDRs, sorted, IPv4 first.

    Those of one link or of this machine alone are left out.
    """
    networks = {
        each.address.network
        for each in addresses
        if each.index in carrying and not (each.address.is_link_local or each.address.is_loopback)
    }
    return tuple(
        map(str, sorted(networks, key=lambda each: (each.version, each.network_address, each.prefixlen)))
    )
