"""Keeps our own ConfigurationState in the API server as it is to be, whatever becomes of it there.

To tell never blocks and never fails: while the API server does not take it, the attempts become rarer, and
nobody else waits for them. What it says is the caller's to decide.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NoReturn

from msgspec import to_builtins

from lb.api.configuration_state import (
    COMPONENT_TYPE,
    NODE_NAME,
    ConfigurationState,
    ConfigurationStateStatus,
    Reader,
)
from lb.api.meta import OwnerReference
from lb.cluster.backoff import Backoff
from lb.cluster.client import Client
from lb.cluster.errors import ApiError
from lb.cluster.reflector import Reflector
from lb.cluster.resource import CONFIGURATION_STATES, Selection, named

log = logging.getLogger(__name__)

Judge = Callable[[ConfigurationStateStatus, str], ConfigurationStateStatus]
"""From the status before and the present time, RFC 3339, to the status that is to be."""
PAUSE = 1.0
"""Seconds from one write to the next, in which the watch tells of the first: somebody may fight over it."""
LONGEST_LABEL = 63
"""Characters of a label's value; a node may have a longer name, and then goes without the label."""


def own_pod(name: str, uid: str) -> OwnerReference | None:
    """The pod that we run in, to own what is to go with it; None where it is not known."""
    return OwnerReference("v1", "Pod", name, uid) if name and uid else None


class StateWriter:
    """Writes what *reader*, on *node* where it has one, tells of its configuration. Run it as a task.

    Nothing is written until something is told.
    """

    def __init__(
        self, client: Client, reader: Reader, namespace: str, owner: OwnerReference | None, node: str = ""
    ) -> None:
        self._client = client
        self._reader = reader
        self._namespace = namespace
        self._name = f"{reader.component_type}-{node}" if node else reader.component_type
        self._owners = (owner,) if owner else ()
        self._labels = {COMPONENT_TYPE: reader.component_type}
        if 0 < len(node) <= LONGEST_LABEL:
            self._labels[NODE_NAME] = node
        self._annotations: dict[str, str] = {}
        self._told: tuple[Judge, str] | None = None
        self._status: ConfigurationStateStatus | None = None
        """What the status is to be; None while it is not known what it was before."""
        self._stirred = asyncio.Event()
        self._trouble = ""
        own = Selection(namespace, named(self._name))
        self._own = Reflector(client, CONFIGURATION_STATES, self._changed, own)

    def tell(self, judge: Judge) -> None:
        """From now on the status is what *judge* makes of the one before."""
        self._told = judge, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        if self._status is not None:
            self._judge(self._status)

    def annotate(self, annotations: Mapping[str, str]) -> None:
        """These of our annotations have these values from now on."""
        self._annotations.update(annotations)
        self._stirred.set()

    async def run(self) -> NoReturn:
        """Write until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._own.run())
            await self._own.synced.wait()
            present = self._present
            self._judge(present.status if present else ConfigurationStateStatus())
            while True:
                await self._settle()
                await self._stirred.wait()
                self._stirred.clear()
        raise AssertionError("unreachable")

    @property
    def _present(self) -> ConfigurationState | None:
        return self._own.store.get(f"{self._namespace}/{self._name}")

    def _changed(self, key: str, old: ConfigurationState | None, new: ConfigurationState | None) -> None:
        self._stirred.set()

    def _judge(self, before: ConfigurationStateStatus) -> None:
        self._status = before
        if self._told is not None:
            judge, at = self._told
            self._status = judge(before, at)
            self._stirred.set()

    async def _settle(self) -> None:
        """Returns once the object is as it is to be, as far as the watch tells."""
        backoff = Backoff(PAUSE)
        last = None
        while self._told is not None and not (self._is_ours() and self._says_so()):
            if self._status != last:  # not the same once more, which may be a fight
                backoff.reset()
            last = self._status
            try:
                await self._write()
                self._trouble = ""
            except ApiError as error:
                self._complain(str(error))
            await asyncio.sleep(backoff.wait())

    def _is_ours(self) -> bool:
        """Whether the object is there with all that is to stand in its metadata."""
        present = self._present
        return (
            present is not None
            and present.metadata.labels.items() >= self._labels.items()
            and present.metadata.annotations.items() >= self._annotations.items()
            and set(present.metadata.owner_references) >= set(self._owners)
        )

    def _says_so(self) -> bool:
        """Whether its status is what it is to be; conditions of others do not matter."""
        said = self._present.status if self._present else ConfigurationStateStatus()
        wanted = self._status or said
        return (said.result, said.error_summary) == (wanted.result, wanted.error_summary) and set(
            said.conditions
        ) >= set(wanted.conditions)

    async def _write(self) -> None:
        if not self._is_ours():
            about = {
                "labels": self._labels,
                "annotations": self._annotations,
                "ownerReferences": self._owners,
            }
            await self._apply(about, {})
        if self._status is not None and not self._says_so():
            # An error that somebody else has written stays unless none is written, too.
            none = {"errorSummary": self._status.error_summary}
            await self._apply({}, {"status": to_builtins(self._status) | none}, "status")

    async def _apply(
        self, metadata: Mapping[str, object], rest: Mapping[str, object], subresource: str = ""
    ) -> None:
        identity = {"apiVersion": CONFIGURATION_STATES.api_version, "kind": CONFIGURATION_STATES.kind}
        body = {**identity, "metadata": {"name": self._name, **metadata}, **rest}
        await self._client.apply(
            CONFIGURATION_STATES,
            self._name,
            body,
            manager=self._reader.field_manager,
            namespace=self._namespace,
            subresource=subresource,
        )

    def _complain(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("what we think of the configuration is not told: %s", trouble)
        self._trouble = trouble
