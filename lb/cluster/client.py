"""Requests to the API server, with typed answers and no wait without an end.

It neither retries nor caches: `lb.cluster.errors` tells the caller what to do next. Source: Kubernetes API
concepts (chunked lists, watches, bookmarks).
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Self, TypeVar

import aiohttp
import msgspec
from msgspec import Raw, Struct, field

from lb.api.meta import Value
from lb.cluster import errors
from lb.cluster.connection import (
    APPLY_PATCH,
    CONNECT_SECONDS,
    JSON,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Connection,
    translated,
)
from lb.cluster.credentials import Credentials
from lb.cluster.errors import Call
from lb.cluster.lines import Lines
from lb.cluster.resource import EVERYTHING, KubernetesObject, Resource, Selection

T = TypeVar("T", bound=KubernetesObject)

PAGE = 500
"""Objects in a page of a list; kubectl's number."""
WATCH_SECONDS = 300
"""The server ends a watch after this long, so that connections spread over API servers again."""
SILENCE_SECONDS = 90.0
"""A watch that carries nothing for so long is given up: bookmarks come every minute, where any come."""


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
        self._connection: Connection

    async def __aenter__(self) -> Self:
        self._connection = Connection(self._credentials, self._user_agent)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    async def get(self, resource: Resource[T], name: str, namespace: str = "") -> T:
        """One object."""
        return await self._object(resource, Call("get", resource, namespace, name))

    async def create(self, resource: Resource[T], body: object, namespace: str = "") -> T:
        """Create *body*, which msgspec encodes. Conflict if there is one of its name."""
        return await self._object(resource, Call("create", resource, namespace), body)

    async def patch(
        self,
        resource: Resource[T],
        name: str,
        body: object,
        *,
        namespace: str = "",
        subresource: str = "",
        strategic: bool = False,
    ) -> T:
        """Patch the object or its *subresource*: a list as JSON patch (RFC 6902), else by merging (RFC 7396).

        *strategic*: lists with a merge key are merged too, which only built-in kinds know. Returns what the
        object then is. Conflict if *body* sets a `metadata.resourceVersion` which is not the
        present one.
        """
        call = Call("patch", resource, namespace, name, subresource)
        merging = STRATEGIC_PATCH if strategic else MERGE_PATCH
        content = JSON_PATCH if isinstance(body, list) else merging
        return await self._object(resource, call, body, content=content)

    async def apply(
        self,
        resource: Resource[T],
        name: str,
        body: object,
        *,
        manager: str,
        namespace: str = "",
        subresource: str = "",
    ) -> T:
        """Server-side apply (KEP-555): create the object, or make it or its *subresource* hold *body*.

        The fields in *body*, which names apiVersion, kind and name, are *manager*'s from then on, whoever had
        them. Those that it applied before and that are not in *body* go. Returns what the object then is.
        """
        call = Call("patch", resource, namespace, name, subresource)
        query = {"fieldManager": manager, "force": "true"}
        return await self._object(resource, call, body, content=APPLY_PATCH, query=query)

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
        response = await self._connection.ask(call, query=query, limits=limits)
        try:
            async with aclosing(_events(call, response)) as events:
                yield events
        finally:
            if response.connection and response.connection.transport:
                response.connection.transport.abort()  # unfinished: nobody waits for the TLS farewell
            response.close()

    async def _object(
        self,
        resource: Resource[T],
        call: Call,
        body: object = None,
        *,
        content: str = JSON,
        query: Mapping[str, str] | None = None,
    ) -> T:
        answer = await self._answer(call, body=body, content=content, query=query)
        try:
            return msgspec.json.decode(answer, type=resource.type)
        except msgspec.ValidationError as unfit:
            raise errors.GiveUp(
                f"{call}: the {resource.kind} in the answer cannot be read: {unfit}"
            ) from unfit
        except msgspec.DecodeError as cut:
            raise errors.broken(call, str(cut)) from cut

    async def _answer(
        self,
        call: Call,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content: str = JSON,
    ) -> bytes:
        async with await self._connection.ask(call, query=query, body=body, content=content) as response:
            with translated(call):
                return await response.read()


async def _events(call: Call, response: aiohttp.ClientResponse) -> AsyncGenerator[WatchEvent]:
    lines = Lines()
    while True:
        with translated(call):
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


D = TypeVar("D")


def _decoded(call: Call, decoder: msgspec.json.Decoder[D], text: bytes) -> D:
    try:
        return decoder.decode(text)
    except msgspec.DecodeError as cut:
        raise errors.broken(call, str(cut)) from cut
