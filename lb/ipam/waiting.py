"""Which Services wait for addresses, and which of them to try when something changes: never all of them.

Pure: it names Services to try, and the caller tells how that went by `wait` or `served`. Whoever is named
could have what it waits for at that moment.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec import Struct

from lb.config.ranges import Address
from lb.ipam.allocation import Allocation, allocate, completed, home, may_ask
from lb.ipam.request import Request, Versions
from lb.ipam.space import Addresses, Space

EITHER: Versions = ()
"""Stands for those that may need an address of one IP version only, beside one that they have or share."""
Place = Address | str | tuple[str, Versions]
"""Where one waits: for an address, for others with a sharing key, or for IP versions of a pool."""


class Waiter(Struct, frozen=True):
    """Who has `held`, and waits for the rest of `request`; or for all of it, where it `is_refused`.

    Without a request nothing can help but a change of the Service.
    """

    request: Request | None
    held: Addresses = ()
    is_refused: bool = True


class Waiting:
    """Queues of Services for what *space* has: first come, first tried."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._waiters: dict[str, Waiter] = {}
        self._places_of: dict[str, tuple[Place, ...]] = {}
        self._queues: dict[Place, OrderedDict[str, None]] = {}
        self._named: set[str] = set()
        """Who was named, and has not been tried since."""

    def __iter__(self) -> Iterator[str]:
        """Every Service that waits, the first first; but before them those that would get back what they had.

        So a pool that was away for a while gives nobody's address to somebody else.
        """
        return iter(sorted(self._waiters, key=lambda service: not self._comes_back(service)))

    def _comes_back(self, service: str) -> bool:
        last, request = self._space.last_of(service), self._waiters[service].request
        if not last or request is None:
            return False
        answer = allocate(self._space, request)
        return isinstance(answer, Allocation) and not set(last).isdisjoint(answer.addresses)

    def wait(self, service: str, waiter: Waiter) -> list[str]:
        """*service* could not have what it asks for; gives who is to be tried in its place."""
        before = self._places_of.get(service, ())
        places = tuple(dict.fromkeys(self._places(waiter)))
        if places != before:
            self._leave(service)
            for place in places:
                self._queues.setdefault(place, OrderedDict())[service] = None
        self._waiters[service], self._places_of[service] = waiter, places
        return self._follow(service, before)

    def served(self, service: str) -> list[str]:
        """*service* waits for nothing any more; gives who is to be tried next."""
        return self._follow(service, self._leave(service))

    def touched(self, addresses: Iterable[Address]) -> list[str]:
        """Who is to be tried now that others hold *addresses*, or nobody, or the same on other terms."""
        return self._name(name for each in dict.fromkeys(addresses) for name in self._at(each))

    def _leave(self, service: str) -> tuple[Place, ...]:
        self._waiters.pop(service, None)
        places = self._places_of.pop(service, ())
        for place in places:
            del self._queues[place][service]
            if not self._queues[place]:
                del self._queues[place]
        return places

    def _places(self, waiter: Waiter) -> Iterator[Place]:
        request = waiter.request
        if request is None:
            return
        yield from request.addresses
        if request.terms.key:
            yield request.terms.key
        for pool, versions in () if request.addresses else self._wishes(request, waiter):
            yield pool, versions
            if (request.terms.key or waiter.held) and len(versions) > 1:
                yield pool, EITHER

    def _wishes(self, request: Request, waiter: Waiter) -> Iterator[tuple[str, Versions]]:
        config = self._space.config
        if waiter.is_refused:
            yield from ((pool.name, wish) for pool in may_ask(config, request) for wish in request.wishes)
        elif (pool := home(config, request, waiter.held)) is not None:
            had = {each.version for each in waiter.held}
            yield pool.name, tuple(version for version in request.wishes[0] if version not in had)

    def _follow(self, service: str, places: Iterable[Place]) -> list[str]:
        """*service* was tried: who comes after it, if it was named."""
        if service not in self._named:
            return []
        self._named.remove(service)
        return self._name(name for place in places for name in self._first(place))

    def _name(self, services: Iterable[str]) -> list[str]:
        found = list(dict.fromkeys(services))
        self._named.update(found)
        return found

    def _at(self, address: Address) -> Iterator[str]:
        tenants, pool = self._space.tenants(address), self._space.config.pool_of(address)
        if tenants:
            holding = self._space.holding(tenants[0])
            if holding is not None and holding.terms.key:
                yield from self._first(holding.terms.key)
            return
        yield from self._first(address)
        if pool is not None:
            for versions in ((address.version,), (4, 6), EITHER):
                yield from self._first((pool.name, versions))

    def _first(self, place: Place) -> Iterator[str]:
        """The first at *place* that could have what it waits for."""
        if place in self._queues and self._is_open(place):
            yield from islice((each for each in self._queues[place] if self._could(each)), 1)

    def _is_open(self, place: Place) -> bool:
        """Whether it is worth while to ask each that waits at *place*."""
        if not isinstance(place, tuple):
            return True
        pool = self._space.config.pools.get(place[0])
        return pool is not None and all(self._space.next_free(pool, each) is not None for each in place[1])

    def _could(self, service: str) -> bool:
        request, held = self._waiters[service].request, self._waiters[service].held
        if request is None:
            return False
        if self._waiters[service].is_refused:
            return isinstance(allocate(self._space, request), Allocation)
        return completed(self._space, request, held) != held
