"""Leads while we hold a Lease, and lets no write go before the Lease tells of it.

When the Lease may be claimed and what it is to tell is `lb.cluster.leadership`'s to decide; what a leader
does is the caller's. Why a write is told of first: docs/design/0003-controller-leadership.md.
"""

import asyncio
import logging
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NoReturn

from lb.api import lease
from lb.api.lease import TERM, Lease
from lb.cluster.backoff import Backoff
from lb.cluster.client import Client
from lb.cluster.errors import ApiError, Conflict, GiveUp, Retry
from lb.cluster.leadership import (
    Candidate,
    Standing,
    Timing,
    Writes,
    claim,
    release,
    renewal,
    written_down,
)
from lb.cluster.reflector import Reflector
from lb.cluster.resource import LEASES, Selection, named

log = logging.getLogger(__name__)

AHEAD = 24
"""While more writes than these may be sent, the Lease tells of no further ones: so many go with one telling.

These are more than are sent at the same time, so that nobody waits for it.
"""
FENCES = 16
"""Writes of earlier terms that are made void at the same time."""
RESIGN_SECONDS = 3.0

IsBound = Callable[[str, str], bool]
"""Whether the object of this key still has, as far as we have seen, this resourceVersion."""
Fence = Callable[[str, str], Awaitable[None]]
"""Makes void each write of the object of this key that is bound to this version; may raise ApiError."""


class Lost(Exception):  # noqa: N818 - it says what happened
    """We do not lead any more."""


class Term:
    """The time from one claim of the Lease to its loss, whoever's fault that is."""

    def __init__(
        self, client: Client, held: Lease, timing: Timing, is_bound: IsBound, started: float
    ) -> None:
        self._client = client
        self._held = held
        self._timing = timing
        self._is_bound = is_bound
        self._renewed = started
        """When the attempt began that renewed it last."""
        self._stirred = asyncio.Event()
        self._told = asyncio.Event()
        """Set, and replaced, when the Lease was written."""
        self._entered = 0
        """Writes that may be sent, or were and are not answered."""
        self._resigns = False
        self.writes = Writes(written_down(held))

    @asynccontextmanager
    async def write(self, key: str, version: str) -> AsyncIterator[None]:
        """Entered once a write of the object *key*, bound to *version*, may be sent. It is sent within.

        What is raised within tells whether it can still be applied: unless it is Retry, it cannot.
        """
        self.writes.open(key, version)
        while not self.writes.may(key, version):
            self._stirred.set()
            await self._told.wait()
        self._entered += 1
        try:
            yield
        except Retry:
            raise
        except ApiError:
            self.writes.close(key)
            raise
        else:
            self.writes.close(key)
        finally:
            self._entered -= 1
            if self._entered == AHEAD:
                self._stirred.set()

    def resign(self) -> None:
        """Let it end."""
        self._resigns = True
        self._stirred.set()

    async def keep(self) -> NoReturn:
        """Renew the Lease, and tell there of writes, until it is Lost, which is raised."""
        while True:
            await self._until_due()
            if self._resigns:
                raise Lost("we resign")
            began = _now()
            try:
                async with asyncio.timeout(self._timing.renew_deadline / 3):
                    await self._renew()
                self._renewed = began
            except (ApiError, TimeoutError) as error:
                await self._failed(error)
            else:
                await asyncio.sleep(0)  # the writes that it tells of enter

    async def _until_due(self) -> None:
        try:
            async with asyncio.timeout_at(self._renewed + self._timing.retry_period):
                while not (self._resigns or (self._entered <= AHEAD and self.writes.untold)):
                    self._stirred.clear()
                    await self._stirred.wait()
        except TimeoutError:
            pass

    async def _renew(self) -> None:
        telling = self.writes.telling(self._is_bound)
        body = renewal(self._held, {**self.writes.inherited, **telling}, _timestamp())
        self._held = await _patched(self._client, self._held, body)
        self.writes.told(telling)
        told, self._told = self._told, asyncio.Event()
        told.set()

    async def _failed(self, error: ApiError | TimeoutError) -> None:
        if _now() >= self._renewed + self._timing.renew_deadline:
            raise Lost(f"the Lease could not be renewed in time: {str(error) or 'no answer'}") from error
        if isinstance(error, Conflict) or (isinstance(error, GiveUp) and error.code == 404):
            await self._look()
        else:
            log.warning("the Lease is not renewed yet: %s", str(error) or "no answer in time")
            await asyncio.sleep(self._timing.retry_period / 4)

    async def _look(self) -> None:
        """Go on from the Lease as it is, if it is still ours: somebody edited it, or an answer was lost."""
        try:
            found = await _found(self._client, self._held)
        except ApiError as error:
            log.warning("the Lease cannot be read: %s", error)
            await asyncio.sleep(self._timing.retry_period / 4)
            return
        if found is None or found.metadata.annotations.get(TERM) != _term(self._held):
            holder = found.spec.holder_identity if found is not None else "nobody"
            raise Lost(f"the Lease was taken: {holder or 'nobody'} holds it now")
        self._held = found

    async def release(self) -> None:
        """Give the Lease up, with what it tells of the writes that may still be on their way."""
        while True:
            telling = {**self.writes.inherited, **self.writes.telling(self._is_bound)}
            try:
                await _patched(self._client, self._held, release(self._held, telling, _timestamp()))
                return
            except Conflict:
                await self._look()


