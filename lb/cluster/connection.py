"""One HTTP session with the API server: a request becomes an answer in JSON, or one of our errors.

What a request means and how its answer is read is `lb.cluster.client`'s. Source: aiohttp's errors and
timeouts, tcp(7).
"""

import asyncio
import os
import socket
from asyncio.sslproto import SSLProtocol
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp
import msgspec

from lb.cluster import errors
from lb.cluster.credentials import Access, Credentials
from lb.cluster.errors import Call

CONNECTIONS = 1000
"""At a time; further requests wait within their time. Watches are many: one a Secret of a BGP peer, too."""
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
"""For a whole request and its answer, watches aside."""
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
"""YAML holds JSON."""

SSLProtocol.max_size = 64 * 1024
"""Bytes that asyncio holds for each TLS connection; without this 256 KiB, and each watch is a connection."""

_METHODS = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "patch": "PATCH",
    "delete": "DELETE",
}


class Connection:
    """Made within a running loop; `close` it."""

    def __init__(self, credentials: Credentials, user_agent: str) -> None:
        self._credentials = credentials
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, socket_factory=_watchful_socket),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": user_agent, "Accept": JSON},
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS),
        )

    async def close(self) -> None:
        """End every request and connection."""
        await self._session.close()

    async def ask(
        self,
        call: Call,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content: str = JSON,
        limits: aiohttp.ClientTimeout | None = None,
    ) -> aiohttp.ClientResponse:
        """An answer which is a success and JSON, its body still to be read. *content*: the type of *body*."""
        access = await self._credentials.access()
        with translated(call):
            response = await self._session.request(
                _METHODS[call.verb],
                access.server + call.path,
                params=query,
                data=None if body is None else msgspec.json.encode(body),
                headers=_headers(access, content),
                timeout=limits or self._session.timeout,
                ssl=access.ssl,
                server_hostname=access.server_name,
                proxy=access.proxy,
                allow_redirects=False,
            )
            if response.status < 300 and response.content_type == JSON:
                return response
            async with response, asyncio.timeout(ANSWER_SECONDS):
                said = await response.read()
        if response.status == 401 and await self._credentials.rejected(access):
            raise errors.renewed(call)
        raise errors.refused(call, response.status, response.headers, said)


@contextmanager
def translated(call: Call) -> Iterator[None]:
    """What the HTTP library raises, as ours."""
    try:
        yield
    except TimeoutError as late:
        raise errors.unreachable(call, str(late) or "it took too long") from late
    except (aiohttp.ClientError, OSError, ValueError) as lost:
        raise errors.unreachable(call, _why(lost)) from lost


def _why(lost: Exception) -> str:
    match lost:
        case aiohttp.ClientConnectorCertificateError():
            return f"the certificate of {lost.host}:{lost.port} is not accepted: {lost.certificate_error}"
        case aiohttp.ClientConnectorError():
            reason = os.strerror(lost.os_error.errno) if lost.os_error.errno else str(lost.os_error)
            return f"cannot connect to {lost.host}:{lost.port}: {reason}"
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError():
            return "the connection was cut"
    return str(lost) or type(lost).__name__


def _headers(access: Access, content: str) -> dict[str, str]:
    headers = {"Content-Type": content}
    return {**headers, "Authorization": access.authorization} if access.authorization else headers


def _watchful_socket(address: Any) -> socket.socket:
    """A socket that notices within about ten seconds that its peer is gone: a watch only listens."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 10_000)
    return made
