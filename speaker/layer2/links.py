"""The interfaces of this network namespace, kept up to date by the kernel's netlink events (rtnetlink(7))."""

import logging
from collections.abc import AsyncIterator, Mapping
from errno import ENOBUFS
from socket import AF_UNSPEC

from pyroute2 import AsyncIPRoute  # type: ignore[import-untyped]  # it ships no types
from pyroute2.netlink import nlmsg  # type: ignore[import-untyped]  # as above
from pyroute2.netlink.rtnl import RTMGRP_LINK  # type: ignore[import-untyped]  # as above
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg  # type: ignore[import-untyped]  # as above

from speaker.layer2.protocol.interface import RELEVANT, Interface

log = logging.getLogger(__name__)
ARPHRD_ETHER = 1  # <linux/if_arp.h>


async def watch_interfaces() -> AsyncIterator[Mapping[int, Interface]]:
    """All interfaces by index: at once, and again after each change. Raises OSError if netlink fails."""
    known: dict[int, Interface] | None = None
    while True:
        async with AsyncIPRoute() as netlink:
            await netlink.bind(groups=RTMGRP_LINK)
            interfaces = {each.index: each async for each in _dump(netlink)}
            if interfaces != known:
                yield dict(interfaces)
            async for message in events(netlink):
                if _changes(interfaces, message):
                    yield dict(interfaces)
            known = interfaces


def _changes(interfaces: dict[int, Interface], message: nlmsg) -> bool:
    """Whether *message* changes *interfaces*, which it is brought into."""
    if message["event"] not in ("RTM_NEWLINK", "RTM_DELLINK") or message["family"] != AF_UNSPEC:
        return False  # a bridge too tells of its ports, and that one left it by RTM_DELLINK
    if any(each[0] == "IFLA_WIRELESS" for each in message["attrs"]):
        return False  # what a wireless driver tells of itself; the rest of the interface is left out
    interface = _interface(message)
    before = interfaces.get(interface.index)
    if message["event"] == "RTM_DELLINK":
        return interfaces.pop(interface.index, None) is not None
    interfaces[interface.index] = interface
    return interface != before


async def events(netlink: AsyncIPRoute) -> AsyncIterator[nlmsg]:
    """What the kernel tells the groups that *netlink* is bound to, until it had to drop something."""
    while True:
        try:
            async for message in netlink.get():  # ends with each message of the kernel's
                yield message
        except OSError as error:
            if error.errno != ENOBUFS:
                raise
            log.warning("the kernel told more by netlink than was read in time; all is read again")
            return


async def _dump(netlink: AsyncIPRoute) -> AsyncIterator[Interface]:
    async for message in await netlink.get_links():
        yield _interface(message)


def _interface(message: ifinfmsg) -> Interface:
    mac = message.get("address") if message["ifi_type"] == ARPHRD_ETHER else None
    return Interface(
        index=message["index"],
        name=message.get("ifname"),
        mac=bytes.fromhex((mac or "").replace(":", "")),
        flags=message["flags"] & RELEVANT,
        master=message.get("master"),
        part_of=message.get(("linkinfo", "slave_kind")),
    )
