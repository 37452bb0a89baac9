"""Which Services wait for addresses, and which of them to try when one is freed: never all of them.

Pure: it names Services to try, and the caller says how that went.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from lb.config.config import Config
from lb.config.ranges import Address
from lb.ipam.request import Request
from lb.ipam.space import Addresses

Queue = tuple[str, int]
"""Those that would take any address of a pool in an IP version."""


class Waiter(Struct, frozen=True):
    """What one Service waits for."""

    queues: tuple[Queue, ...] = ()
    addresses: tuple[Address, ...] = ()
    sharing: str = ""


class Waiting:
    """Queues of Services, first come, first tried."""

    def __init__(self) -> None:
        self._waiters: dict[str, Waiter] = {}
        self._queues: dict[Queue, OrderedDict[str, None]] = {}
        self._for_address: dict[Address, OrderedDict[str, None]] = {}
        self._by_key: dict[str, OrderedDict[str, None]] = {}
        self._tried: dict[Queue, set[str]] = {}
        """By queue that an address was freed for and nobody took it yet, who could not."""

    def __iter__(self) -> Iterator[str]:
        """Every Service that waits, the first first."""
        return iter(tuple(self._waiters))

    def __contains__(self, service: str) -> bool:
        return service in self._waiters

    def wait(self, service: str, waiter: Waiter) -> None:
        """*service* could not have what it asks for."""
        if self._waiters.get(service) == waiter:
            return
        self.served(service)
        self._waiters[service] = waiter
        for places, keys in self._places(waiter):
            for key in keys:
                places.setdefault(key, OrderedDict())[service] = None

    def served(self, service: str) -> None:
        """*service* waits for nothing any more."""
        waiter = self._waiters.pop(service, None)
        for places, keys in self._places(waiter) if waiter is not None else ():
            for key in keys:
                del places[key][service]
                if not places[key]:
                    del places[key]

    def _places(self, waiter: Waiter) -> Iterator[tuple[dict[Any, OrderedDict[str, None]], tuple[Any, ...]]]:
        yield self._queues, waiter.queues
        yield self._for_address, waiter.addresses
        yield self._by_key, (waiter.sharing,) if waiter.sharing else ()

    def shared(self, key: str) -> list[str]:
        """Who to try now that somebody holds an address with the sharing key *key*."""
        return list(self._by_key.get(key, ()))

    def freed(self, addresses: Iterable[tuple[Address, str | None]]) -> list[str]:
        """Who to try now that nobody has *addresses* any more, each with the pool that it lies in."""
        to_try: list[str] = []
        for address, pool in addresses:
            to_try += self._for_address.get(address, ())
            if pool is not None:
                self._tried[pool, address.version] = set()
                to_try += self._next((pool, address.version))
        return to_try

    def in_vain(self, service: str) -> list[str]:
        """Who to try in place of *service*, which was tried and waits on."""
        waiter = self._waiters.get(service)
        to_try: list[str] = []
        for queue in waiter.queues if waiter is not None else ():
            if queue in self._tried:
                self._tried[queue].add(service)
                to_try += self._next(queue)
        return to_try

    def _next(self, queue: Queue) -> list[str]:
        tried = self._tried[queue]
        following = next((each for each in self._queues.get(queue, ()) if each not in tried), None)
        if following is None:
            del self._tried[queue]
            return []
        return [following]


def waiter(request: Request, held: Addresses, config: Config) -> Waiter:
    """What the Service of *request* waits for where it has *held*."""
    if request.addresses:
        return Waiter((), request.addresses, request.terms.key)
    versions = {version for wish in request.wishes for version in wish} - {each.version for each in held}
    homes = {pool.name for each in held if (pool := config.pool_of(each)) is not None}
    pools = homes or (name for name in config.pools if request.pool in (None, name))
    queues = tuple((name, version) for name in pools for version in sorted(versions))
    return Waiter(queues, (), request.terms.key)
