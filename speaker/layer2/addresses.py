"""The addresses of this network namespace's interfaces, kept up to date by netlink events (rtnetlink(7))."""

from collections.abc import AsyncIterator
from ipaddress import ip_interface

from pyroute2 import AsyncIPRoute  # type: ignore[import-untyped]  # it ships no types
from pyroute2.netlink import nlmsg  # type: ignore[import-untyped]  # as above
from pyroute2.netlink.rtnl import (  # type: ignore[import-untyped]  # as above
    RTMGRP_IPV4_IFADDR,
    RTMGRP_IPV6_IFADDR,
)
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg  # type: ignore[import-untyped]  # as above

from speaker.layer2.links import events
from speaker.layer2.protocol.interface import Addresses, InterfaceAddress


async def watch_addresses() -> AsyncIterator[Addresses]:
    """All addresses: at once, and again after each change. Raises OSError if netlink fails."""
    known: Addresses | None = None
    while True:
        async with AsyncIPRoute() as netlink:
            await netlink.bind(groups=RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR)
            now = frozenset([_address(message) async for message in await netlink.get_addr()])
            if now != known:
                known = now
                yield known
            async for message in events(netlink):
                now = _after(known, message)
                if now != known:
                    known = now
                    yield known


def _after(known: Addresses, message: nlmsg) -> Addresses:
    """The addresses *known*, and what *message* tells."""
    if message["event"] not in ("RTM_NEWADDR", "RTM_DELADDR"):
        return known
    told = {_address(message)}
    return known | told if message["event"] == "RTM_NEWADDR" else known - told


def _address(message: ifaddrmsg) -> InterfaceAddress:
    # IFA_ADDRESS is the prefix's: where it differs from the local one, it is the peer's; 0.0.0.0 is not told.
    address = message.get("address") or message.get("local")
    return InterfaceAddress(message["index"], ip_interface((address, message["prefixlen"])))
