"""Makes true in the API server what `lb.ipam` decides: the status of one Service at a time."""

import logging
from collections.abc import Callable, Iterable

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
from lb.config.ranges import Address
from lb.config.services import deprecated, is_of_class, is_ours, key
from lb.ipam.allocation import is_stray
from lb.ipam.decision import (
    Decision,
    Outcome,
    decide,
    import_holding,
    wanted_annotations,
    wanted_ingress,
)
from lb.ipam.space import Space

log = logging.getLogger(__name__)
LEAVING = " (until its status is written)"


class Reconciler:
    """Keeps the address space, and brings the statuses of Services in line with it.

    *again* is called with the key of each Service that has to be reconciled because something else changed.
    """

    def __init__(
        self,
        client: Client,
        recorder: Recorder,
        load_balancer_class: str | None,
        again: Callable[[str], None],
    ) -> None:
        self.space = Space()
        self._client = client
        self._recorder = recorder
        self._class = load_balancer_class
        self._again = again
        self._complaints: dict[str, str] = {}
        """By Service, what it asks for and cannot have, as it was last told: the ones that wait."""
        self._deprecated: dict[str, frozenset[str]] = {}
        """By Service, the deprecated annotations that were told of and that it still has."""
        self._written_on: dict[str, str] = {}
        """By Service, the resourceVersion that its status was last written on, come of it what may."""

    def begin(self, config: Config, services: Iterable[Service]) -> None:
        """Take in what Services have already, the eldest first, before anything is allocated."""
        self.space.use(config)
        ours = (each for each in services if is_ours(each, self._class))
        for service in sorted(ours, key=lambda each: (each.metadata.creation_timestamp, each.metadata.uid)):
            import_holding(self.space, service)

    def use(self, config: Config) -> None:
        """Take *config* from now on; *again* for Services whose pool changed under them and all that wait."""
        before = self.space.config
        self.space.use(config)
        for name in self.space.holders():
            address = self.space.held_by(name)
            if address is not None and not name.endswith(LEAVING) and _is_concerned(address, before, config):
                self._again(name)
        self._serve_waiting()

    async def reconcile(self, name: str, service: Service | None) -> None:
        """Bring *service*, known as *name* and None when it is deleted, in line. Raises ApiError."""
        held = self.space.held_by(name)
        if service is None:
            self._complaints.pop(name, None)
            self._deprecated.pop(name, None)
            self._written_on.pop(name, None)
            self._free(name)
            return
        decision = decide(self.space, service, self._class)
        self._set_aside(name, held)
        self._complain(name, service, decision)
        if decision.outcome is not Outcome.NOT_OURS:
            self._deprecate(name, service)
        await self._write(service, decision)
        self._free(_leaving(name))

    def _set_aside(self, name: str, held: Address | None) -> None:
        """Keep *held*, which Service *name* has lost, from others while its status still names it."""
        lost = held is not None and self.space.holder_of(held) is None
        if held is not None and lost and self.space.held_by(_leaving(name)) is None:
            self.space.hold(_leaving(name), held)

    def _free(self, name: str) -> None:
        freed = self.space.release(name), self.space.release(_leaving(name))
        if freed != (None, None):
            self._serve_waiting()

    def _serve_waiting(self) -> None:
        for name in self._complaints:
            self._again(name)

    async def _write(self, service: Service, decision: Decision) -> None:
        present = service.status.load_balancer.ingress
        wanted, annotations = wanted_ingress(decision), wanted_annotations(decision)
        noted = {name: service.metadata.annotations.get(name) for name in annotations}
        if present == wanted and noted == annotations and not self._is_overtaken(service):
            return
        if decision.outcome is Outcome.NOT_OURS and not _was_ours(service, self._class):
            return
        version = service.metadata.resource_version
        self._written_on[key(service)] = version
        written = await patch_status(self._client, service, wanted, annotations)
        if written.metadata.resource_version == version:  # nothing differed, so we are not overtaken
            del self._written_on[key(service)]
        if present != wanted and decision.outcome is not Outcome.NOT_OURS:
            self._tell(service, present, decision)

    def _is_overtaken(self, service: Service) -> bool:
        """Whether we wrote on this very version of *service*, so that its status may have changed since.

        Then it is written even if nothing seems to differ: the API server compares the versions, and tells.
        """
        return self._written_on.get(key(service)) == service.metadata.resource_version

    def _tell(self, service: Service, present: tuple[LoadBalancerIngress, ...], decision: Decision) -> None:
        about = reference(SERVICES, service)
        before = ", ".join(each.ip or each.hostname for each in present)
        if decision.address is None:
            message = f"{before} is taken back, for it lies in no pool any more: {decision.complaint}"
            self._recorder.warning(about, "ClearAssignment", message)
        else:
            instead = f" in place of {before}" if before else ""
            message = f'Assigned IP ["{decision.address}"] from pool {decision.pool}{instead}'
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


def _is_concerned(address: Address, before: Config, after: Config) -> bool:
    """Whether whoever holds *address* may have to give it up, now that *after* is in force."""
    return before.pool_of(address) != after.pool_of(address) or is_stray(after, address)


def _was_ours(service: Service, load_balancer_class: str | None) -> bool:
    """Whether we gave *service* an address before its type changed, or its deletion began.

    One that is being deleted may go on showing its address to kube-proxy for as long as a finalizer waits.
    """
    retyped = service.spec.type != LOAD_BALANCER
    ended = service.metadata.deletion_timestamp is not None
    let_go = retyped or (ended and is_of_class(service, load_balancer_class))
    notes = (ALLOCATED_FROM_POOL, DEPRECATED_ALLOCATED_FROM_POOL)
    return let_go and any(note in service.metadata.annotations for note in notes)
