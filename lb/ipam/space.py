"""The address space: which Service holds which addresses, and what is free in each pool.

Two Services hold one address only if they share it. What it does not know: why a Service should have an
address.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from itertools import chain
from math import inf
from operator import itemgetter

from msgspec import Struct

from lb.config.config import EMPTY, Config, Pool, is_buggy
from lb.config.ranges import Address, AddressRange
from lb.ipam.block import Block, Tenants
from lb.ipam.terms import Terms, objection

Addresses = tuple[Address, ...]
REMEMBERED = 20_000
"""Services whose last addresses are remembered after they let them go."""


class Holding(Struct, frozen=True, gc=False):
    """The addresses of one Service, and the terms on which it shares them."""

    addresses: Addresses
    terms: Terms


class Space:
    """Holdings over the pools of a configuration. Services are named "namespace/name".

    A Service may go on holding an address that lies in no pool any more: `use` changes the pools only.
    """

    def __init__(self, config: Config = EMPTY) -> None:
        self._holdings: dict[str, Holding] = {}
        self._outside = _nowhere()
        """By IP version, who holds the addresses that lie in no pool."""
        self._shared: dict[str, OrderedDict[Address, None]] = {}
        """By sharing key, the addresses that are held with it, the first first."""
        self._last: OrderedDict[str, Addresses] = OrderedDict()
        self._blocks: dict[tuple[str, int], Block] = {}
        """By pool and IP version."""
        self.config = EMPTY
        self.use(config)

    def use(self, config: Config) -> set[str]:
        """Take *config*'s pools from now on; costs what differs.

        Gives the Services that hold addresses of pools that are not what they were, or of none.
        """
        old, self.config = self.config, config
        same = {name for name, pool in config.pools.items() if old.pools.get(name) == pool}
        changed = [pool for name, pool in config.pools.items() if name not in same]
        come, gone = self._rebuild(same, changed)
        self._survey()
        self._settle(gone)
        concerned = (block.tenants.values() for block in (*self._outside.values(), *come))
        return set(chain.from_iterable(chain.from_iterable(concerned)))

    def loses(self, config: Config) -> bool:
        """Whether an address that is held lies in a pool, and in none of *config*; costs what differs."""
        changed = [name for name, pool in self.config.pools.items() if config.pools.get(name) != pool]
        blocks = (self._blocks.get((name, version)) for name in changed for version in (4, 6))
        return any(
            config.pool_of(block.spans[0].address(number)) is None
            for block in blocks
            if block is not None
            for number in block.tenants
        )

    def _rebuild(self, same: set[str], changed: list[Pool]) -> tuple[list[Block], list[Block]]:
        """Make the blocks of *changed* pools; also gives those that are no pool's any more.

        A pool that has the same ranges under another name takes the block over as it is.
        """
        left = {key: block for key, block in self._blocks.items() if key[0] not in same}
        spare = {(block.spans, block.avoids): block for block in left.values()}
        come: dict[tuple[str, int], Block] = {}
        for pool in changed:
            for version in (4, 6):
                spans = tuple(span for span in pool.ranges if span.version == version)
                avoids = _avoided(pool, version)
                if spans:
                    known = (spans, avoids) in spare
                    come[pool.name, version] = spare.pop((spans, avoids)) if known else Block(spans, avoids)
        self._blocks = {key: block for key, block in self._blocks.items() if key[0] in same} | come
        return list(come.values()), list(spare.values())

    def _survey(self) -> None:
        self.pools = sorted(self.config.pools.values(), key=_turn)
        """In the order in which they are asked for an address."""
        places = [(span, block) for block in self._blocks.values() for span in block.spans]
        places.sort(key=itemgetter(0))
        self._places = {4: [each for each in places if each[0].version == 4]}
        self._places[6] = places[len(self._places[4]) :]
        self._starts = {version: [span.first for span, _ in found] for version, found in self._places.items()}

    def _settle(self, gone: list[Block]) -> None:
        """Find places for what lay outside or in blocks that are *gone*; hold back what was had lately."""
        left, self._outside = (*self._outside.values(), *gone), _nowhere()
        for block in left:
            for number, tenants in block.tenants.items():
                self._block_of(block.spans[0].address(number)).let(number, tenants)
        free = (block.spans[0].address(number) for block in gone for number in block.held_back)
        for each in chain(free, chain.from_iterable(self._last.values())):
            if (found := self._block_of(each)) is not self._outside[each.version]:
                found.hold_back(int(each))

    def holding(self, service: str) -> Holding | None:
        """What *service* holds."""
        return self._holdings.get(service)

    def held_by(self, service: str) -> Addresses:
        """The addresses that *service* holds."""
        holding = self._holdings.get(service)
        return holding.addresses if holding is not None else ()

    def holders(self) -> Iterator[str]:
        """Every Service that holds an address."""
        return iter(self._holdings)

    def tenants(self, address: Address) -> Tenants:
        """The Services that hold *address*."""
        return self._block_of(address).tenants.get(int(address), ())

    def objection(self, address: Address, terms: Terms) -> str | None:
        """Why a Service with *terms* cannot hold *address* beside those who do; None where it can."""
        return self._objection(self.tenants(address), terms)

    def _objection(self, tenants: Tenants, terms: Terms) -> str | None:
        for other in tenants:
            if other != terms.service:
                why = objection(terms, self._holdings[other].terms)
                if why is not None:
                    return why
        return None

    def hold(self, addresses: Addresses, terms: Terms) -> None:
        """The Service of *terms* holds *addresses* from now on, and no others.

        ValueError where one of them is held by a Service that does not share it with this one.
        """
        service = terms.service
        places = [(each, self._block_of(each), int(each)) for each in addresses]
        for address, block, number in places:
            why = self._objection(block.tenants.get(number, ()), terms)
            if why is not None:
                raise ValueError(f"{service} cannot hold {address}: {why}")
        if service in self._holdings:
            self.release(service)
        self._holdings[service] = Holding(addresses, terms)
        self._last.pop(service, None)
        for address, block, number in places:
            if terms.key:
                block.let(number, (*block.tenants.get(number, ()), service))
                self._shared.setdefault(terms.key, OrderedDict())[address] = None
            else:
                block.let(number, (service,))

    def release(self, service: str, remember: bool = True) -> Addresses:
        """*service* holds nothing from now on; what it held. *remember* that for a while, see `last_of`."""
        holding = self._holdings.pop(service, None)
        if holding is None:
            return ()
        for address in holding.addresses:
            block, number = self._block_of(address), int(address)
            others = tuple(each for each in block.tenants[number] if each != service)
            block.let(number, others)
            if holding.terms.key and not others:
                self._unshare(holding.terms.key, address)
        if remember:
            self._remember(service, holding.addresses)
        return holding.addresses

    def _unshare(self, key: str, address: Address) -> None:
        del self._shared[key][address]
        if not self._shared[key]:
            del self._shared[key]

    def _remember(self, service: str, addresses: Addresses) -> None:
        self._last[service] = addresses
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)

    def last_of(self, service: str) -> Addresses:
        """The addresses that *service* held last, if it holds none now and that is not long ago."""
        return self._last.get(service, ())

    def shared_with(self, key: str) -> Iterator[Address]:
        """The addresses that are held with the sharing key *key*, the first first."""
        return iter(self._shared.get(key, ()))

    def next_free(self, pool: Pool, version: int) -> Address | None:
        """The address of *pool* in IP *version* to give away next.

        In the order of its spec.addresses, the lowest that nobody had yet; then the one that came back first.
        """
        block = self._blocks.get((pool.name, version))
        number = block.next_free() if block is not None else None
        return block.spans[0].address(number) if block is not None and number is not None else None

    def in_use(self, pool: Pool, version: int) -> int:
        """How many addresses of *pool* in IP *version* are held."""
        block = self._blocks.get((pool.name, version))
        return len(block.tenants) if block is not None else 0

    def knows(self, terms: Terms) -> bool:
        """Whether some addresses may be better than others for the Service of *terms*."""
        return bool(terms.key) or terms.service in self._holdings or terms.service in self._last

    def _block_of(self, address: Address) -> Block:
        number, version = int(address), address.version
        at = bisect_right(self._starts[version], number) - 1
        if at >= 0:
            span, block = self._places[version][at]
            if number <= span.last and not (block.avoids is not None and block.avoids(number)):
                return block
        return self._outside[version]


def _nowhere() -> dict[int, Block]:
    return {version: Block((AddressRange(version, 0, -1),)) for version in (4, 6)}


class Avoided(Struct, frozen=True):
    """Which numbers a pool gives to nobody in one IP version; `buggy`: those that end in .0 or .255."""

    buggy: bool
    quarantined: frozenset[int]

    def __call__(self, number: int) -> bool:
        """Whether *number* is one of them."""
        return number in self.quarantined or (self.buggy and is_buggy(number))


def _avoided(pool: Pool, version: int) -> Avoided | None:
    quarantined = frozenset(int(each) for each in pool.quarantined if each.version == version)
    buggy = pool.avoid_buggy_ips and version == 4
    return Avoided(buggy, quarantined) if buggy or quarantined else None


def capacity(pool: Pool, version: int) -> int:
    """How many addresses *pool* has to give in IP *version*."""
    spans = [span for span in pool.ranges if span.version == version]
    buggy = pool.avoid_buggy_ips and version == 4
    avoided = sum(_buggy(span) for span in spans) if buggy else 0
    aside = sum(
        any(each in span for span in spans) and not (buggy and is_buggy(int(each)))
        for each in pool.quarantined
    )
    return sum(span.size for span in spans) - avoided - aside


def _buggy(span: AddressRange) -> int:
    """How many addresses of *span* end in .0 or .255."""
    return sum((span.last - ending) // 256 - (span.first - 1 - ending) // 256 for ending in (0, 255))


def _turn(pool: Pool) -> tuple[bool, float, str]:
    """When it is a pool's turn to be asked; priority 0 stands for last."""
    kept = pool.reservation
    return kept is None, (kept.priority or inf) if kept is not None else 0, pool.name
