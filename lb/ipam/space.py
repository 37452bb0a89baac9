"""The address space: which Service holds which address, and what is free in each pool.

No address is ever held twice. What it does not know: why a Service should have an address.
"""

from collections import Counter
from collections.abc import Iterator
from math import inf

from lb.config.config import EMPTY, Config, Pool, is_avoided
from lb.config.ranges import Address, AddressRange
from lb.ipam.free import FreeAddresses


class Space:
    """Holdings over the pools of a configuration. Services are named "namespace/name".

    A Service may go on holding an address that lies in no pool any more: `use` changes the pools only.
    """

    def __init__(self, config: Config = EMPTY) -> None:
        self._address_of: dict[str, Address] = {}
        self._holder_of: dict[Address, str] = {}
        self.use(config)

    def use(self, config: Config) -> None:
        """Take *config*'s pools from now on."""
        self.config = config
        self.pools = sorted(config.pools.values(), key=_turn)
        """In the order in which they are asked for an address."""
        self._free: dict[str, dict[AddressRange, FreeAddresses]] = {
            pool.name: {span: self._free_of(pool, span) for span in pool.ranges}
            for pool in config.pools.values()
        }
        self._in_use: Counter[tuple[str, int]] = Counter()
        for address in self._holder_of:
            self._count(address, 1)

    def _free_of(self, pool: Pool, span: AddressRange) -> FreeAddresses:
        def is_taken(number: int) -> bool:
            address = span.address(number)
            return address in self._holder_of or is_avoided(pool, address)

        return FreeAddresses(span, is_taken)

    def held_by(self, service: str) -> Address | None:
        """The address that *service* holds."""
        return self._address_of.get(service)

    def holder_of(self, address: Address) -> str | None:
        """The Service that holds *address*."""
        return self._holder_of.get(address)

    def holders(self) -> Iterator[str]:
        """Every Service that holds an address."""
        return iter(self._address_of)

    def hold(self, service: str, address: Address) -> None:
        """*service* holds *address* from now on, and no other. ValueError where another Service holds it."""
        holder = self._holder_of.get(address)
        if holder not in (None, service):
            raise ValueError(f"{address} is held by {holder}; {service} cannot hold it too")
        if holder == service:
            return
        self.release(service)
        self._address_of[service] = address
        self._holder_of[address] = service
        self._count(address, 1)

    def release(self, service: str) -> Address | None:
        """*service* holds nothing from now on; the address that it held, if any."""
        address = self._address_of.pop(service, None)
        if address is None:
            return None
        del self._holder_of[address]
        self._count(address, -1)
        pool = self.config.pool_of(address)
        if pool is not None:
            span = next(span for span in pool.ranges if address in span)
            self._free[pool.name][span].give_back(int(address))
        return address

    def lowest_free(self, pool: Pool, version: int) -> Address | None:
        """The first free address of *pool* in IP *version*, in the order of its spec.addresses."""
        for span, free in self._free[pool.name].items():
            number = free.lowest() if span.version == version else None
            if number is not None:
                return span.address(number)
        return None

    def in_use(self, pool: Pool, version: int) -> int:
        """How many addresses of *pool* in IP *version* are held."""
        return self._in_use[pool.name, version]

    def _count(self, address: Address, change: int) -> None:
        pool = self.config.pool_of(address)
        if pool is not None:
            self._in_use[pool.name, address.version] += change


def capacity(pool: Pool, version: int) -> int:
    """How many addresses *pool* has to give in IP *version*."""
    spans = [span for span in pool.ranges if span.version == version]
    avoided = sum(_avoided(span) for span in spans) if pool.avoid_buggy_ips and version == 4 else 0
    return sum(span.size for span in spans) - avoided


def _avoided(span: AddressRange) -> int:
    """How many addresses of *span* end in .0 or .255."""
    return sum((span.last - ending) // 256 - (span.first - 1 - ending) // 256 for ending in (0, 255))


def _turn(pool: Pool) -> tuple[bool, float, str]:
    """When it is a pool's turn to be asked; priority 0 stands for last."""
    kept = pool.reservation
    return kept is None, (kept.priority or inf) if kept is not None else 0, pool.name
