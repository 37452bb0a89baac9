"""Requests to the API server: one HTTP session, typed answers, and no wait without an end.

It neither retries nor caches: `lb.cluster.errors` tells the caller what to do next. Source: Kubernetes API
concepts (chunked lists, watches, bookmarks).
"""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any, Self, TypeVar

import aiohttp
import msgspec
from msgspec import Raw, Struct, field

from lb.api.meta import Value
from lb.cluster import errors
from lb.cluster.credentials import Access, Credentials
from lb.cluster.errors import Call
from lb.cluster.lines import Lines
from lb.cluster.resource import EVERYTHING, KubernetesObject, Resource, Selection

T = TypeVar("T", bound=KubernetesObject)

PAGE = 500
"""Objects in a page of a list; kubectl's number."""
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
"""For a whole request and its answer, watches aside."""
WATCH_SECONDS = 300
"""The server ends a watch after this long, so that connections spread over API servers again."""
SILENCE_SECONDS = 90.0
"""A watch that carries nothing for so long is given up: bookmarks come every minute."""
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class _ListMeta(Value, frozen=True):
    resource_version: str = ""
    continue_: str = field(name="continue", default="")


class Page(Struct, frozen=True):
    """A part of a list. All pages carry the version of the whole list, from which a watch goes on."""

    metadata: _ListMeta
    items: list[Raw] | None = field(default=None)


class WatchEvent(Struct, frozen=True):
    """`type` is ADDED, MODIFIED, DELETED or BOOKMARK."""

    type: str
    object: Raw


_PAGE = msgspec.json.Decoder(Page)
_EVENT = msgspec.json.Decoder(WatchEvent)
_STATUS = msgspec.json.Decoder(errors.Status)


class Client:
    """The API server, as our credentials see it. `async with` it; all methods raise `ApiError`s."""

    def __init__(self, credentials: Credentials, user_agent: str = "anvil-lb") -> None:
        self._credentials = credentials
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, socket_factory=_watchful_socket),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent, "Accept": JSON},
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, resource: Resource[T], name: str, namespace: str = "") -> T:
        """One object."""
        return await self._object(resource, Call("get", resource, namespace, name))

    async def create(self, resource: Resource[T], body: object, namespace: str = "") -> T:
        """Create *body*, which msgspec encodes. Conflict if there is one of its name."""
        return await self._object(resource, Call("create", resource, namespace), body)

    async def patch(
        self, resource: Resource[T], name: str, body: object, *, namespace: str = "", subresource: str = ""
    ) -> T:
        """Merge-patch (RFC 7396) the object or its *subresource*. Returns what the object then is.

        Conflict if *body* holds a `metadata.resourceVersion` which is not the present one.
        """
        return await self._object(resource, Call("patch", resource, namespace, name, subresource), body)

    async def delete(self, resource: Resource[T], name: str, namespace: str = "") -> None:
        """Delete one object."""
        await self._answer(Call("delete", resource, namespace, name))

    async def list_pages(
        self, resource: Resource[T], selection: Selection = EVERYTHING, page: int = PAGE
    ) -> AsyncIterator[Page]:
        """All selected objects as of one moment. Relist when that moment is forgotten between pages."""
        call = Call("list", resource, selection.namespace)
        query = {**selection.query, "limit": str(page)}
        while True:
            answer = _decoded(call, _PAGE, await self._answer(call, query=query))
            yield answer
            if not answer.metadata.continue_:
                return
            query["continue"] = answer.metadata.continue_

    @asynccontextmanager
    async def watch(
        self, resource: Resource[T], resource_version: str, selection: Selection = EVERYTHING
    ) -> AsyncIterator[AsyncIterator[WatchEvent]]:
        """Changes after *resource_version*: entered once the server agrees, iterated until it ends the watch.

        Raises Relist when that version is forgotten, or after a silence of SILENCE_SECONDS: a server that
        was restored from a backup says nothing to a version of its future.
        """
        call = Call("watch", resource, selection.namespace)
        query = {
            **selection.query,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        limits = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)
        response = await self._ask(call, query=query, limits=limits)
        try:
            async with aclosing(_events(call, response)) as events:
                yield events
        finally:
            if response.connection and response.connection.transport:
                response.connection.transport.abort()  # unfinished: nobody waits for the TLS farewell
            response.close()

    async def _object(self, resource: Resource[T], call: Call, body: object = None) -> T:
        answer = await self._answer(call, body=body)
        try:
            return msgspec.json.decode(answer, type=resource.type)
        except msgspec.ValidationError as unfit:
            raise errors.GiveUp(
                f"{call}: the {resource.kind} in the answer cannot be read: {unfit}"
            ) from unfit
        except msgspec.DecodeError as cut:
            raise errors.broken(call, str(cut)) from cut

    async def _answer(
        self, call: Call, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> bytes:
        async with await self._ask(call, query=query, body=body) as response:
            with _translated(call):
                return await response.read()

    async def _ask(
        self,
        call: Call,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        limits: aiohttp.ClientTimeout | None = None,
    ) -> aiohttp.ClientResponse:
        """An answer which is a success and JSON, its body still to be read."""
        access = await self._credentials.access()
        with _translated(call):
            response = await self._session.request(
                _METHODS[call.verb],
                access.server + call.path,
                params=query,
                data=None if body is None else msgspec.json.encode(body),
                headers=_headers(access, call),
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


async def _events(call: Call, response: aiohttp.ClientResponse) -> AsyncGenerator[WatchEvent]:
    lines = Lines()
    while True:
        with _translated(call):
            chunk = await _heard(call, response)
            whole = lines.feed(chunk)
        if not chunk:
            return
        for line in whole:
            event = _decoded(call, _EVENT, line)
            if event.type == "ERROR":
                status = _decoded(call, _STATUS, bytes(event.object))
                raise errors.by_status(call, status.code, status)
            yield event


async def _heard(call: Call, response: aiohttp.ClientResponse) -> bytes:
    try:
        return await response.content.readany()
    except TimeoutError as silence:
        raise errors.silent(call, SILENCE_SECONDS) from silence


@contextmanager
def _translated(call: Call) -> Iterator[None]:
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


_METHODS = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "patch": "PATCH",
    "delete": "DELETE",
}

D = TypeVar("D")


def _decoded(call: Call, decoder: msgspec.json.Decoder[D], text: bytes) -> D:
    try:
        return decoder.decode(text)
    except msgspec.DecodeError as cut:
        raise errors.broken(call, str(cut)) from cut


def _headers(access: Access, call: Call) -> dict[str, str]:
    headers = {"Content-Type": MERGE_PATCH if call.verb == "patch" else JSON}
    return {**headers, "Authorization": access.authorization} if access.authorization else headers


def _watchful_socket(address: Any) -> socket.socket:
    """A socket that notices within 20 seconds that its peer is gone: a watch only listens."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 20_000)
    return made
