"""Makes true in the API server what `lb.ipam` decides: the status of one Service at a time."""

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from lb.api.service import (
    ALLOCATED_FROM_POOL,
    DEPRECATED_ALLOCATED_FROM_POOL,
    FENCED,
    LOAD_BALANCER,
    LoadBalancerIngress,
    Service,
    ServiceCondition,
)
from lb.cluster.client import Client
from lb.cluster.events import Recorder, reference
from lb.cluster.resource import SERVICES
from lb.cluster.service_status import patch_status
from lb.config.config import Config
from lb.config.ranges import Address
from lb.config.services import deprecated, is_of_class, is_ours, key, status_addresses, unknown
from lb.ipam import conflict
from lb.ipam.condition import TYPE, has_condition, present_condition, wanted_condition
from lb.ipam.decision import (
    Decision,
    Outcome,
    decide,
    import_holding,
    wanted_annotations,
    wanted_ingress,
)
from lb.ipam.request import terms_of
from lb.ipam.space import Holding, Space
from lb.ipam.waiting import Waiter, Waiting

log = logging.getLogger(__name__)
Permit = Callable[[str, str], AbstractAsyncContextManager[None]]
"""Of a Service, and of the resourceVersion that a write is bound to: the write is sent within."""


class Serving(Struct, frozen=True):
    """Whom we serve, and how. `load_balancer_class` None is the cluster's default one.

    With `shares_freely` a sharing key counts across namespaces without consent, as in MetalLB.
    """

    load_balancer_class: str | None = None
    shares_freely: bool = False


