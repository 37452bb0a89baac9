"""The choice of an address for a request, or what each pool answered."""

from collections.abc import Set
from enum import StrEnum

from msgspec import Struct

from lb.config.config import Config, Pool
from lb.config.ranges import Address
from lb.config.rejection import named
from lb.ipam.request import Request
from lb.ipam.space import Space


class Answer(StrEnum):
    """What a pool says to a request that it does not satisfy."""

    EXHAUSTED = "has no free address left"
    OTHER_FAMILY = "has no addresses of the Service's IP family"
    NOT_AUTO_ASSIGNED = "is used only by Services that name it (autoAssign is false)"
    RESERVED = "is kept for other Services (spec.serviceAllocation)"
    NOT_ASKED = "was not asked: the Service names another pool"
    ELSEWHERE = "does not hold the address asked for"
    AVOIDED = "leaves out the address asked for, which ends in .0 or .255 (avoidBuggyIPs is true)"
    REFUSED = "is not in force, because its object was refused (see its events)"
    HELD = "holds the address asked for, but another Service has it"


class Allocation(Struct, frozen=True):
    """*address*, of *pool*."""

    address: Address
    pool: str


class Refusal(Struct, frozen=True):
    """Why there is no address: a clause, what each pool answered, and what a person can do."""

    reason: str
    answers: dict[str, Answer]
    remedy: str

    def __str__(self) -> str:
        answers = "".join(f"; pool {name} {answer}" for name, answer in self.answers.items())
        return f"{self.reason}{answers}. {self.remedy}"


def allocate(space: Space, request: Request) -> Allocation | Refusal:
    """An address of *space* for *request*. Takes nothing.

    Pools that are kept for Services like it are tried first, the one with the lowest priority before others,
    then those that are kept for none, both in the order of their names.
    """
    config = space.config
    if not config.pools and not config.unread:
        return Refusal("there is no IPAddressPool", {}, "Create one in the load balancer's namespace.")
    if request.pool is not None and request.pool not in config.pools.keys() | config.unread:
        known = ", ".join(sorted(config.pools.keys() | config.unread))
        reason = f"there is no pool {named(request.pool)}"
        return Refusal(reason, {}, f"Name one of {named(known)}, or create it.")
    if request.address is not None:
        return _allocate_address(space, request, request.address)
    return _allocate_any(space, request)


def suits(space: Space, request: Request, address: Address) -> bool:
    """Whether *address* is what *request* may have, no matter who holds it.

    An address outside every pool may lie in one that is unread.
    """
    pool = space.config.pool_of(address)
    pools = {pool.name} if pool is not None else space.config.unread
    return (
        bool(pools)
        and address.version in request.versions
        and request.address in (None, address)
        and (request.pool is None or request.pool in pools)
    )


def is_stray(config: Config, address: Address) -> bool:
    """Whether *address* lies in no pool, as far as *config* can tell."""
    return config.pool_of(address) is None and not config.unread


def _allocate_address(space: Space, request: Request, address: Address) -> Allocation | Refusal:
    pool = space.config.pool_of(address)
    if pool is None:
        answers = {each.name: _absence(each, address) for each in space.config.pools.values()}
        answers |= dict.fromkeys(sorted(space.config.unread), Answer.REFUSED)
        remedy = "Ask for an address of a pool, or add this one to a pool."
        return Refusal(f"{address} is asked for and lies in no pool", answers, remedy)
    if request.pool not in (None, pool.name):
        reason = (
            f"{address} is asked for and lies in pool {pool.name}, but pool {request.pool} is asked for too"
        )
        return Refusal(reason, {}, "Change one of the two.")
    if not _admits(pool, request):
        reason = f"{address} is asked for and lies in pool {pool.name}"
        return Refusal(reason, {pool.name: Answer.RESERVED}, "Ask for another, or change the pool.")
    holder = space.holder_of(address)
    if holder not in (None, request.service):
        reason = f"{address} is asked for and held by Service {holder}"
        remedy = "Ask for another address, or free this one."
        return Refusal(reason, {pool.name: Answer.HELD}, remedy)
    return Allocation(address, pool.name)


def _absence(pool: Pool, address: Address) -> Answer:
    return Answer.AVOIDED if any(address in span for span in pool.ranges) else Answer.ELSEWHERE


def _allocate_any(space: Space, request: Request) -> Allocation | Refusal:
    for version in request.versions:
        for pool in space.pools:
            if _answer(space, request, pool) is None:
                address = space.lowest_free(pool, version)
                if address is not None:
                    return Allocation(address, pool.name)
    return _refuse(space, request)


def _answer(space: Space, request: Request, pool: Pool) -> Answer | None:
    if request.pool not in (None, pool.name):
        return Answer.NOT_ASKED
    if not _admits(pool, request):
        return Answer.RESERVED
    return Answer.NOT_AUTO_ASSIGNED if request.pool is None and not pool.auto_assign else None


def _admits(pool: Pool, request: Request) -> bool:
    return pool.reservation is None or pool.reservation.admits(request.namespace, request.labels)


def _refuse(space: Space, request: Request) -> Refusal:
    def answer(pool: Pool) -> Answer:
        has_family = any(span.version in request.versions for span in pool.ranges)
        return _answer(space, request, pool) or (Answer.EXHAUSTED if has_family else Answer.OTHER_FAMILY)

    answers = {pool.name: answer(pool) for pool in space.config.pools.values()}
    answers |= dict.fromkeys(sorted(space.config.unread), Answer.REFUSED)
    return Refusal("no pool has a free address", answers, _remedy(set(answers.values())))


def _remedy(met: Set[Answer]) -> str:
    if Answer.RESERVED in met and not met & {Answer.EXHAUSTED, Answer.OTHER_FAMILY, Answer.REFUSED}:
        return "Let a pool's spec.serviceAllocation admit the Service, or add a pool."
    return "Add addresses to a pool, or free one."
