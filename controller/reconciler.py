"""Makes true in the API server what `lb.ipam` decides: the status of one Service at a time."""

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from msgspec import Struct

from lb.api.service import (
    ALLOCATED_FROM_POOL,
    DEPRECATED_ALLOCATED_FROM_POOL,
    LOAD_BALANCER,
    LoadBalancerIngress,
    Service,
)
from lb.cluster.client import Client
from lb.cluster.events import Recorder, reference
from lb.cluster.resource import SERVICES
from lb.cluster.service_status import patch_status
from lb.config.config import Config
from lb.config.services import deprecated, is_of_class, is_ours, key
from lb.ipam.condition import TYPE, present_condition, wanted_condition
from lb.ipam.decision import (
    Decision,
    Outcome,
    decide,
    import_holding,
    wanted_annotations,
    wanted_ingress,
)
from lb.ipam.space import Addresses, Holding, Space
from lb.ipam.terms import Terms
from lb.ipam.waiting import Waiter, Waiting, waiter

log = logging.getLogger(__name__)
LEAVING = " (until its status is written)"


class Serving(Struct, frozen=True):
    """Whom we serve, and how. `load_balancer_class` None is the cluster's default one.

    With `shares_freely` a sharing key counts across namespaces without consent, as in MetalLB.
    """

    load_balancer_class: str | None = None
    shares_freely: bool = False


class Reconciler:
    """Keeps the address space, and brings the statuses of Services in line with it.

    *again* is called with the key of each Service that has to be reconciled because something else changed.
    """

    def __init__(
        self,
        client: Client,
        recorder: Recorder,
        settings: Serving,
        again: Callable[[str], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.space = Space()
        self._client = client
        self._recorder = recorder
        self._serving = settings
        self._again = again
        self._now = now
        self._waiting = Waiting()
        self._complaints: dict[str, str] = {}
        """By Service, what it asks for and cannot have, as it was last told."""
        self._deprecated: dict[str, frozenset[str]] = {}
        """By Service, the deprecated annotations that were told of and that it still has."""
        self._written_on: dict[str, str] = {}
        """By Service, the resourceVersion that its status was last written on, come of it what may."""

    def begin(self, config: Config, services: Iterable[Service]) -> None:
        """Take in what Services have already, the eldest first, before anything is allocated."""
        self.space.use(config)
        ours = (each for each in services if is_ours(each, self._serving.load_balancer_class))
        for service in sorted(ours, key=lambda each: (each.metadata.creation_timestamp, each.metadata.uid)):
            import_holding(self.space, service, self._serving.shares_freely)

    def use(self, config: Config) -> None:
        """Take *config* from now on; *again* for Services whose pool changed under them and all that wait."""
        before = self.space.config
        for name in self.space.use(config):
            if not name.endswith(LEAVING):
                self._again(name)
        if (config.pools, config.unread) != (before.pools, before.unread):
            for name in self._waiting:
                self._again(name)

    async def reconcile(self, name: str, service: Service | None) -> None:
        """Bring *service*, known as *name* and None when it is deleted, in line. Raises ApiError."""
        if service is None:
            self._forget(name)
            return
        holding = self.space.holding(name)
        decision = decide(self.space, service, self._serving.load_balancer_class, self._serving.shares_freely)
        if holding is not None:
            self._set_aside(holding)
        self._queue(name, decision)
        self._complain(name, service, decision)
        if decision.outcome is not Outcome.NOT_OURS:
            self._deprecate(name, service)
        await self._write(service, decision)
        self._wake(self.space.release(_leaving(name), remember=False))

    def _forget(self, name: str) -> None:
        self._complaints.pop(name, None)
        self._deprecated.pop(name, None)
        self._written_on.pop(name, None)
        self._waiting.served(name)
        self._wake((*self.space.release(name), *self.space.release(_leaving(name), remember=False)))

    def _set_aside(self, before: Holding) -> None:
        """Keep what a Service has lost of *before* from others while its status still names it."""
        leaving = _leaving(before.terms.service)
        kept = self.space.held_by(leaving)
        lost = tuple(each for each in before.addresses if each not in kept and not self.space.tenants(each))
        if lost:
            self.space.hold((*kept, *lost), Terms(leaving))

    def _queue(self, name: str, decision: Decision) -> None:
        """Let Service *name* wait for what it did not get, and others try in its place."""
        if decision.complaint or decision.request is not None:
            request = decision.request
            waits = Waiter() if request is None else waiter(request, decision.addresses, self.space.config)
            self._waiting.wait(name, waits)
            self._try(self._waiting.in_vain(name))
        else:
            self._waiting.served(name)
        holding = self.space.holding(name)
        if decision.outcome is Outcome.ASSIGNED and holding is not None and holding.terms.key:
            self._try(each for each in self._waiting.shared(holding.terms.key) if each != name)

    def _wake(self, freed: Addresses) -> None:
        """Let somebody try who waits for what is *freed*."""
        free = (each for each in freed if not self.space.tenants(each))
        pools = ((each, self.space.config.pool_of(each)) for each in free)
        self._try(self._waiting.freed((each, pool.name if pool else None) for each, pool in pools))

    def _try(self, names: Iterable[str]) -> None:
        for name in names:
            self._again(name)

    async def _write(self, service: Service, decision: Decision) -> None:
        serves = decision.outcome is not Outcome.NOT_OURS
        if not serves and not _was_ours(service, self._serving.load_balancer_class):
            return
        present = service.status.load_balancer.ingress
        wanted, annotations = wanted_ingress(decision), wanted_annotations(decision)
        noted = {name: service.metadata.annotations.get(name) for name in annotations}
        now = f"{self._now():%Y-%m-%dT%H:%M:%SZ}"
        condition = wanted_condition(service, decision, now) if serves else None
        same = (present, noted, present_condition(service)) == (wanted, annotations, condition)
        if same and not self._is_overtaken(service):
            return
        version = service.metadata.resource_version
        self._written_on[key(service)] = version
        written = await patch_status(self._client, service, wanted, annotations, condition or TYPE)
        if written.metadata.resource_version == version:  # nothing differed, so we are not overtaken
            del self._written_on[key(service)]
        if present != wanted and serves:
            self._tell(service, present, decision)

    def _is_overtaken(self, service: Service) -> bool:
        """Whether we wrote on this very version of *service*, so that its status may have changed since.

        Then it is written even if nothing seems to differ: the API server compares the versions, and tells.
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

    def _deprecate(self, name: str, service: Service) -> None:
        """Tell of each deprecated annotation of *service*, once."""
        found = deprecated(service.metadata.annotations)
        told = self._deprecated.pop(name, frozenset())
        if found:
            self._deprecated[name] = frozenset(found)
        for each, remedy in found.items():
            if each not in told:
                message = f"Service uses deprecated annotation {each}: {remedy}"
                self._recorder.warning(reference(SERVICES, service), "deprecatedAnnotation", message)


def _leaving(name: str) -> str:
    """Who holds, in the address space, what Service *name* has lost and its status still names."""
    return f"{name}{LEAVING}"


def _was_ours(service: Service, load_balancer_class: str | None) -> bool:
    """Whether we gave *service* an address before its type changed, or its deletion began.

    One that is being deleted may go on showing its address to kube-proxy for as long as a finalizer waits.
    """
    retyped = service.spec.type != LOAD_BALANCER
    ended = service.metadata.deletion_timestamp is not None
    let_go = retyped or (ended and is_of_class(service, load_balancer_class))
    notes = (ALLOCATED_FROM_POOL, DEPRECATED_ALLOCATED_FROM_POOL)
    return let_go and any(note in service.metadata.annotations for note in notes)