class Reconciler:
    """Keeps the address space, and brings the statuses of Services in line with it.

    *again* is called with the key of each Service that has to be reconciled because something else changed.
    Each status is written within its *permit*.
    """

    def __init__(
        self,
        client: Client,
        recorder: Recorder,
        settings: Serving,
        again: Callable[[str], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        permit: Permit = lambda name, version: nullcontext(),
    ) -> None:
        self.space = Space()
        self._client = client
        self._recorder = recorder
        self._serving = settings
        self._again = again
        self._now = now
        self._permit = permit
        self._waiting = Waiting(self.space)
        self._leaving: dict[str, set[str]] = {}
        """By Service, who holds, in the address space, what it has lost and its status may still name."""
        self._complaints: dict[str, str] = {}
        """By Service, what it asks for and cannot have, as it was last told."""
        self._doubtful: dict[str, frozenset[str]] = {}
        """By Service, the annotations that were told of as deprecated or unknown and that it still has."""
        self._sightings: conflict.Sightings = {}
        self._written_on: dict[str, str] = {}
        """By Service, the resourceVersion that its status was last written on, come of it what may."""

    def begin(self, config: Config, services: Iterable[Service]) -> None:
        """Take in what Services have already, the eldest first, before anything is allocated."""
        self.space.use(config)
        for service in sorted(
            services, key=lambda each: (each.metadata.creation_timestamp, each.metadata.uid)
        ):
            if is_ours(service, self._serving.load_balancer_class):
                import_holding(self.space, service, self._serving.shares_freely)
            elif _was_ours(service, self._serving.load_balancer_class):
                self._set_aside(Holding(status_addresses(service), terms_of(service)))

    def use(self, config: Config) -> None:
        """Take *config* from now on; *again* for Services whose pool changed under them and all that wait."""
        before = self.space.config
        self._try(name for name in self.space.use(config) if not _is_leaving(name))
        if (config.pools, config.unread) != (before.pools, before.unread):
            self._try(self._waiting)

    def hear(self, sightings: conflict.Sightings) -> None:
        """The speakers tell of these strangers; *again* for the Services that have an address concerned."""
        before, self._sightings = self._sightings, sightings
        for address in before.keys() | sightings.keys():
            if before.get(address) != sightings.get(address):
                self._try(name for name in self.space.tenants(address) if not _is_leaving(name))

    async def reconcile(self, name: str, service: Service | None) -> None:
        """Bring *service*, known as *name* and None when it is deleted, in line. Raises ApiError."""
        if service is None:
            self._forget(name)
            return
        before = self.space.holding(name)
        decision = decide(self.space, service, self._serving.load_balancer_class, self._serving.shares_freely)
        if before is not None:
            self._set_aside(before)
        self._queue(name, decision)
        self._touch(before, self.space.holding(name))
        self._complain(name, service, decision)
        if decision.outcome is not Outcome.NOT_OURS:
            self._doubt(name, service)
        await self._write(service, decision)
        self._let_go(name)

    def _forget(self, name: str) -> None:
        self._complaints.pop(name, None)
        self._doubtful.pop(name, None)
        self._written_on.pop(name, None)
        self._try(self._waiting.served(name))
        self._try(self._waiting.touched(self.space.release(name)))
        self._let_go(name)

    def _set_aside(self, before: Holding) -> None:
        """Keep what a Service has lost of *before* from others while its status may still name it."""
        name = before.terms.service
        for address in before.addresses:
            leaving = _leaving(name, address)
            terms = replace(before.terms, service=leaving)
            is_lost = address not in self.space.held_by(name) and not self.space.held_by(leaving)
            if is_lost and self.space.objection(address, terms) is None:
                self.space.hold((address,), terms)
                self._leaving.setdefault(name, set()).add(leaving)

    def _let_go(self, name: str) -> None:
        """The status of Service *name* is written: what it named before is free for others."""
        for leaving in self._leaving.pop(name, ()):
            self._try(self._waiting.touched(self.space.release(leaving, remember=False)))

    def _queue(self, name: str, decision: Decision) -> None:
        """Let Service *name* wait for what it did not get."""
        if decision.complaint or decision.request is not None:
            waiter = Waiter(decision.request, decision.addresses, is_refused=bool(decision.complaint))
            self._try(self._waiting.wait(name, waiter))
        else:
            self._try(self._waiting.served(name))

    def _touch(self, before: Holding | None, after: Holding | None) -> None:
        """Let others try who could join a Service that held *before*, or take what it left."""
        if before != after:
            held = (each.addresses for each in (before, after) if each is not None)
            self._try(self._waiting.touched(chain.from_iterable(held)))

    def _try(self, names: Iterable[str]) -> None:
        for name in names:
            self._again(name)

    async def _write(self, service: Service, decision: Decision) -> None:
        serves, present = decision.outcome is not Outcome.NOT_OURS, service.status.load_balancer.ingress
        is_let_go = key(service) in self._leaving and not present  # to those of another class, unseen
        if not (serves or is_let_go or _was_ours(service, self._serving.load_balancer_class)):
            return
        wanted, annotations = wanted_ingress(decision), {**wanted_annotations(decision), FENCED: None}
        noted = {name: service.metadata.annotations.get(name) for name in annotations}
        now = f"{self._now():%Y-%m-%dT%H:%M:%SZ}"
        condition = wanted_condition(service, decision, now) if serves else None
        disputed = (
            conflict.wanted_condition(service, decision.addresses, self._sightings, now) if serves else None
        )
        has = (present_condition(service), present_condition(service, conflict.TYPE))
        same = (present, noted, *has) == (wanted, annotations, condition, disputed)
        version = service.metadata.resource_version
        if self._is_overtaken(service):
            annotations[FENCED] = version  # so that it becomes another version, and no late write is applied
        elif same:
            return
        self._written_on[key(service)] = version
        async with self._permit(key(service), version):
            conditions = [*_changed(service, TYPE, condition), *_changed(service, conflict.TYPE, disputed)]
            written = await patch_status(self._client, service, wanted, annotations, *conditions)
        if written.metadata.resource_version == version:  # nothing differed, so we are not overtaken
            del self._written_on[key(service)]
        if present != wanted and serves:
            self._tell(service, present, decision)

    def _is_overtaken(self, service: Service) -> bool:
        """Whether we wrote on this very version of *service*, so that its status may have changed since.

        Then it is written even if nothing seems to differ: the API server compares the versions, and tells;
        and whatever was sent on that version without an answer cannot be applied afterwards.
        """
        return self._written_on.get(key(service)) == service.metadata.resource_version

    def _tell(self, service: Service, present: tuple[LoadBalancerIngress, ...], decision: Decision) -> None:
        about = reference(SERVICES, service)
        before = ", ".join(each.ip or each.hostname for each in present)
        if not decision.addresses:
            message = f"{before} is taken back: {decision.complaint}"
            self._recorder.warning(about, "ClearAssignment", message)
        else:
            instead = f" in place of {before}" if before else ""
            listed = ", ".join(f'"{each}"' for each in decision.addresses)
            message = f"Assigned IP [{listed}] from pool {decision.pool}{instead}"
            self._recorder.normal(about, "IPAllocated", message)
        log.info("Service %s: %s", key(service), message)

    def _complain(self, name: str, service: Service, decision: Decision) -> None:
        """Tell what is new in what *service* cannot have."""
        told = self._complaints.pop(name, "")
        if not decision.complaint:
            return
        self._complaints[name] = decision.complaint
        if decision.complaint != told:
            message = f'Failed to allocate IP for "{name}": {decision.complaint}'
            self._recorder.warning(reference(SERVICES, service), "AllocationFailed", message)
            log.warning("Service %s: %s", name, decision.complaint)

    def _doubt(self, name: str, service: Service) -> None:
        """Tell of each annotation of *service* that is deprecated or unknown, once."""
        annotations, told = service.metadata.annotations, self._doubtful.pop(name, frozenset())
        doubts = [("deprecated", *each) for each in deprecated(annotations).items()]
        doubts += [("unknown", *each) for each in unknown(annotations).items()]
        if doubts:
            self._doubtful[name] = frozenset(each for _, each, _ in doubts)
        for word, each, remedy in doubts:
            if each not in told:
                message = f"Service uses {word} annotation {each}: {remedy}"
                self._recorder.warning(reference(SERVICES, service), f"{word}Annotation", message)


def _changed(service: Service, kind: str, condition: ServiceCondition | None) -> list[ServiceCondition | str]:
    """What a patch says of the condition *kind*, which is to be *condition*."""
    return [condition] if condition is not None else [kind] if has_condition(service, kind) else []


def _leaving(name: str, address: Address) -> str:
    return f"{name} (until {address} is out of its status)"


def _is_leaving(holder: str) -> bool:
    return " " in holder


def _was_ours(service: Service, load_balancer_class: str | None) -> bool:
    """Whether we served *service* before its type changed, or its deletion began.

    One that is being deleted may go on showing its address to kube-proxy for as long as a finalizer waits.
    """
    retyped = service.spec.type != LOAD_BALANCER
    ended = service.metadata.deletion_timestamp is not None
    let_go = retyped or (ended and is_of_class(service, load_balancer_class))
    notes = (ALLOCATED_FROM_POOL, DEPRECATED_ALLOCATED_FROM_POOL, FENCED)
    noted = any(note in service.metadata.annotations for note in notes)
    return let_go and (noted or has_condition(service))
