"""Memberships of multicast groups of IPv6 on one interface. No capability is needed. Source: ipv6(7).

By them the kernel tells the switches (MLD, RFC 3810) and the network card that frames to a group are wanted
here, again also when the interface was down. A socket holds as many as net.core.optmem_max has room for: 365
with 20480 bytes.
"""

import asyncio
import errno
import logging
import socket
import struct
from collections.abc import Set
from itertools import islice

log = logging.getLogger(__name__)
AT_ONCE = 16
"""Memberships changed before others on the loop get their turn; with thousands held each takes 0.1 ms."""


class Groups:
    """Groups joined on the interface *name* with this *index*."""

    def __init__(self, name: str, index: int) -> None:
        self._name = name
        self._index = struct.pack("@I", index)
        self._wanted: Set[bytes] = frozenset()
        self._joined: dict[bytes, socket.socket | None] = {}
        """By which socket; None: it was refused, and would be again."""
        self._sockets: list[socket.socket] = []
        self._next: asyncio.Handle | None = None

    def want(self, groups: Set[bytes]) -> None:
        """Be a member of just *groups*, soon: what changes follows on the loop."""
        self._wanted = groups
        if self._next is None:
            self._settle()

    def _settle(self) -> None:
        joins, leaves = self._wanted - self._joined.keys(), self._joined.keys() - self._wanted
        for group in islice(joins, AT_ONCE):
            self._join(group)
        for group in islice(leaves, AT_ONCE):
            self._leave(group)
        more = max(len(joins), len(leaves)) > AT_ONCE
        self._next = asyncio.get_running_loop().call_soon(self._settle) if more else None

    def _join(self, group: bytes) -> None:
        self._joined[group] = None
        try:
            self._joined[group] = self._member(group)
        except OSError as error:
            log.warning(
                "interface %s: group %s was not joined, so neighbors may not find the addresses in it: %s",
                self._name,
                socket.inet_ntop(socket.AF_INET6, group),
                error,
            )

    def _member(self, group: bytes) -> socket.socket:
        """A socket that has joined *group*."""
        for each in reversed(self._sockets):
            try:
                self._option(each, socket.IPV6_JOIN_GROUP, group)
                return each
            except OSError as error:
                if error.errno not in (errno.ENOMEM, errno.ENOBUFS):
                    raise
        opened = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        try:
            self._option(opened, socket.IPV6_JOIN_GROUP, group)
        except OSError:
            opened.close()
            raise
        self._sockets.append(opened)
        return opened

    def _option(self, member: socket.socket, option: int, group: bytes) -> None:
        member.setsockopt(socket.IPPROTO_IPV6, option, group + self._index)

    def _leave(self, group: bytes) -> None:
        member = self._joined.pop(group)
        if member is not None:
            try:
                self._option(member, socket.IPV6_LEAVE_GROUP, group)
            except OSError as error:  # the interface went away, and its memberships with it
                log.debug("interface %s: a group was not left: %s", self._name, error)

    def close(self) -> None:
        """Leave all of them."""
        if self._next is not None:
            self._next.cancel()
        for each in self._sockets:
            each.close()
