"""Events that `kubectl describe` shows: what happened to an object, told by us.

To tell never blocks and never fails: what the API server does not take in time is logged and dropped. What
is worth an event is the caller's to say. Source: core/v1 Event.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import NoReturn

from lb.cluster.backoff import Backoff
from lb.cluster.client import Client
from lb.cluster.errors import ApiError, Conflict, GiveUp, Retry
from lb.cluster.outbox import ObjectReference, Outbox, Tally, Told, fitting
from lb.cluster.resource import EVENTS, KubernetesObject, Resource

log = logging.getLogger(__name__)

WAITING = 10_000
REMEMBERED = 4_096
ATTEMPTS = 8
"""About half a minute without the API server."""
LONGEST_RETRY_AFTER = 60.0
CLUSTER_SCOPED_NAMESPACE = "default"
"""Where events about objects without a namespace live."""


def reference(resource: Resource[KubernetesObject], subject: KubernetesObject) -> ObjectReference:
    """Names *subject*, which is of the kind *resource*."""
    metadata = subject.metadata
    return ObjectReference(
        resource.api_version, resource.kind, metadata.name, metadata.namespace, metadata.uid
    )


async def _at_once() -> None:
    pass


class Recorder:
    """Tells events as *component* (such as `anvil-lb-controller`) on *instance* (a node or pod).

    *turn* is awaited before each is sent: it may let go first what is more urgent.
    """

    def __init__(
        self,
        client: Client,
        component: str,
        instance: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        turn: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        self._client = client
        self._turn = turn
        self._component = component
        self._instance = instance
        self._now = now
        self._outbox = Outbox(WAITING, REMEMBERED, _new_name)
        self._some = asyncio.Event()
        self._trouble = ""

    def normal(self, about: ObjectReference, reason: str, message: str) -> None:
        """Something went as it should. *reason*: one word in CamelCase."""
        self._tell(about, "Normal", reason, message)

    def warning(self, about: ObjectReference, reason: str, message: str) -> None:
        """Something that a person may have to act on. *reason*: one word in CamelCase."""
        self._tell(about, "Warning", reason, message)

    async def run(self) -> NoReturn:
        """Send, one after the other, until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            while waiting := self._outbox.take():
                await self._turn()
                await self._send(*waiting)

    def _tell(self, about: ObjectReference, kind: str, reason: str, message: str) -> None:
        told = Told(about, kind, reason, fitting(message))
        if self._outbox.put(told, f"{self._now():%Y-%m-%dT%H:%M:%SZ}"):
            self._some.set()
        else:
            self._dropped(told, f"{WAITING} events wait already")

    async def _send(self, told: Told, tally: Tally) -> None:
        backoff = Backoff()
        trouble: ApiError | None = None
        for _ in range(ATTEMPTS):
            try:
                return await self._written(told, tally)
            except Retry as later:
                trouble = later
                await asyncio.sleep(max(backoff.wait(), min(later.after, LONGEST_RETRY_AFTER)))
            except ApiError as refused:
                trouble = refused
                break
        self._outbox.drop(told)
        return self._dropped(told, str(trouble))

    async def _written(self, told: Told, tally: Tally) -> None:
        if not (self._outbox.exists(told) and await self._counted(told, tally)):
            await self._created(told, tally)
        self._outbox.sent(told, tally)
        self._trouble = ""

    async def _counted(self, told: Told, tally: Tally) -> bool:
        change = {"count": tally.times, "lastTimestamp": tally.last}
        try:
            await self._client.patch(EVENTS, tally.name, change, namespace=_namespace(told))
        except GiveUp as refused:
            if refused.code != 404:
                raise
            self._outbox.forget(told)
            return False
        return True

    async def _created(self, told: Told, tally: Tally) -> None:
        try:
            await self._client.create(EVENTS, self._event(told, tally), _namespace(told))
        except Conflict:
            log.debug("event %s is there already: the answer to an earlier attempt was lost", tally.name)

    def _event(self, told: Told, tally: Tally) -> dict[str, object]:
        return {
            "metadata": {"name": tally.name, "namespace": _namespace(told)},
            "involvedObject": told.about,
            "type": told.type,
            "reason": told.reason,
            "message": told.message,
            "source": {"component": self._component, "host": self._instance},
            "reportingComponent": self._component,
            "reportingInstance": self._instance,
            "firstTimestamp": tally.first,
            "lastTimestamp": tally.last,
            "count": tally.times,
        }

    def _dropped(self, told: Told, why: str) -> None:
        if why != self._trouble:
            about = f"{told.about.kind} {told.about.namespace}/{told.about.name}"
            log.warning("event %s on %s dropped (more may be): %s", told.reason, about, why)
        self._trouble = why


def _new_name(told: Told) -> str:
    return f"{told.about.name[:230].rstrip('-.')}.{secrets.token_hex(8)}"


def _namespace(told: Told) -> str:
    return told.about.namespace or CLUSTER_SCOPED_NAMESPACE
