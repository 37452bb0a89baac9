"""What it costs to give addresses, in an address space that fills up.

It is thinking only, without any I/O, so a second is one of the processor: what else the machine does hardly
counts.
"""

import gc
import random
import statistics
import time
import tracemalloc
from collections import deque

import pytest
from msgspec import Raw, json
from msgspec.structs import replace

from lb.api.custom_resource import CustomResource
from lb.api.meta import ObjectMeta
from lb.api.service import Service, ServiceSpec
from lb.config.parser import parse
from lb.config.resources import Resources
from lb.ipam.allocation import allocate
from lb.ipam.decision import Outcome, decide
from lb.ipam.request import Request
from lb.ipam.space import Space
from lb.ipam.terms import Terms
from lb.observe.garbage import look_seldom

MANY, SOME, FEW = 1_000_000, 100_000, 1_000
RUNS = 20
SHARERS = 4
"""Services with one sharing key, which meet on one address."""
FAMILIES = pytest.mark.parametrize(
    ("version", "addresses", "about"), [(4, "10.0.0.0/8", "ipam"), (6, "2001:db8::/64", "ipam.ipv6")]
)


@pytest.fixture(autouse=True)
def looks():
    """Python looks for garbage as seldom as in the controller."""
    before = gc.get_threshold()
    look_seldom()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def empty(addresses):
    pool = CustomResource(ObjectMeta(name="wide"), Raw(json.encode({"addresses": [addresses]})))
    return Space(parse(Resources(pools=(pool,))).config)


def requests(version, count, first=0):
    return [Request(Terms(f"default/{number}"), ((version,),)) for number in range(first, first + count)]


def take(space, request):
    space.hold(allocate(space, request).addresses, request.terms)


def fill(space, wanted):
    for request in wanted:
        take(space, request)


def seconds(work, *arguments):
    began = time.process_time()
    work(*arguments)
    return time.process_time() - began


def rate(work, items):
    """How many of *items* are worked on in a second."""
    return len(items) / seconds(lambda: deque(map(work, items), maxlen=0))


@FAMILIES
def test_allocate(figures, version, addresses, about):
    """Then what else is asked of a space that holds so many; and the cost with many against that with few."""
    space, wanted = empty(addresses), requests(version, MANY)
    figures[f"{about}.allocate_per_s"] = MANY / seconds(fill, space, wanted)
    figures[f"{about}.cost_growth_ratio"] = _cost(version, lambda run: space, MANY) / _cost(
        version, lambda run: _with_few(version, addresses), FEW
    )
    held = space.in_use(space.config.pools["wide"], version)
    assert held == MANY + RUNS * FEW

    figures[f"{about}.share_per_s"] = rate(lambda each: take(space, each), sharers(version))
    assert space.in_use(space.config.pools["wide"], version) == held + SOME / SHARERS

    figures[f"{about}.request_per_s"] = rate(lambda each: take(space, each), by_address(space, version))

    leaving = random.sample([each.service for each in wanted], SOME)
    figures[f"{about}.free_per_s"] = rate(space.release, leaving)


def _cost(version, space_of, held):
    """Seconds for FEW allocations beside *held*."""
    return statistics.median(
        seconds(fill, space_of(run), requests(version, FEW, held + run * FEW)) for run in range(RUNS)
    )


def _with_few(version, addresses):
    space = empty(addresses)
    fill(space, requests(version, FEW))
    return space


def sharers(version):
    """Services that share by fours, each with a port of its own."""
    return [
        Request(
            Terms(f"shop/{n}", f"key-{n // SHARERS}", ports=frozenset({("TCP", n % SHARERS)})), ((version,),)
        )
        for n in range(SOME)
    ]


def by_address(space, version):
    """Services that ask for addresses that are free, in no order."""
    span = space.config.pools["wide"].ranges[0]
    numbers = random.sample(range(span.first + 2 * MANY, span.first + 4 * MANY), SOME)
    return [
        replace(each, terms=Terms(f"web/{number}"), addresses=(span.address(number),))
        for each, number in zip(requests(version, SOME), numbers, strict=True)
    ]


@FAMILIES
def test_memory(figures, version, addresses, about):
    """Beside the Services' names, which are others' too."""
    space, wanted = empty(addresses), requests(version, SOME)
    tracemalloc.start()
    fill(space, wanted)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    figures[f"{about}.bytes_per_address"] = used / SOME


@FAMILIES
def test_decide(figures, version, addresses, about):
    """All that is thought about a Service: what it asks for, whether what it has fits, what it gets."""
    spec = ServiceSpec(type="LoadBalancer", cluster_ips=({4: "10.96.0.1", 6: "fd00:96::1"}[version],))
    services = [Service(ObjectMeta(name=str(number), namespace="default"), spec) for number in range(SOME)]
    space = empty(addresses)
    figures[f"{about}.decide_per_s"] = rate(lambda each: decide(space, each, None), services)
    assert decide(space, services[-1], None).outcome is Outcome.KEPT
