"""The choice of addresses for a request, or what each pool answered."""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from lb.config.config import Config, Pool
from lb.config.ranges import Address
from lb.config.rejection import named
from lb.ipam.request import Request, Versions
from lb.ipam.space import Addresses, Space


class Answer(StrEnum):
    """What a pool says to a request that it does not satisfy."""

    EXHAUSTED = "has no free address left"
    OTHER_FAMILY = "has no addresses of the Service's IP family"
    ONE_FAMILY = "has no addresses of one of the Service's IP families"
    NOT_AUTO_ASSIGNED = "is used only by Services that name it (autoAssign is false)"
    RESERVED = "is kept for other Services (spec.serviceAllocation)"
    DRAINING = "gives no address away any more (anvil-lb.io/drain)"
    NOT_ASKED = "was not asked: the Service names another pool"
    ELSEWHERE = "does not hold the address asked for"
    AVOIDED = "leaves out the address asked for, which ends in .0 or .255 (avoidBuggyIPs is true)"
    REFUSED = "is not in force, because its object was refused (see its events)"
    HELD = "holds the address asked for, but another Service has it"


class Reason(StrEnum):
    """In one word, why a Service has addresses or not: the reason of its condition."""

    ALLOCATED = "Allocated"
    INVALID = "InvalidRequest"
    NO_POOL = "NoPool"
    UNKNOWN_POOL = "UnknownPool"
    NOT_IN_A_POOL = "AddressNotInPool"
    POOLS_DIFFER = "AddressNotInRequestedPool"
    RESERVED = "PoolNotForThisService"
    IN_USE = "AddressInUse"
    NO_FREE_ADDRESS = "NoFreeAddress"


class Allocation(Struct, frozen=True, gc=False):
    """*addresses*, of *pool*."""

    addresses: Addresses
    pool: str


class Refusal(Struct, frozen=True):
    """Why there is no address: a word, a clause, what each pool answered, and what a person can do."""

    code: Reason
    reason: str
    answers: dict[str, Answer]
    remedy: str

    def __str__(self) -> str:
        answers = "".join(f"; pool {name} {answer}" for name, answer in self.answers.items())
        return f"{self.reason}{answers}. {self.remedy}"


def allocate(space: Space, request: Request) -> Allocation | Refusal:
    """Addresses of *space* for *request*. Takes nothing.

    What the Service held last comes first, if it is free; then an address that it can share; then the pools
    that are kept for Services like it, the one with the lowest priority before others, then those that are
    kept for none, both in the order of their names.
    """
    config = space.config
    if not config.pools and not config.unread:
        return Refusal(
            Reason.NO_POOL, "there is no IPAddressPool", {}, "Create one in the load balancer's namespace."
        )
    if request.pool is not None and request.pool not in config.pools and request.pool not in config.unread:
        known = ", ".join(sorted(config.pools.keys() | config.unread))
        reason = f"there is no pool {named(request.pool)}"
        return Refusal(Reason.UNKNOWN_POOL, reason, {}, f"Name one of {named(known)}, or create it.")
    if request.addresses:
        return _allocate_asked(space, request)
    return _allocate_any(space, request)


def is_stray(config: Config, address: Address) -> bool:
    """Whether *address* lies in no pool, as far as *config* can tell."""
    return config.pool_of(address) is None and not config.unread


def suits(space: Space, request: Request, held: Addresses) -> bool:
    """Whether *held* is as good as anything that *request* may have.

    An address outside every pool may lie in one that is unread.
    """
    versions = tuple(sorted(each.version for each in held))
    return (
        versions in {tuple(sorted(each)) for each in request.wishes}
        and (not request.addresses or set(request.addresses) == set(held))
        and all(_may_lie(space.config, request, each) for each in held)
        and all(space.objection(each, request.terms) is None for each in held)
    )


def completed(space: Space, request: Request, held: Addresses) -> Addresses:
    """*held*, with an address of each version more that *request* prefers and their pool has."""
    pool = space.config.pool_of(held[0])
    missing = tuple(set(request.wishes[0]) - {each.version for each in held})
    if pool is None or not missing or request.addresses or _barred(pool, request) is not None:
        return held
    return tuple(sorted((*held, *_pick(space, request, pool, missing)), key=lambda each: each.version))


def _may_lie(config: Config, request: Request, address: Address) -> bool:
    pool = config.pool_of(address)
    if pool is None:
        return bool(config.unread) and request.pool in (None, *config.unread)
    return request.pool in (None, pool.name)


def _allocate_asked(space: Space, request: Request) -> Allocation | Refusal:
    pools: list[Pool] = []
    for address in request.addresses:
        pool = _pool_for(space, request, address)
        if isinstance(pool, Refusal):
            return pool
        pools.append(pool)
    if len({pool.name for pool in pools}) > 1:
        names = " and ".join(pool.name for pool in pools)
        reason = f"the addresses asked for lie in different pools, {names}"
        return Refusal(Reason.POOLS_DIFFER, reason, {}, "Ask for addresses of one pool.")
    return Allocation(request.addresses, pools[0].name)


