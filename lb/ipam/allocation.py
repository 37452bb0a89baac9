"""The choice of addresses for a request, or what each pool answered."""

from collections.abc import Iterable, Iterator, Set
from enum import StrEnum
from itertools import chain

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
    QUARANTINED = "has set the address asked for aside, since another host uses it (anvil-lb.io/quarantine)"
    REFUSED = "is not in force, because its object was refused (see its events)"
    HELD = "holds the address asked for, but another Service has it"


class Reason(StrEnum):
    """In one word, why a Service has addresses or not: the reason of its condition."""

    ALLOCATED = "Allocated"
    INVALID = "InvalidRequest"
    NO_POOL = "NoPool"
    UNKNOWN_POOL = "UnknownPool"
    NOT_IN_A_POOL = "AddressNotInPool"
    QUARANTINED = "AddressQuarantined"
    POOLS_DIFFER = "AddressNotInRequestedPool"
    RESERVED = "PoolNotForThisService"
    DRAINING = "PoolDraining"
    IN_USE = "AddressInUse"
    NO_FREE_ADDRESS = "NoFreeAddress"


_WHERE_NAMED = {Answer.RESERVED: Reason.RESERVED, Answer.DRAINING: Reason.DRAINING}
"""Why there is no address where the Service names the pool that says so."""
_WAYS = {
    Answer.NOT_AUTO_ASSIGNED: "name a pool by the annotation metallb.io/address-pool",
    Answer.DRAINING: "take the annotation anvil-lb.io/drain from a pool",
    Answer.RESERVED: "let a pool's spec.serviceAllocation admit the Service",
}
"""What a person can do where no pool that may be asked lacks anything, by what the others say."""


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

    What the Service has comes first, then an address that it can share, then what it had last if that is
    free; then the pools that are kept for Services like it, the one with the lowest priority before others,
    then those that are kept for none, both in the order of their names.
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


def fitting(space: Space, request: Request, held: Addresses) -> Addresses:
    """Those of *held* that are as good as anything that *request* may have; () where it needs others.

    An address outside every pool may lie in one that is unread.
    """
    for wish in request.wishes:
        part = tuple(each for each in held if each.version in wish)
        if len(part) == len(wish) and _fits(space, request, part):
            return part
    return ()


def _fits(space: Space, request: Request, held: Addresses) -> bool:
    return (not request.addresses or set(request.addresses) == set(held)) and all(
        _may_lie(space.config, request, each) and space.objection(each, request.terms) is None
        for each in held
    )


def completed(space: Space, request: Request, held: Addresses) -> Addresses:
    """*held*, and then an address of each version more that *request* prefers and their pool has."""
    missing = tuple(
        version for version in request.wishes[0] if version not in {each.version for each in held}
    )
    pool = home(space.config, request, held) if missing and not request.addresses else None
    return (*held, *_pick(space, request, pool, missing)) if pool is not None else held


def home(config: Config, request: Request, held: Addresses) -> Pool | None:
    """The pool that is to give *request* more of what it prefers to *held*, if any may."""
    pool = config.pool_of(held[0])
    return None if pool is None or _barred(pool, request) is not None else pool


def may_ask(config: Config, request: Request) -> Iterator[Pool]:
    """The pools that give *request* an address while they have one."""
    return (pool for pool in config.pools.values() if _answer(pool, request) is None)


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
        if Answer.QUARANTINED in answers.values():
            reason = f"{address} is asked for and is set aside"
            remedy = "Ask for another address, or free this one and take it out of the pool's annotation."
            return Refusal(Reason.QUARANTINED, reason, answers, remedy)
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
        return Refusal(_WHERE_NAMED[barred], reason, {pool.name: barred}, remedy)
    objection = space.objection(address, request.terms)
    if objection is not None:
        reason = f"{address} is asked for and cannot be had: {objection}"
        remedy = "Ask for another address, or free this one."
        return Refusal(Reason.IN_USE, reason, {pool.name: Answer.HELD}, remedy)
    return pool


def _absence(pool: Pool, address: Address) -> Answer:
    if not any(address in span for span in pool.ranges):
        return Answer.ELSEWHERE
    return Answer.QUARANTINED if address in pool.quarantined else Answer.AVOIDED


def _allocate_any(space: Space, request: Request) -> Allocation | Refusal:
    for wish in request.wishes:
        for pool in _in_turn(space, request, wish):
            if _answer(pool, request) is None and (addresses := _pick(space, request, pool, wish)):
                return Allocation(addresses, pool.name)
    return _refuse(space, request)


def _in_turn(space: Space, request: Request, wish: Versions) -> Iterable[Pool]:
    if not space.knows(request.terms):
        return space.pools
    pools = (space.config.pool_of(each) for each in _familiar(space, request) if each.version in wish)
    return chain((each for each in pools if each is not None), space.pools)


def _familiar(space: Space, request: Request) -> Iterable[Address]:
    """Addresses that are better for *request* than any other, and can be had; the best first.

    A Service that shares joins the others even if what it had last is free, so that they meet.
    """
    terms = request.terms
    held, last = space.held_by(terms.service), space.last_of(terms.service)
    shared = ((each for each in last if space.tenants(each)), space.shared_with(terms.key))
    found = chain(held, *(shared if terms.key else ()), last)
    return (each for each in found if space.objection(each, terms) is None)


def _pick(space: Space, request: Request, pool: Pool, wish: Versions) -> Addresses:
    """An address of *pool* in each version of *wish*; () where it does not have them all."""
    found: list[Address] = []
    for version in wish:
        address = _best(space, request, pool, version)
        if address is None:
            return ()
        found.append(address)
    return tuple(found)


def _best(space: Space, request: Request, pool: Pool, version: int) -> Address | None:
    for each in _familiar(space, request) if space.knows(request.terms) else ():
        if each.version == version and space.config.pool_of(each) == pool:
            return each
    return space.next_free(pool, version)


def _answer(pool: Pool, request: Request) -> Answer | None:
    if request.pool not in (None, pool.name):
        return Answer.NOT_ASKED
    barred = _barred(pool, request)
    if barred is None and request.pool is None and not pool.auto_assign:
        return Answer.NOT_AUTO_ASSIGNED
    return barred


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
    code = Reason.NO_FREE_ADDRESS
    if request.pool is not None:
        code = _WHERE_NAMED.get(answers[request.pool], code)
    of_each = " of each family" if len(request.wishes[0]) > 1 else ""
    return Refusal(code, f"no pool has a free address{of_each}", answers, _remedy(set(answers.values())))


def _remedy(met: Set[Answer]) -> str:
    """What a person can do where the pools gave the answers *met*; no more than could help."""
    ways = [way for answer, way in _WAYS.items() if answer in met]
    if not ways or met & {Answer.EXHAUSTED, Answer.OTHER_FAMILY, Answer.ONE_FAMILY, Answer.REFUSED}:
        return "Add addresses to a pool, or free one."
    listed = ", ".join((*ways, "or add a pool."))
    return listed[0].upper() + listed[1:]