Reign = Callable[[Term], Awaitable[None]]


class Leadership:
    """Stands for election as *identity*, and leads. Run it as a task.

    *fence* is called for each write of earlier terms that may still be on its way, before a reign begins.
    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        identity: str,
        timing: Timing,
        is_bound: IsBound,
        fence: Fence,
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._identity = identity
        self._timing = timing
        self._is_bound = is_bound
        self._fence = fence
        self._candidate = Candidate(identity, timing)
        self._stirred = asyncio.Event()
        self._term: Term | None = None
        self._resigns = False
        self._resigned = asyncio.Event()
        self._trouble = ""
        own = Selection(namespace, named(lease.CONTROLLER))
        self._lease = Reflector(client, LEASES, self._changed, own)
        self.leads = False
        """Whether we lead, and all that earlier leaders wrote is settled."""

    @property
    def holder(self) -> str:
        """Who holds the Lease, as far as we have seen; empty for nobody."""
        seen = self._lease.store.get(f"{self._namespace}/{lease.CONTROLLER}")
        return (seen.spec.holder_identity if seen is not None else None) or ""

    async def run(self, reign: Reign) -> NoReturn:
        """Call *reign* for each term, and cancel it when the term ends. What it raises ends this."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._lease.run())
            await self._lease.synced.wait()
            self._see()
            while not self._resigns:
                term = await self._elected()
                if term is not None:
                    await self._lead(term, reign)
            self._resigned.set()
        raise AssertionError("unreachable")

    async def resign(self) -> None:
        """Stop leading for good, and let somebody else begin at once. Returns after a few seconds at most."""
        self._resigns = True
        self._stirred.set()
        if self._term is not None:
            self._term.resign()
        try:
            async with asyncio.timeout(RESIGN_SECONDS):
                await self._resigned.wait()
        except TimeoutError:
            log.warning("the Lease is not given up; it runs out by itself")

    async def _lead(self, term: Term, reign: Reign) -> None:
        self._term = term
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(term.keep())
                tasks.create_task(self._reign(term, reign))
        except* Lost as lost:
            log.info("not leading any more: %s", lost.exceptions[0])
        finally:
            self.leads = False
            self._term = None
        if self._resigns:
            await self._release(term)

    async def _reign(self, term: Term, reign: Reign) -> None:
        if term.writes.inherited:
            log.info("settling %d writes of the leader before us", len(term.writes.inherited))
        limit = asyncio.Semaphore(FENCES)
        async with asyncio.TaskGroup() as tasks:
            for key, version in tuple(term.writes.inherited.items()):
                tasks.create_task(self._make_void(term, key, version, limit))
        log.info("leading as %s", self._identity)
        self.leads = True
        await reign(term)

    async def _make_void(self, term: Term, key: str, version: str, limit: asyncio.Semaphore) -> None:
        backoff = Backoff(longest=2.0)
        trouble = ""
        while True:
            try:
                async with limit:
                    await self._fence(key, version)
            except ApiError as error:
                if str(error) != trouble:
                    log.warning("%s: whether a late write may still come is not known: %s", key, error)
                trouble = str(error)
                await asyncio.sleep(backoff.wait())
            else:
                return term.writes.void(key)

    async def _release(self, term: Term) -> None:
        try:
            await term.release()
        except (ApiError, Lost) as error:
            log.warning("the Lease is not given up: %s", error)

    def _changed(self, key: str, old: Lease | None, new: Lease | None) -> None:
        if self._lease.synced.is_set():
            self._see()
            self._stirred.set()

    def _see(self) -> None:
        self._candidate.see(self._lease.store.get(f"{self._namespace}/{lease.CONTROLLER}"), _now())

    async def _elected(self) -> Term | None:
        """The term that we have won; None if we have to look again."""
        standing = self._candidate.standing(_now())
        if standing is Standing.HELD:
            await self._change(self._candidate.expires_at)
            return None
        started = _now()
        try:
            async with asyncio.timeout(self._timing.renew_deadline / 2):
                claimed = await self._claimed()
        except (ApiError, TimeoutError) as error:
            await self._defeated(error)
            return None
        self._candidate.lead()
        self._candidate.see(claimed, _now())
        self._trouble = ""
        log.info("the Lease is ours: %s", standing)
        return Term(self._client, claimed, self._timing, self._is_bound, started)

    async def _claimed(self) -> Lease:
        seen = self._candidate.lease
        term = secrets.token_hex(8)
        self._candidate.attempt(term)
        body = claim(seen, self._identity, term, self._timing, _timestamp())
        if seen is not None:
            return await _patched(self._client, seen, body)
        identity = {"apiVersion": LEASES.api_version, "kind": LEASES.kind}
        metadata = {"name": lease.CONTROLLER, **body["metadata"]}
        return await self._client.create(LEASES, {**identity, **body, "metadata": metadata}, self._namespace)

    async def _defeated(self, error: ApiError | TimeoutError) -> None:
        """Look at what the Lease is now, and wait a little where that is not known."""
        trouble = "" if isinstance(error, Conflict) else str(error) or "no answer in time"
        if trouble and trouble != self._trouble:
            log.warning("the Lease cannot be claimed: %s", trouble)
        self._trouble = trouble
        try:
            found = await self._client.get(LEASES, lease.CONTROLLER, self._namespace)
            self._candidate.see(found, _now())
        except ApiError as unread:
            if isinstance(unread, GiveUp) and unread.code == 404:
                self._candidate.see(None, _now())
        await self._change(_now() + self._timing.retry_period * (0.5 + random.random()))

    async def _change(self, until: float) -> None:
        try:
            async with asyncio.timeout_at(until):
                await self._stirred.wait()
        except TimeoutError:
            return
        self._stirred.clear()


async def _patched(client: Client, held: Lease, body: object) -> Lease:
    return await client.patch(LEASES, held.metadata.name, body, namespace=held.metadata.namespace)


async def _found(client: Client, held: Lease) -> Lease | None:
    try:
        return await client.get(LEASES, held.metadata.name, held.metadata.namespace)
    except GiveUp as absent:
        if absent.code != 404:
            raise
        return None


def _term(held: Lease) -> str | None:
    return held.metadata.annotations.get(TERM)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _timestamp() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
