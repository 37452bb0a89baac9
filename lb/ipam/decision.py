"""What the status of one Service should be, and what a person is to be told. The controller makes it so."""

from enum import StrEnum

from msgspec import Struct

from lb.api.service import (
    ALLOCATED_FROM_POOL,
    DEPRECATED_ALLOCATED_FROM_POOL,
    LoadBalancerIngress,
    Service,
)
from lb.config.rejection import Rejection
from lb.config.services import is_ours, key, status_addresses
from lb.ipam.allocation import Allocation, Reason, allocate, completed, fitting, is_stray
from lb.ipam.request import Request, read_request, terms_of
from lb.ipam.space import Addresses, Holding, Space
from lb.ipam.terms import Terms


class Outcome(StrEnum):
    """What was decided about a Service's addresses."""

    NOT_OURS = "the Service is not ours to serve"
    KEPT = "it keeps the addresses that it has"
    ASSIGNED = "it gets addresses"
    CLEARED = "it loses the addresses that it has"
    REFUSED = "it gets none"


class Decision(Struct, frozen=True):
    """`addresses` and `pool` are what the Service is to have; `pool` is None where it cannot be read now.

    `complaint` says what the Service asks for and cannot have, whether or not it keeps an address, and
    `reason` in one word why. `request` is what it waits for then, if that can be told.
    """

    outcome: Outcome
    addresses: Addresses = ()
    pool: str | None = None
    complaint: str = ""
    reason: Reason = Reason.ALLOCATED
    request: Request | None = None


def import_holding(space: Space, service: Service, shares_freely: bool = False) -> bool:
    """Let *service* hold the addresses of its status as far as it may. Done for all before any allocation.

    Those that lie in no pool too: until its status is written, nobody else may have them.
    """
    terms = terms_of(service, shares_freely)
    addresses = tuple(each for each in status_addresses(service) if space.objection(each, terms) is None)
    if addresses:
        space.hold(addresses, terms)
    return bool(addresses)


def decide(
    space: Space, service: Service, load_balancer_class: str | None, shares_freely: bool = False
) -> Decision:
    """What *service* should have, with *space* changed to say so.

    An address that a Service has stays, unless its pool is gone, or another Service may not have it beside
    this one, or the Service asks for another that it can have.
    """
    name = key(service)
    if not is_ours(service, load_balancer_class):
        space.release(name)
        return Decision(Outcome.NOT_OURS)
    request = read_request(service, shares_freely)
    if isinstance(request, Rejection):
        return _fall_back(space, terms_of(service, shares_freely), None, str(request), Reason.INVALID)
    held = space.held_by(name)
    if fits := fitting(space, request, held):
        return _keep(space, request, held, fits)
    answer = allocate(space, request)
    if not isinstance(answer, Allocation):
        return _fall_back(space, request.terms, request, str(answer), answer.code)
    space.hold(answer.addresses, request.terms)
    rest = _rest(request, answer.addresses)
    return Decision(Outcome.ASSIGNED, answer.addresses, answer.pool, request=rest)


def _keep(space: Space, request: Request, held: Addresses, fits: Addresses) -> Decision:
    """It keeps what *fits* of *held*, and gets what there is now of that which it prefers."""
    wanted = completed(space, request, fits)
    if space.holding(request.service) != Holding(wanted, request.terms):
        space.hold(wanted, request.terms)
    outcome = Outcome.KEPT if wanted == held else Outcome.ASSIGNED
    return Decision(outcome, wanted, _pool(space, wanted), request=_rest(request, wanted))


def _rest(request: Request, held: Addresses) -> Request | None:
    """What the Service that has *held* waits for: *request*, where it prefers more."""
    return request if len(held) < len(request.wishes[0]) else None


def _fall_back(
    space: Space, terms: Terms, request: Request | None, complaint: str, reason: Reason
) -> Decision:
    """What a Service with *terms* has where it cannot have what it asks for."""
    held = space.held_by(terms.service)
    if not held:
        return Decision(Outcome.REFUSED, complaint=complaint, reason=reason, request=request)
    kept = tuple(
        each for each in held if not is_stray(space.config, each) and space.objection(each, terms) is None
    )
    if not kept:
        space.release(terms.service)
        return Decision(Outcome.CLEARED, complaint=complaint, reason=reason, request=request)
    if space.holding(terms.service) != Holding(kept, terms):
        space.hold(kept, terms)
    return Decision(Outcome.KEPT, kept, _pool(space, kept), complaint, reason, request)


def _pool(space: Space, addresses: Addresses) -> str | None:
    pool = space.config.pool_of(addresses[0])
    return pool.name if pool is not None else None


def wanted_ingress(decision: Decision) -> tuple[LoadBalancerIngress, ...]:
    """status.loadBalancer.ingress as *decision* wants it."""
    return tuple(LoadBalancerIngress(ip=str(each)) for each in decision.addresses)


def wanted_annotations(decision: Decision) -> dict[str, str | None]:
    """The annotations as *decision* wants them; None: absent. What it does not name stays as it is."""
    if decision.addresses and decision.pool is None:
        return {}
    return {ALLOCATED_FROM_POOL: decision.pool, DEPRECATED_ALLOCATED_FROM_POOL: None}
