from ipaddress import ip_address

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from lb.api.meta import LabelSelector
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


def request(*versions, pool=None, address=None, labels=None):
    wanted = ip_address(address) if address else None
    return Request("shop/web", versions or (4,), pool, wanted, "shop", labels or {})


SMALL = pool("small", "192.0.2.1-192.0.2.2")
LARGE = pool("large", "198.51.100.0/24")
SIX = pool("six", "2001:db8::/126")
MANUAL = pool("manual", "203.0.113.0/24", auto_assign=False)
OURS = pool("ours", "10.1.0.0/31", reservation=Reservation(namespaces=frozenset({"shop", "mine"})))
GOLD = pool(
    "gold", "10.2.0.0/31", reservation=Reservation(5, service_selectors=(LabelSelector({"tier": "gold"}),))
)
FIRST = pool("first", "10.3.0.0/31", reservation=Reservation(1))
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
        pytest.param(space(SMALL, OURS), request(), "10.1.0.0", "ours", id="pool kept for its namespace"),
        pytest.param(
            space(SMALL, GOLD),
            request(labels={"tier": "gold"}),
            "10.2.0.0",
            "gold",
            id="pool kept for its label",
        ),
        pytest.param(
            space(SMALL, OURS, GOLD, FIRST),
            request(labels={"tier": "gold"}),
            "10.3.0.0",
            "first",
            id="lowest priority first",
        ),
        pytest.param(
            space(SMALL, OURS, FIRST, a="10.3.0.0", b="10.3.0.1"), request(), "10.1.0.0", "ours", id="0 last"
        ),
        pytest.param(
            space(SMALL, OURS, a="10.1.0.0", b="10.1.0.1"),
            request(),
            "192.0.2.1",
            "small",
            id="then one for all",
        ),
        pytest.param(space(SMALL, TEAMS, GOLD), request(), "192.0.2.1", "small", id="none kept for others"),
        pytest.param(space(OURS, SIX), request(6, 4), "2001:db8::", "six", id="family before reservation"),
        pytest.param(
            space(OURS, LARGE), request(pool="large"), "198.51.100.0", "large", id="another is named"
        ),
        pytest.param(
            space(SMALL, OURS),
            request(address="192.0.2.2"),
            "192.0.2.2",
            "small",
            id="address of one for all",
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
            space(GOLD, pool("hidden", "10.8.0.0/31", auto_assign=False, reservation=TEAMS.reservation)),
            request(),
            "no pool has a free address; pool gold is kept for other Services (spec.serviceAllocation); "
            f"pool hidden is kept for other Services (spec.serviceAllocation). {ADMIT}",
            id="pools kept for others, and one of them to be named as well",
        ),
        pytest.param(
            space(SMALL, TEAMS),
            request(address="203.0.113.1"),
            "203.0.113.1 is asked for and lies in pool teams; pool teams is kept for other Services "
            "(spec.serviceAllocation). Ask for another, or change the pool.",
            id="address of a pool kept for others",
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
        pytest.param(
            space(TEAMS), request(), "203.0.113.1", True, id="of a pool that is kept for others now"
        ),
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


TIERS = [{}, {"tier": "gold"}, {"tier": "tin"}]
RESERVATIONS = st.none() | st.builds(
    Reservation,
    st.integers(-2, 3),
    st.none() | st.frozensets(st.sampled_from(["shop", "bank"])),
    st.just(()),
    st.lists(st.sampled_from(TIERS).map(LabelSelector), max_size=2).map(tuple),
)
POOLS = st.lists(st.tuples(RESERVATIONS, st.booleans(), st.integers(0, 2)), max_size=5)
"""For whom a pool of two addresses is kept, whether it is assigned unnamed, and how many are held."""


def admits(reservation, labels):
    return reservation is None or (
        (reservation.namespaces is None or "shop" in reservation.namespaces)
        and (
            not reservation.service_selectors
            or any(each.match_labels.items() <= labels.items() for each in reservation.service_selectors)
        )
    )


def turn(each):
    """When a pool is asked, as a person would say it: kept ones first, lower numbers first, 0 last."""
    kept = each.reservation
    return (1, False, 0) if kept is None else (0, kept.priority == 0, kept.priority)


@for_all(POOLS, st.sampled_from(TIERS), st.none() | st.integers(0, 4), st.none() | st.integers(0, 4))
def test_an_address_is_of_the_first_pool_in_turn_and_never_of_one_kept_for_others(
    drawn, labels, named, wanted
):
    pools = [
        pool(f"p{at}", f"10.0.{at}.0/31", auto_assign=auto, reservation=kept)
        for at, (kept, auto, _) in enumerate(drawn)
    ]
    held = {f"s{at}-{n}": f"10.0.{at}.{n}" for at, (_, _, taken) in enumerate(drawn) for n in range(taken)}
    able = [
        each
        for at, (each, (kept, auto, taken)) in enumerate(zip(pools, drawn, strict=True))
        if admits(kept, labels) and taken < 2 and named in (None, at) and wanted in (None, at)
        if auto or (named, wanted) != (None, None)
    ]

    chosen = allocate(
        space(*pools, **held),
        request(
            pool=None if named is None else f"p{named}",
            address=None if wanted is None else f"10.0.{wanted}.1",
            labels=labels,
        ),
    )

    assert isinstance(chosen, Allocation) is bool(able)
    if able:
        assert chosen.pool == min(able, key=turn).name
