"""Address ranges: the text of IPAddressPool spec.addresses[] and what it stands for.

A range is a CIDR (RFC 4632, RFC 4291 section 2.3) or two addresses joined by `-`, both ends in.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from msgspec import Struct

from lb.config.rejection import Malformed

Address = IPv4Address | IPv6Address
CIDRS = "192.0.2.0/24 or 2001:db8::/120"
"""What a CIDR looks like (RFC 5737 and RFC 3849 addresses)."""


class AddressRange(Struct, frozen=True, order=True):
    """All addresses of one IP version from `first` to `last`, both in; sorts by version, then by place."""

    version: int
    first: int
    last: int

    def __contains__(self, address: Address) -> bool:
        return address.version == self.version and self.first <= int(address) <= self.last

    def __str__(self) -> str:
        return f"{self.address(self.first)}-{self.address(self.last)}"

    @property
    def size(self) -> int:
        """How many addresses the range has."""
        return self.last - self.first + 1

    def address(self, number: int) -> Address:
        """The address of this range's version whose value is *number*."""
        return IPv4Address(number) if self.version == 4 else IPv6Address(number)

    def overlaps(self, other: "AddressRange") -> bool:
        """Whether any address is in both."""
        return self.version == other.version and self.first <= other.last and other.first <= self.last


def parse_address(text: str) -> Address | None:
    """The address that *text* stands for; None where it is none, or one of a single link (RFC 4007 `%eth0`).

    An address with a zone differs from the same one without, so one of the two could be held twice.
    """
    try:
        return ip_address(text.strip()) if "%" not in text else None
    except ValueError:
        return None


def parse_range(text: str) -> AddressRange | Malformed:
    """The range that *text* stands for. Host bits of a CIDR are masked off, as MetalLB does."""
    if "-" in text:
        return _parse_ends(text)
    if "/" in text:
        return _parse_cidr(text)
    return _parse_bare(text)


def _parse_cidr(text: str) -> AddressRange | Malformed:
    start, _, length = text.strip().partition("/")
    first = parse_address(start)
    if first is None:
        return Malformed("what stands before the / is no IP address", f"Write a CIDR such as {CIDRS}.")
    if not re.fullmatch("[0-9]{1,3}", length) or int(length) > first.max_prefixlen:
        reason = (
            f"the prefix length of an IPv{first.version} CIDR is a number from 0 to {first.max_prefixlen}"
        )
        return Malformed(reason, f"Write a CIDR such as {CIDRS}.")
    network = ip_network((first, int(length)), strict=False)
    return AddressRange(network.version, int(network.network_address), int(network.broadcast_address))


def _parse_ends(text: str) -> AddressRange | Malformed:
    start, _, end = text.partition("-")
    first, last = parse_address(start), parse_address(end)
    if first is None or last is None:
        which = "before" if first is None else "after"
        remedy = "Write two addresses, such as 192.0.2.10-192.0.2.20."
        return Malformed(f"what stands {which} the - is no IP address", remedy)
    if first.version != last.version:
        return Malformed(
            "the range starts in one IP family and ends in the other",
            "Write both ends in IPv4 or both in IPv6.",
        )
    if int(first) > int(last):
        return Malformed("the range ends before it starts", f"Write {last}-{first}.")
    return AddressRange(first.version, int(first), int(last))


def _parse_bare(text: str) -> AddressRange | Malformed:
    address = parse_address(text)
    if address is None:
        remedy = f"Write a CIDR such as {CIDRS}, or a range such as 192.0.2.10-192.0.2.20."
        return Malformed("this is neither a CIDR nor a range", remedy)
    return Malformed(
        "an address without a prefix length is no range", f"Write {address}/{address.max_prefixlen}."
    )


def overlapping(ranges: Iterable[AddressRange]) -> Iterator[tuple[AddressRange, AddressRange]]:
    """Pairs of *ranges* that have an address in common, each with the one that starts before it."""
    widest: AddressRange | None = None
    for candidate in sorted(ranges):
        if widest is not None and widest.overlaps(candidate):
            yield widest, candidate
        if widest is None or widest.version != candidate.version or candidate.last > widest.last:
            widest = candidate
