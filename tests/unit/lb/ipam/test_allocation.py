from ipaddress import ip_address

import pytest

from lb.config.config import Config, Pool, Reservation
from lb.config.ranges import parse_range
from lb.ipam.allocation import Allocation, allocate, is_stray, suits
from lb.ipam.request import Request
from lb.ipam.space import Space


def pool(name, *addresses, auto_assign=True, avoid_buggy_ips=False, reservation=None):
    return Pool(name, {}, tuple(map(parse_range, addresses)), auto_assign, avoid_buggy_ips, reservation)


def space(*pools, unread=(), **held):
    """A space over *pools*, in which each Service of *held* has that address."""
    made = Space(Config({each.name: each for each in pools}, unread=frozenset(unread)))
    for name, address in held.items():
        made.hold(f"shop/{name}", ip_address(address))
    return made


def request(*versions, pool=None, address=None):
    return Request("shop/web", versions or (4,), pool, ip_address(address) if address else None)


SMALL = pool("small", "192.0.2.1-192.0.2.2")
LARGE = pool("large", "198.51.100.0/24")
SIX = pool("six", "2001:db8::/126")
MANUAL = pool("manual", "203.0.113.0/24", auto_assign=False)
TEAMS = pool("teams", "203.0.113.0/24", reservation=Reservation(namespaces=frozenset({"blue"})))


@pytest.mark.parametrize(
    ("given", "asked", "address", "from_pool"),
    [
        pytest.param(space(SMALL), request(), "192.0.2.1", "small", id="lowest"),
        pytest.param(space(SMALL, a="192.0.2.1"), request(), "192.0.2.2", "small", id="lowest that is free"),
        pytest.param(
            space(SMALL, LARGE, a="192.0.2.1", b="192.0.2.2"),
            request(),
            "198.51.100.0",
            "large",
            id="next pool where the first is exhausted",
        ),
        pytest.param(
            space(pool("a", "192.0.2.8/32", "192.0.2.1/32")),
            request(),
            "192.0.2.8",
            "a",
            id="in the order of spec.addresses",
        ),
        pytest.param(
            space(pool("a", "192.0.2.0/24", avoid_buggy_ips=True)),
            request(),
            "192.0.2.1",
            "a",
            id="avoiding .0",
        ),
        pytest.param(
            space(pool("a", "192.0.2.254-192.0.3.9", avoid_buggy_ips=True), a="192.0.2.254"),
            request(),
            "192.0.3.1",
            "a",
            id="avoiding .255 and .0",
        ),
        pytest.param(space(SMALL, SIX), request(6), "2001:db8::", "six", id="IPv6"),
        pytest.param(space(SMALL, SIX), request(6, 4), "2001:db8::", "six", id="family preferred"),
        pytest.param(space(SMALL), request(6, 4), "192.0.2.1", "small", id="second family"),
        pytest.param(space(MANUAL, SMALL), request(), "192.0.2.1", "small", id="no pool to be named"),
        pytest.param(space(SMALL, MANUAL), request(pool="manual"), "203.0.113.0", "manual", id="pool named"),
        pytest.param(
            space(SMALL, MANUAL), request(address="203.0.113.9"), "203.0.113.9", "manual", id="address"
        ),
        pytest.param(
            space(SMALL, web="192.0.2.2"), request(address="192.0.2.2"), "192.0.2.2", "small", id="its own"
        ),
        pytest.param(
            space(SMALL, LARGE),
            request(pool="large", address="198.51.100.9"),
            "198.51.100.9",
            "large",
            id="address of the pool named",
        ),
        pytest.param(
            space(SMALL, unread={"lost"}), request(), "192.0.2.1", "small", id="beside a pool that is refused"
        ),
    ],
)
def test_an_address_is_chosen(given, asked, address, from_pool):
    assert allocate(given, asked) == Allocation(ip_address(address), from_pool)


NO_ROOM = "Add addresses to a pool, or free one."
ADMIT = "Let a pool's spec.serviceAllocation admit the Service, or add a pool."
ASK_ANOTHER = "Ask for an address of a pool, or add this one to a pool."


