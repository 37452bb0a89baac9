"""Tells users which Services this node announces: a ServiceL2Status for each, whatever becomes of it there.

One object tells of one Service, for its name is made of the Service's: who announces next takes it away from
who did before. It goes with our pod, so nothing is left of a node that died.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import NoReturn

from msgspec import to_builtins

from lb.api.custom_resource import GROUP
from lb.api.meta import OwnerReference
from lb.api.service_l2_status import (
    KIND,
    NODE,
    PLURAL,
    SERVICE_NAME,
    SERVICE_NAMESPACE,
    VERSION,
    InterfaceInfo,
    ServiceL2Status,
    ServiceL2StatusStatus,
)
from lb.cluster.client import Client
from lb.cluster.errors import ApiError, Conflict, GiveUp
from lb.cluster.reflector import Reflector
from lb.cluster.resource import Resource, Selection
from lb.cluster.work_queue import WorkQueue

log = logging.getLogger(__name__)
SERVICE_L2_STATUSES = Resource(GROUP, VERSION, PLURAL, KIND, ServiceL2Status)
WRITERS = 4
LONGEST_LABEL = 63
"""Characters of a label's value."""


class L2Statuses:
    """Those of *node*, which its pod *owner* owns, in *namespace*. Run it as a task.

    To note and to strike never blocks and never fails; what the API server does not take is tried again.
    *turn* is awaited before each is written: it may let go first what is more urgent.
    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        node: str,
        owner: OwnerReference | None,
        turn: Callable[[], Awaitable[None]],
    ) -> None:
        self._client = client
        self._turn = turn
        self._namespace = namespace
        self._node = node
        self._label = label_of(node)
        self._owners = (owner,) if owner else ()
        self._wanted: dict[str, ServiceL2StatusStatus] = {}
        self._queue: WorkQueue[str] = WorkQueue(first=0.5)
        self._trouble = ""
        ours = Selection(namespace, label_selector=f"{NODE}={self._label}")
        self._present = Reflector(client, SERVICE_L2_STATUSES, self._changed, ours)

    def note(self, service: str, interfaces: frozenset[str] | None) -> None:
        """*service*, by key, is announced from here on *interfaces*; None: all."""
        namespace, name = service.split("/")
        on = tuple(InterfaceInfo(each) for each in sorted(interfaces or ()))
        self._wanted[name_of(service)] = ServiceL2StatusStatus(self._node, name, namespace, on)
        self._queue.add(name_of(service))

    def strike(self, service: str) -> None:
        """*service* is not announced from here any more."""
        self._wanted.pop(name_of(service), None)
        self._queue.add(name_of(service))

    async def run(self) -> NoReturn:
        """Write until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._present.run())
            await self._present.synced.wait()
            await self._queue.serve(self._attempt, WRITERS)
        raise AssertionError("unreachable")

    def _changed(self, key: str, old: ServiceL2Status | None, new: ServiceL2Status | None) -> None:
        self._queue.add(key.partition("/")[2])

    async def _attempt(self, name: str) -> None:
        await self._turn()
        try:
            await self._settle(name)
            self._trouble = ""
        except ApiError as error:
            if str(error) != self._trouble:
                log.warning("which node announces is not told (more may be): %s", error)
            self._trouble = str(error)
            self._queue.retry(name)

    async def _settle(self, name: str) -> None:
        present = self._present.store.get(f"{self._namespace}/{name}")
        wanted = self._wanted.get(name)
        if wanted is None:
            if present is not None:
                await self._delete(name)
        elif present is None or not _is_of(present.status, wanted):
            await self._replace(name, wanted)
        elif not self._is_ours(present, wanted):
            await self._patch(name, {"metadata": self._metadata(wanted)})
        elif present.status != wanted:
            await self._patch(name, _body(wanted), "status")

    def _is_ours(self, present: ServiceL2Status, wanted: ServiceL2StatusStatus) -> bool:
        """Whether *present* has all that is to stand in its metadata."""
        about = present.metadata
        return about.labels.items() >= self._labels(wanted).items() and set(about.owner_references) >= set(
            self._owners
        )

    async def _replace(self, name: str, wanted: ServiceL2StatusStatus) -> None:
        """Create it; one that is there, which cannot become ours, goes first."""
        identity = {"apiVersion": SERVICE_L2_STATUSES.api_version, "kind": KIND, "spec": {}}
        body = identity | {"metadata": {"name": name, **self._metadata(wanted)}}
        try:
            await self._client.create(SERVICE_L2_STATUSES, body, self._namespace)
        except Conflict:
            await self._delete(name)
            await self._client.create(SERVICE_L2_STATUSES, body, self._namespace)
        await self._patch(name, _body(wanted), "status")

    def _metadata(self, wanted: ServiceL2StatusStatus) -> dict[str, object]:
        return {"labels": self._labels(wanted), "ownerReferences": self._owners}

    def _labels(self, wanted: ServiceL2StatusStatus) -> dict[str, str]:
        return {
            NODE: self._label,
            SERVICE_NAME: wanted.service_name,
            SERVICE_NAMESPACE: wanted.service_namespace,
        }

    async def _patch(self, name: str, body: dict[str, object], subresource: str = "") -> None:
        await self._client.patch(
            SERVICE_L2_STATUSES, name, body, namespace=self._namespace, subresource=subresource
        )

    async def _delete(self, name: str) -> None:
        try:
            await self._client.delete(SERVICE_L2_STATUSES, name, self._namespace)
        except GiveUp as gone:
            if gone.code != 404:
                raise


def name_of(service: str) -> str:
    """The name of the object that tells of *service*, by key."""
    return f"l2-{sha256(service.encode()).hexdigest()[:16]}"


def label_of(node: str) -> str:
    """*node* as a label's value: a name that is too long is cut, and stays the only one."""
    if len(node) <= LONGEST_LABEL:
        return node
    return f"{node[:46]}-{sha256(node.encode()).hexdigest()[:16]}"


def _is_of(status: ServiceL2StatusStatus, wanted: ServiceL2StatusStatus) -> bool:
    """Whether *status* can become *wanted*: what it says of Service and node stands for good."""
    return all(
        said in ("", meant)
        for said, meant in (
            (status.node, wanted.node),
            (status.service_name, wanted.service_name),
            (status.service_namespace, wanted.service_namespace),
        )
    )


def _body(wanted: ServiceL2StatusStatus) -> dict[str, object]:
    # An empty list, rather than nothing, takes interfaces away that were told before.
    return {"status": {"interfaces": [], **to_builtins(wanted)}}
