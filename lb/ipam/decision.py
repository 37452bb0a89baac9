"""What the status of one Service should be, and what a person is to be told. The controller makes it so."""

from enum import StrEnum

from msgspec import Struct

from lb.api.service import (
    ALLOCATED_FROM_POOL,
    DEPRECATED_ALLOCATED_FROM_POOL,
    LoadBalancerIngress,
    Service,
)
from lb.config.ranges import Address
from lb.config.rejection import Rejection
from lb.config.services import is_ours, key, status_address
from lb.ipam.allocation import Allocation, allocate, is_stray, suits
from lb.ipam.request import Request, read_request
from lb.ipam.space import Space


class Outcome(StrEnum):
    """What was decided about a Service's address."""

    NOT_OURS = "the Service is not ours to serve"
    KEPT = "it keeps the address that it has"
    ASSIGNED = "it gets an address"
    CLEARED = "it loses the address that it has"
    REFUSED = "it gets none"


class Decision(Struct, frozen=True):
    """`address` and `pool` are what the Service is to have; `pool` is None where it cannot be read now.

    `complaint` says what the Service asks for and cannot have, whether or not it keeps an address.
    """

    outcome: Outcome
    address: Address | None = None
    pool: str | None = None
    complaint: str = ""


def import_holding(space: Space, service: Service) -> bool:
    """Let *service* hold the address of its status where it may. Done for all before any allocation."""
    address = status_address(service)
    if address is None or space.holder_of(address) is not None:
        return False
    if is_stray(space.config, address):
        return False
    space.hold(key(service), address)
    return True


def decide(space: Space, service: Service, load_balancer_class: str | None) -> Decision:
    """What *service* should have, with *space* changed to say so.

    An address that a Service has stays, unless its pool is gone, or the Service asks for another that it can
    have.
    """
    name = key(service)
    if not is_ours(service, load_balancer_class):
        space.release(name)
        return Decision(Outcome.NOT_OURS)
    request = read_request(service)
    held = space.held_by(name)
    if isinstance(request, Rejection):
        return _fall_back(space, name, held, str(request))
    if held is not None and suits(space, request, held):
        return _keep(space, held)
    return _allot(space, request, held)


def _keep(space: Space, held: Address, complaint: str = "") -> Decision:
    pool = space.config.pool_of(held)
    return Decision(Outcome.KEPT, held, pool.name if pool else None, complaint=complaint)


def _allot(space: Space, request: Request, held: Address | None) -> Decision:
    answer = allocate(space, request)
    if not isinstance(answer, Allocation):
        return _fall_back(space, request.service, held, str(answer))
    space.hold(request.service, answer.address)
    return Decision(Outcome.ASSIGNED, answer.address, answer.pool)


def _fall_back(space: Space, service: str, held: Address | None, complaint: str) -> Decision:
    """What *service* has where it cannot have what it asks for."""
    if held is None:
        return Decision(Outcome.REFUSED, complaint=complaint)
    if not is_stray(space.config, held):
        return _keep(space, held, complaint)
    space.release(service)
    return Decision(Outcome.CLEARED, complaint=complaint)


def wanted_ingress(decision: Decision) -> tuple[LoadBalancerIngress, ...]:
    """status.loadBalancer.ingress as *decision* wants it."""
    return (LoadBalancerIngress(ip=str(decision.address)),) if decision.address is not None else ()


def wanted_annotations(decision: Decision) -> dict[str, str | None]:
    """The annotations as *decision* wants them; None: absent. What it does not name stays as it is."""
    if decision.address is not None and decision.pool is None:
        return {}
    return {ALLOCATED_FROM_POOL: decision.pool, DEPRECATED_ALLOCATED_FROM_POOL: None}