@pytest.mark.parametrize(
    ("given", "asked", "message"),
    [
        pytest.param(
            space(),
            request(),
            "there is no IPAddressPool. Create one in the load balancer's namespace.",
            id="no pool",
        ),
        pytest.param(
            space(unread={"lost"}),
            request(),
            "no pool has a free address; pool lost is not in force, because its object was refused (see its "
            f"events). {NO_ROOM}",
            id="only a refused pool",
        ),
        pytest.param(
            space(SMALL, LARGE),
            request(pool="huge"),
            "there is no pool huge. Name one of large, small, or create it.",
            id="pool that there is not",
        ),
        pytest.param(
            space(SMALL, unread={"lost"}),
            request(pool="lost"),
            "no pool has a free address; pool small was not asked: the Service names another pool; "
            f"pool lost is not in force, because its object was refused (see its events). {NO_ROOM}",
            id="refused pool",
        ),
        pytest.param(
            space(SMALL, SIX, MANUAL, a="192.0.2.1", b="192.0.2.2"),
            request(),
            "no pool has a free address; pool small has no free address left; pool six has no addresses of "
            "the Service's IP family; pool manual is used only by Services that name it (autoAssign is "
            f"false). {NO_ROOM}",
            id="each pool for its own reason",
        ),
        pytest.param(
            space(SMALL, LARGE, a="192.0.2.1", b="192.0.2.2"),
            request(pool="small"),
            "no pool has a free address; pool small has no free address left; pool large was not asked: the "
            f"Service names another pool. {NO_ROOM}",
            id="pool named is exhausted",
        ),
        pytest.param(
            space(SMALL, TEAMS),
            request(pool="teams"),
            "no pool has a free address; pool small was not asked: the Service names another pool; "
            f"pool teams is kept for other Services (spec.serviceAllocation). {ADMIT}",
            id="pool named is kept for others",
        ),
        pytest.param(
            space(SMALL, TEAMS, a="192.0.2.1", b="192.0.2.2"),
            request(),
            "no pool has a free address; pool small has no free address left; pool teams is kept for other "
            f"Services (spec.serviceAllocation). {NO_ROOM}",
            id="one pool is exhausted, another kept for others",
        ),
        pytest.param(
            space(SMALL, LARGE),
            request(address="10.0.0.1"),
            "10.0.0.1 is asked for and lies in no pool; pool small does not hold the address asked for; "
            f"pool large does not hold the address asked for. {ASK_ANOTHER}",
            id="address of no pool",
        ),
        pytest.param(
            space(SMALL, unread={"lost"}),
            request(address="10.0.0.1"),
            "10.0.0.1 is asked for and lies in no pool; pool small does not hold the address asked for; pool "
            f"lost is not in force, because its object was refused (see its events). {ASK_ANOTHER}",
            id="address of no pool, or of a refused one",
        ),
        pytest.param(
            space(pool("a", "192.0.2.0/24", avoid_buggy_ips=True)),
            request(address="192.0.2.255"),
            "192.0.2.255 is asked for and lies in no pool; pool a leaves out the address asked for, which "
            f"ends in .0 or .255 (avoidBuggyIPs is true). {ASK_ANOTHER}",
            id="address that is avoided",
        ),
        pytest.param(
            space(SMALL, LARGE),
            request(pool="large", address="192.0.2.1"),
            "192.0.2.1 is asked for and lies in pool small, but pool large is asked for too. "
            "Change one of the two.",
            id="address of another pool than the one named",
        ),
        pytest.param(
            space(SMALL, other="192.0.2.1"),
            request(address="192.0.2.1"),
            "192.0.2.1 is asked for and held by Service shop/other; pool small holds the address asked for, "
            "but another Service has it. Ask for another address, or free this one.",
            id="address of another Service",
        ),
    ],
)
def test_a_refusal_says_what_each_pool_answered_and_what_to_do(given, asked, message):
    assert str(allocate(given, asked)) == message


def test_a_refusal_of_a_long_pool_name_among_many_pools_can_be_held_by_an_event():
    many = [pool(f"pool-{n:03}", f"10.0.{n}.0/24") for n in range(200)]
    assert len(str(allocate(space(*many), request(pool="x" * 100_000)))) < 1024


def test_allocating_takes_nothing():
    given = space(SMALL)
    assert allocate(given, request()) == allocate(given, request())
    assert list(given.holders()) == []


@pytest.mark.parametrize(
    ("given", "asked", "address", "suitable"),
    [
        pytest.param(space(SMALL), request(), "192.0.2.1", True, id="of a pool"),
        pytest.param(space(SMALL, other="192.0.2.1"), request(), "192.0.2.1", True, id="whoever holds it"),
        pytest.param(space(MANUAL), request(), "203.0.113.1", True, id="of a pool to be named, but held"),
        pytest.param(space(SMALL), request(6), "192.0.2.1", False, id="of the other family"),
        pytest.param(space(SMALL), request(address="192.0.2.2"), "192.0.2.1", False, id="not the one asked"),
        pytest.param(space(SMALL, LARGE), request(pool="large"), "192.0.2.1", False, id="of another pool"),
        pytest.param(space(SMALL), request(), "10.0.0.1", False, id="of no pool"),
        pytest.param(space(SMALL, unread={"lost"}), request(), "10.0.0.1", True, id="perhaps of a refused"),
        pytest.param(
            space(unread={"lost"}), request(pool="lost"), "10.0.0.1", True, id="perhaps of the refused named"
        ),
        pytest.param(
            space(SMALL, unread={"lost"}),
            request(pool="small"),
            "10.0.0.1",
            False,
            id="not of the pool named",
        ),
    ],
)
def test_an_address_suits_a_request(given, asked, address, suitable):
    assert suits(given, asked, ip_address(address)) is suitable


@pytest.mark.parametrize(
    ("given", "stray"),
    [
        pytest.param(space(LARGE), True, id="in no pool"),
        pytest.param(space(SMALL), False, id="in a pool"),
        pytest.param(space(LARGE, unread={"lost"}), False, id="perhaps in a refused pool"),
    ],
)
def test_an_address_is_stray_where_no_pool_can_hold_it(given, stray):
    assert is_stray(given.config, ip_address("192.0.2.1")) is stray