def _pool_for(space: Space, request: Request, address: Address) -> Pool | Refusal:
    pool = space.config.pool_of(address)
    if pool is None:
        answers = {each.name: _absence(each, address) for each in space.config.pools.values()}
        answers |= dict.fromkeys(sorted(space.config.unread), Answer.REFUSED)
        remedy = "Ask for an address of a pool, or add this one to a pool."
        reason = f"{address} is asked for and lies in no pool"
        return Refusal(Reason.NOT_IN_A_POOL, reason, answers, remedy)
    if request.pool not in (None, pool.name):
        reason = (
            f"{address} is asked for and lies in pool {pool.name}, but pool {request.pool} is asked for too"
        )
        return Refusal(Reason.POOLS_DIFFER, reason, {}, "Change one of the two.")
    barred = _barred(pool, request)
    if barred is not None and address not in space.held_by(request.service):
        reason = f"{address} is asked for and lies in pool {pool.name}"
        remedy = "Ask for another, or change the pool."
        return Refusal(Reason.RESERVED, reason, {pool.name: barred}, remedy)
    objection = space.objection(address, request.terms)
    if objection is not None:
        reason = f"{address} is asked for and cannot be had: {objection}"
        remedy = "Ask for another address, or free this one."
        return Refusal(Reason.IN_USE, reason, {pool.name: Answer.HELD}, remedy)
    return pool


def _absence(pool: Pool, address: Address) -> Answer:
    return Answer.AVOIDED if any(address in span for span in pool.ranges) else Answer.ELSEWHERE


def _allocate_any(space: Space, request: Request) -> Allocation | Refusal:
    last = space.last_of(request.service)
    for wish in request.wishes:
        if last and (found := _again(space, request, wish, last)) is not None:
            return found
        if request.terms.key and (found := _beside(space, request, wish)) is not None:
            return found
        for pool in space.pools:
            if _answer(pool, request) is None:
                addresses = _pick(space, request, pool, wish)
                if addresses:
                    return Allocation(addresses, pool.name)
    return _refuse(space, request)


def _again(space: Space, request: Request, wish: Versions, last: Addresses) -> Allocation | None:
    """What the Service had last, as far as *wish* goes."""
    addresses = tuple(each for each in last if each.version in wish and space.is_free(each))
    pools = {pool.name: pool for each in addresses if (pool := space.config.pool_of(each)) is not None}
    if len(addresses) != len(wish) or len(pools) != 1:
        return None
    (pool,) = pools.values()
    return Allocation(addresses, pool.name) if _answer(pool, request) is None else None


def _beside(space: Space, request: Request, wish: Versions) -> Allocation | None:
    """An address that others have with the same sharing key; in the other family, if asked for, any."""
    for address in space.shared_with(request.terms.key):
        pool = space.config.pool_of(address)
        if pool is None or address.version not in wish or _answer(pool, request) is not None:
            continue
        if space.objection(address, request.terms) is None:
            addresses = _pick(space, request, pool, wish)
            if addresses:
                return Allocation(addresses, pool.name)
    return None


def _pick(space: Space, request: Request, pool: Pool, wish: Versions) -> Addresses:
    """An address of *pool* in each version of *wish*; () where it does not have them all."""
    found: list[Address] = []
    for version in wish:
        address = next(_shareable(space, request, pool, version), None) or space.next_free(pool, version)
        if address is None:
            return ()
        found.append(address)
    return tuple(found)


def _shareable(space: Space, request: Request, pool: Pool, version: int) -> Iterator[Address]:
    if request.terms.key:
        for address in space.shared_with(request.terms.key):
            if address.version == version and space.config.pool_of(address) == pool:
                if space.objection(address, request.terms) is None:
                    yield address


def _answer(pool: Pool, request: Request) -> Answer | None:
    if request.pool not in (None, pool.name):
        return Answer.NOT_ASKED
    if request.pool is None and not pool.auto_assign:
        return Answer.NOT_AUTO_ASSIGNED
    return _barred(pool, request)


def _barred(pool: Pool, request: Request) -> Answer | None:
    """Why *pool* gives *request* no address, even if it is asked for by name."""
    kept = pool.reservation
    if kept is not None and not kept.admits(request.terms.namespace, request.labels):
        return Answer.RESERVED
    return Answer.DRAINING if pool.is_draining else None


def _refuse(space: Space, request: Request) -> Refusal:
    def answer(pool: Pool) -> Answer:
        has = {span.version for span in pool.ranges}
        missing = min((len(set(wish) - has) for wish in request.wishes), default=0)
        if (refused := _answer(pool, request)) is not None:
            return refused
        if missing:
            return Answer.OTHER_FAMILY if len(request.wishes[0]) == 1 else Answer.ONE_FAMILY
        return Answer.EXHAUSTED

    answers = {pool.name: answer(pool) for pool in space.config.pools.values()}
    answers |= dict.fromkeys(sorted(space.config.unread), Answer.REFUSED)
    both = (
        "no pool has a free address of each family"
        if len(request.wishes[0]) > 1
        else "no pool has a free address"
    )
    return Refusal(Reason.NO_FREE_ADDRESS, both, answers, "Add addresses to a pool, or free one.")
