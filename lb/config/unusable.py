"""Addresses that no host can be reached at, and that no pool may therefore hold.

Announced, they would at best be of no use, and at worst take traffic from every host on the segment. Which
addresses are free on a network is for its owner to know. Sources: RFC 6890, RFC 5771, RFC 4291 section 2.7.
"""

from typing import Final

from lb.config.ranges import AddressRange, parse_range

_BLOCKS: Final = {
    "0.0.0.0/8": "this network",
    "127.0.0.0/8": "loopback",
    "224.0.0.0/4": "multicast",
    "255.255.255.255/32": "limited broadcast",
    "::/128": "the unspecified address",
    "::1/128": "loopback",
    "::ffff:0:0/96": "IPv4 addresses mapped into IPv6, which are written as IPv4",
    "ff00::/8": "multicast",
}
_RANGES: Final = [
    (span, text, use) for text, use in _BLOCKS.items() if isinstance(span := parse_range(text), AddressRange)
]


def unusable(span: AddressRange) -> str | None:
    """Why no Service could be reached at some address of *span*, as a clause; None where nothing is wrong."""
    for block, text, use in _RANGES:
        if span.overlaps(block):
            return f"it holds addresses of {text} ({use}), at which no Service can be reached"
    return None
