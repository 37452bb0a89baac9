"""Carries out what `controller.admission.rotation` finds due for the webhooks' keys.

It watches one Secret, one ValidatingWebhookConfiguration and one CustomResourceDefinition, each by its name.
It decides nothing, and whatever fails is tried again, so that nothing waits for it.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn

from controller.admission.bundles import Holder, bundles, patch
from controller.admission.certificates import (
    Keys,
    Pair,
    make_authority,
    make_server,
    service_names,
)
from controller.admission.rotation import Bundle, Make, Plan, Seen, plan
from lb.api.custom_resource import GROUP
from lb.api.secret import Secret
from lb.api.webhook import ServiceReference
from lb.cluster.backoff import Backoff
from lb.cluster.client import Client
from lb.cluster.completeness import complete
from lb.cluster.errors import ApiError, Conflict
from lb.cluster.reflector import Reflector
from lb.cluster.resource import (
    CUSTOM_RESOURCE_DEFINITIONS,
    SECRETS,
    VALIDATING_WEBHOOK_CONFIGURATIONS,
    Selection,
    named,
)

log = logging.getLogger(__name__)

CONFIGURATION = "metallb-webhook-configuration"
"""Name of the ValidatingWebhookConfiguration."""
DEFINITION = f"bgppeers.{GROUP}"
"""Name of the CustomResourceDefinition whose objects are converted."""

UNSEEN = 10.0
"""Seconds until something is written again that was written and has not been seen since."""
APART = 10.0
"""Seconds at least between two makings of keys, should two replicas' clocks never agree on their age."""

Serve = Callable[[Pair], None]
"""May raise ssl.SSLError."""


class Rotator:
    """Keeps the keys of the webhooks behind *service* in the Secret *secret*, and *serve*s with them.

    *serve* is called with each new pair when it is time to use it.
    """

    def __init__(self, client: Client, service: ServiceReference, secret: str, serve: Serve) -> None:
        self._client = client
        self._service = service
        self._serve = serve
        self._names = service_names(service.name, service.namespace)
        self._changed = asyncio.Event()
        self._secret_name = secret
        self._secret_path = f"{service.namespace}/{secret}"
        self._secrets = self._following(SECRETS, Selection(service.namespace, named(secret)))
        self._holders = {
            CONFIGURATION: self._following(
                VALIDATING_WEBHOOK_CONFIGURATIONS, Selection(field_selector=named(CONFIGURATION))
            ),
            DEFINITION: self._following(
                CUSTOM_RESOURCE_DEFINITIONS, Selection(field_selector=named(DEFINITION))
            ),
        }
        self._served: Keys | None = None
        self._refused: Keys | None = None
        self._seen = Seen(None)
        self._seen_since = time.monotonic()
        self._next_make = 0.0
        self._failures = Backoff()
        self._told = ""

    async def run(self) -> NoReturn:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for reflector in (self._secrets, *self._holders.values()):
                tasks.create_task(reflector.run())
            await complete([self._secrets])
            while True:
                await self._turn()
        raise AssertionError

    def _following(self, resource: Any, selection: Selection) -> Reflector[Any]:
        return Reflector(self._client, resource, lambda key, old, new: self._changed.set(), selection)

    async def _turn(self) -> None:
        self._changed.clear()
        seen = self._look()
        due = plan(seen, time.monotonic() - self._seen_since, self._names[0], datetime.now(UTC))
        troubles = [trouble async for trouble in self._carry_out(due)]
        if troubles:
            self._complain("; ".join(troubles))
            await asyncio.sleep(self._failures.wait())
        elif not due.serve:
            self._failures.reset()
            self._told = ""
            await self._wait(min(due.again, UNSEEN) if due.trust or due.make else due.again)

    def _look(self) -> Seen:
        secret = self._secret
        found = Seen(
            secret=Keys.of(secret.data) if secret else None,
            bundles=tuple(
                each for holder in self._present.values() for each in bundles(holder, self._service)
            ),
            served=self._served,
            complete=all(each.synced.is_set() for each in self._holders.values()),
            refused=self._refused,
        )
        if found != self._seen:
            self._seen, self._seen_since = found, time.monotonic()
        return found

    @property
    def _secret(self) -> Secret | None:
        return next(iter(self._secrets.store.values()), None)

    @property
    def _present(self) -> dict[str, Holder]:
        """The objects with bundles, as far as they are there, by name."""
        return {
            name: reflector.store[name]
            for name, reflector in self._holders.items()
            if name in reflector.store
        }

    async def _carry_out(self, due: Plan) -> AsyncIterator[str]:
        """Do each part of *due*, whatever becomes of the others; yields what went wrong."""
        if due.serve:
            try:
                self._serve(due.serve.server)
                self._served = due.serve
                log.info("webhooks are served with the keys in Secret %s", self._secret_path)
            except ssl.SSLError as refused:
                self._refused = due.serve  # new ones are due then
                yield f"the keys cannot be served with: {refused}. They are made anew"
        writes = [self._trust(name, due.trust) for name in dict.fromkeys(each.owner for each in due.trust)]
        if due.make and time.monotonic() >= self._next_make:
            writes.insert(0, self._make(due.make))
        for write in writes:
            try:
                await write
            except Conflict:
                pass  # another was first; what it wrote is on its way to the store
            except ApiError as error:
                yield str(error)

    async def _make(self, make: Make) -> None:
        now = datetime.now(UTC)
        authority = make.under or make_authority(now)
        data = Keys(authority, make_server(authority, self._names, now)).data
        secret, namespace = self._secret, self._service.namespace
        if secret is None:
            metadata = {"name": self._secret_name}
            await self._client.create(
                SECRETS, {"metadata": metadata, "type": "Opaque", "data": data}, namespace
            )
        else:
            body = {"metadata": {"resourceVersion": secret.metadata.resource_version}, "data": data}
            await self._client.patch(SECRETS, self._secret_name, body, namespace=namespace)
        self._next_make = time.monotonic() + APART
        log.info("Secret %s: new keys for the webhooks are made, because %s", self._secret_path, make.why)

    async def _trust(self, name: str, wanted: Iterable[Bundle]) -> None:
        reflector, holder = self._holders[name], self._present[name]
        ours = [each for each in wanted if each.owner == name]
        await self._client.patch(reflector.resource, name, patch(holder, ours))
        log.info("%s %s: caBundle of %d webhooks written", reflector.resource.kind, name, len(ours))

    def _complain(self, troubles: str) -> None:
        if troubles != self._told:
            log.error("the keys of the webhooks, Secret %s: %s", self._secret_path, troubles)
        self._told = troubles

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
