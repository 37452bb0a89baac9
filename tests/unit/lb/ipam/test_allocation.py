from ipaddress import ip_address

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from lb.api.meta import LabelSelector
from lb.config.config import Config, Pool, Reservation
from lb.config.ranges import parse_range
from lb.ipam.allocation import Allocation, Reason, allocate, completed, fitting, is_stray
from lb.ipam.request import Request
from lb.ipam.space import Space
from lb.ipam.terms import Terms


def pool(
    name, *addresses, auto_assign=True, avoid_buggy_ips=False, kept=None, is_draining=False, quarantined=()
):
    ranges = tuple(map(parse_range, addresses))
    aside = frozenset(map(ip_address, quarantined))
    return Pool(
        name, {}, ranges, auto_assign, avoid_buggy_ips, kept, is_draining=is_draining, quarantined=aside
    )


def addresses(*texts):
    return tuple(map(ip_address, texts))


def terms(name, key="", *ports):
    return Terms(f"shop/{name}", key, "", frozenset(("TCP", port) for port in ports))


def space(*pools, unread=(), shared=(), freed=(), **held):
    """A space over *pools*, in which each Service of *held* has that address.

    Of *shared* (a name, a key, a port and an address), it has that too; our Service had *freed* last.
    """
    made = Space(Config({each.name: each for each in pools}, unread=frozenset(unread)))
    for name, address in held.items():
        made.hold(addresses(*address.split()), terms(name))
    for name, key, port, address in shared:
        made.hold(addresses(address), terms(name, key, port))
    if freed:
        made.hold(addresses(*freed), terms("web"))
        made.release("shop/web")
    return made


def request(*wishes, pool=None, asked=(), key="", ports=(), labels=None):
    terms_of_it = terms("web", key, *ports)
    return Request(terms_of_it, wishes or ((4,),), pool, addresses(*asked), labels or {})


BOTH, PREFERRED = ((4, 6),), ((4, 6), (4,), (6,))
GOLD = Reservation(namespaces=frozenset({"gold"}))
SMALL = pool("small", "192.0.2.1-192.0.2.2")
LARGE = pool("large", "198.51.100.0/24")
SIX = pool("six", "2001:db8::/126")
DUAL = pool("dual", "203.0.113.0/31", "fd00::/126")
SMALLER = pool("b", "198.51.100.0/32")
MANUAL = pool("manual", "203.0.113.0/24", auto_assign=False)


@pytest.mark.parametrize(
    ("given", "asked", "expected", "from_pool"),
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
        pytest.param(space(SMALL, SIX), request((6,)), "2001:db8::", "six", id="IPv6"),
        pytest.param(space(SMALL, SIX), request((6,), (4,)), "2001:db8::", "six", id="family preferred"),
        pytest.param(space(SMALL), request((6,), (4,)), "192.0.2.1", "small", id="second family"),
        pytest.param(space(MANUAL, SMALL), request(), "192.0.2.1", "small", id="no pool to be named"),
        pytest.param(space(SMALL, MANUAL), request(pool="manual"), "203.0.113.0", "manual", id="pool named"),
        pytest.param(
            space(SMALL, MANUAL), request(asked=["203.0.113.9"]), "203.0.113.9", "manual", id="address"
        ),
        pytest.param(
            space(SMALL, web="192.0.2.2"), request(asked=["192.0.2.2"]), "192.0.2.2", "small", id="its own"
        ),
        pytest.param(
            space(pool("a", "192.0.2.0/24", is_draining=True), web="192.0.2.2"),
            request(asked=["192.0.2.2"]),
            "192.0.2.2",
            "a",
            id="its own, of a pool that gives none away any more",
        ),
        pytest.param(
            space(SMALL, LARGE),
            request(pool="large", asked=["198.51.100.9"]),
            "198.51.100.9",
            "large",
            id="address of the pool named",
        ),
        pytest.param(
            space(SMALL, unread={"lost"}), request(), "192.0.2.1", "small", id="beside a pool that is refused"
        ),
        pytest.param(
            space(SMALL, DUAL), request(*BOTH), "203.0.113.0 fd00::", "dual", id="both families of one pool"
        ),
        pytest.param(
            space(SMALL, SIX, DUAL),
            request(*PREFERRED),
            "203.0.113.0 fd00::",
            "dual",
            id="both families preferred",
        ),
        pytest.param(
            space(SMALL, SIX),
            request(*PREFERRED),
            "192.0.2.1",
            "small",
            id="both preferred, the first there is",
        ),
        pytest.param(
            space(SMALL, SIX),
            request((4, 6), (6,), (4,)),
            "2001:db8::",
            "six",
            id="both preferred, and then IPv6",
        ),
        pytest.param(
            space(DUAL),
            request(*BOTH, asked=["fd00::1", "203.0.113.1"]),
            "fd00::1 203.0.113.1",
            "dual",
            id="both asked for, in that order",
        ),
        pytest.param(
            space(LARGE, pool("z", "192.0.2.1/32", kept=Reservation(priority=9))),
            request(),
            "192.0.2.1",
            "z",
            id="a pool with a priority before those without",
        ),
        pytest.param(
            space(
                pool("a", "192.0.2.1/32", kept=Reservation(priority=2)),
                pool("z", "192.0.2.2/32", kept=Reservation(priority=1)),
            ),
            request(),
            "192.0.2.2",
            "z",
            id="the lower priority",
        ),
        pytest.param(
            space(pool("a", "192.0.2.1/32", kept=GOLD), LARGE),
            request(),
            "198.51.100.0",
            "large",
            id="not of a pool that is kept for others",
        ),
        pytest.param(
            space(pool("a", "192.0.2.1/32", is_draining=True), LARGE),
            request(),
            "198.51.100.0",
            "large",
            id="not of a pool that drains",
        ),
        pytest.param(
            space(SMALL, LARGE, freed=["198.51.100.9"]),
            request(),
            "198.51.100.9",
            "large",
            id="what it had last",
        ),
        pytest.param(
            space(SMALL, LARGE, freed=["198.51.100.9"]),
            request(pool="small"),
            "192.0.2.1",
            "small",
            id="what it had last is of another pool than asked for",
        ),
        pytest.param(
            space(SMALL, pool("dual", "203.0.113.0/24", "fd00::/64"), freed=["203.0.113.9"]),
            request(*PREFERRED),
            "203.0.113.9 fd00::",
            "dual",
            id="what it had last, and the other family with it",
        ),
        pytest.param(
            space(pool("dual", "203.0.113.0/24", "fd00::/64"), web="203.0.113.9"),
            request(*BOTH),
            "203.0.113.9 fd00::",
            "dual",
            id="what it has, and the other family with it",
        ),
        pytest.param(
            space(LARGE, shared=[("a", "k", 80, "198.51.100.9")]),
            request(key="k", ports=[443]),
            "198.51.100.9",
            "large",
            id="beside those of its sharing key",
        ),
        pytest.param(
            space(LARGE, shared=[("a", "k", 80, "198.51.100.9"), ("b", "k", 80, "198.51.100.7")]),
            request(key="k", ports=[443]),
            "198.51.100.9",
            "large",
            id="beside the first of them",
        ),
        pytest.param(
            space(LARGE, shared=[("a", "k", 443, "198.51.100.9"), ("b", "k", 80, "198.51.100.7")]),
            request(key="k", ports=[443]),
            "198.51.100.7",
            "large",
            id="beside the first of them whose ports are others",
        ),
        pytest.param(
            space(LARGE, shared=[("a", "k", 443, "198.51.100.9")]),
            request(key="k", ports=[443]),
            "198.51.100.0",
            "large",
            id="no port is left beside them",
        ),
        pytest.param(
            space(SMALL, LARGE, shared=[("a", "k", 80, "198.51.100.9")], freed=["192.0.2.1"]),
            request(key="k", ports=[443]),
            "198.51.100.9",
            "large",
            id="beside them rather than what it had last",
        ),
        pytest.param(
            space(LARGE, shared=[("a", "k", 80, "198.51.100.9"), ("b", "k", 80, "198.51.100.7")], freed=[]),
            request(asked=["198.51.100.7"], key="k", ports=[443]),
            "198.51.100.7",
            "large",
            id="beside those on the address asked for",
        ),
        pytest.param(
            space(DUAL, shared=[("a", "k", 80, "fd00::1")]),
            request(*BOTH, key="k", ports=[443]),
            "203.0.113.0 fd00::1",
            "dual",
            id="beside them in one family, and any in the other",
        ),
    ],
)
def test_an_address_is_chosen(given, asked, expected, from_pool):
    assert allocate(given, asked) == Allocation(addresses(*expected.split()), from_pool)


def test_what_it_had_last_of_several_shared_ones_it_gets_again():
    given = space(LARGE, shared=[("a", "k", 80, "198.51.100.9"), ("b", "k", 80, "198.51.100.7")])
    asking = request(key="k", ports=[443])
    given.hold(addresses("198.51.100.7"), asking.terms)
    given.release("shop/web")
    assert allocate(given, asking).addresses == addresses("198.51.100.7")


NO_ROOM = "Add addresses to a pool, or free one."
ASK_ANOTHER = "Ask for an address of a pool, or add this one to a pool."


@pytest.mark.parametrize(
    ("given", "asked", "message", "code"),
    [
        pytest.param(
            space(),
            request(),
            "there is no IPAddressPool. Create one in the load balancer's namespace.",
            Reason.NO_POOL,
            id="no pool",
        ),
        pytest.param(
            space(unread={"lost"}),
            request(),
            "no pool has a free address; pool lost is not in force, because its object was refused (see its "
            f"events). {NO_ROOM}",
            Reason.NO_FREE_ADDRESS,
            id="only a refused pool",
        ),
        pytest.param(
            space(SMALL, LARGE),
            request(pool="huge"),
            "there is no pool huge. Name one of large, small, or create it.",
            Reason.UNKNOWN_POOL,
            id="pool that there is not",
        ),
        pytest.param(
            space(SMALL, unread={"lost"}),
            request(pool="lost"),
            "no pool has a free address; pool small was not asked: the Service names another pool; "
            f"pool lost is not in force, because its object was refused (see its events). {NO_ROOM}",
            Reason.NO_FREE_ADDRESS,
            id="refused pool",
        ),
        pytest.param(
            space(SMALL, SIX, MANUAL, a="192.0.2.1", b="192.0.2.2"),
            request(),
            "no pool has a free address; pool small has no free address left; pool six has no addresses of "
            "the Service's IP family; pool manual is used only by Services that name it (autoAssign is "
            f"false). {NO_ROOM}",
            Reason.NO_FREE_ADDRESS,
            id="each pool for its own reason",
        ),
        pytest.param(
            space(SMALL, LARGE, a="192.0.2.1", b="192.0.2.2"),
            request(pool="small"),
            "no pool has a free address; pool small has no free address left; pool large was not asked: the "
            f"Service names another pool. {NO_ROOM}",
            Reason.NO_FREE_ADDRESS,
            id="pool named is exhausted",
        ),
        pytest.param(
            space(SMALL, LARGE),
            request(asked=["10.0.0.1"]),
            "10.0.0.1 is asked for and lies in no pool; pool small does not hold the address asked for; "
            f"pool large does not hold the address asked for. {ASK_ANOTHER}",
            Reason.NOT_IN_A_POOL,
            id="address of no pool",
        ),
        pytest.param(
            space(SMALL, unread={"lost"}),
            request(asked=["10.0.0.1"]),
            "10.0.0.1 is asked for and lies in no pool; pool small does not hold the address asked for; pool "
            f"lost is not in force, because its object was refused (see its events). {ASK_ANOTHER}",
            Reason.NOT_IN_A_POOL,
            id="address of no pool, or of a refused one",
        ),
        pytest.param(
            space(pool("a", "192.0.2.0/24", avoid_buggy_ips=True)),
            request(asked=["192.0.2.255"]),
            "192.0.2.255 is asked for and lies in no pool; pool a leaves out the address asked for, which "
            f"ends in .0 or .255 (avoidBuggyIPs is true). {ASK_ANOTHER}",
            Reason.NOT_IN_A_POOL,
            id="address that is avoided",
        ),
        pytest.param(
            space(pool("a", "192.0.2.0/24", quarantined=["192.0.2.9"])),
            request(asked=["192.0.2.9"]),
            "192.0.2.9 is asked for and is set aside; pool a has set the address asked for aside, since "
            "another host uses it (anvil-lb.io/quarantine). Ask for another address, or free this one and "
            "take it out of the pool's annotation.",
            Reason.QUARANTINED,
            id="address that is set aside",
        ),
        pytest.param(
            space(SMALL, LARGE),
            request(pool="large", asked=["192.0.2.1"]),
            "192.0.2.1 is asked for and lies in pool small, but pool large is asked for too. "
            "Change one of the two.",
            Reason.POOLS_DIFFER,
            id="address of another pool than the one named",
        ),
        pytest.param(
            space(SMALL, other="192.0.2.1"),
            request(asked=["192.0.2.1"]),
            "192.0.2.1 is asked for and cannot be had: Service shop/other shares its address with none; pool "
            "small holds the address asked for, but another Service has it. Ask for another address, or free "
            "this one.",
            Reason.IN_USE,
            id="address of another Service",
        ),
        pytest.param(
            space(SMALL, shared=[("other", "k", 80, "192.0.2.1")]),
            request(asked=["192.0.2.1"], key="k", ports=[80]),
            "192.0.2.1 is asked for and cannot be had: port TCP/80 of it is in use by Service shop/other; "
            "pool small holds the address asked for, but another Service has it. Ask for another address, or "
            "free this one.",
            Reason.IN_USE,
            id="port of another Service",
        ),
        pytest.param(
            space(pool("a", "192.0.2.0/24", kept=GOLD)),
            request(asked=["192.0.2.1"]),
            "192.0.2.1 is asked for and lies in pool a; pool a is kept for other Services "
            "(spec.serviceAllocation). Ask for another, or change the pool.",
            Reason.RESERVED,
            id="address of a pool that is kept for others",
        ),
        pytest.param(
            space(pool("a", "192.0.2.0/24", is_draining=True)),
            request(asked=["192.0.2.1"]),
            "192.0.2.1 is asked for and lies in pool a; pool a gives no address away any more "
            "(anvil-lb.io/drain). Ask for another, or change the pool.",
            Reason.DRAINING,
            id="address of a pool that drains",
        ),
        pytest.param(
            space(pool("a", "192.0.2.0/24", kept=GOLD), SMALLER),
            request(pool="a"),
            "no pool has a free address; pool a is kept for other Services (spec.serviceAllocation); pool b "
            "was not asked: the Service names another pool. Let a pool's spec.serviceAllocation admit the "
            "Service, or add a pool.",
            Reason.RESERVED,
            id="pool named is kept for others",
        ),
        pytest.param(
            space(pool("a", "192.0.2.0/24", is_draining=True)),
            request(pool="a"),
            "no pool has a free address; pool a gives no address away any more (anvil-lb.io/drain). "
            "Take the annotation anvil-lb.io/drain from a pool, or add a pool.",
            Reason.DRAINING,
            id="pool named drains",
        ),
        pytest.param(
            space(MANUAL),
            request(),
            "no pool has a free address; pool manual is used only by Services that name it (autoAssign is "
            "false). Name a pool by the annotation metallb.io/address-pool, or add a pool.",
            Reason.NO_FREE_ADDRESS,
            id="each pool is used only by those that name it",
        ),
        pytest.param(
            space(
                MANUAL,
                pool("a", "192.0.2.0/24", is_draining=True),
                pool("b", "203.0.113.0/24", kept=GOLD),
            ),
            request(),
            "no pool has a free address; pool manual is used only by Services that name it (autoAssign is "
            "false); pool a gives no address away any more (anvil-lb.io/drain); pool b is kept for other "
            "Services (spec.serviceAllocation). Name a pool by the annotation metallb.io/address-pool, take "
            "the annotation anvil-lb.io/drain from a pool, let a pool's spec.serviceAllocation admit the "
            "Service, or add a pool.",
            Reason.NO_FREE_ADDRESS,
            id="each pool is shut in another way",
        ),
        pytest.param(
            space(SMALL, SIX, DUAL, a="203.0.113.0", b="203.0.113.1"),
            request(*BOTH),
            "no pool has a free address of each family; pool small has no addresses of one of the Service's "
            "IP families; pool six has no addresses of one of the Service's IP families; pool dual has no "
            f"free address left. {NO_ROOM}",
            Reason.NO_FREE_ADDRESS,
            id="both families, and no pool has both",
        ),
        pytest.param(
            space(SMALL, SIX),
            request(*BOTH, asked=["192.0.2.1", "2001:db8::1"]),
            "the addresses asked for lie in different pools, small and six. Ask for addresses of one pool.",
            Reason.POOLS_DIFFER,
            id="addresses of two pools",
        ),
    ],
)
def test_a_refusal_says_what_each_pool_answered_and_what_to_do(given, asked, message, code):
    refusal = allocate(given, asked)
    assert (str(refusal), refusal.code) == (message, code)


def test_a_refusal_of_a_long_pool_name_among_many_pools_can_be_held_by_an_event():
    many = [pool(f"pool-{n:03}", f"10.0.{n}.0/24") for n in range(200)]
    assert len(str(allocate(space(*many), request(pool="x" * 100_000)))) < 1024


def test_allocating_takes_nothing():
    given = space(SMALL)
    assert allocate(given, request()) == allocate(given, request())
    assert list(given.holders()) == []


@pytest.mark.parametrize(
    ("given", "asked", "held", "fits"),
    [
        pytest.param(space(SMALL), request(), "192.0.2.1", "192.0.2.1", id="of a pool"),
        pytest.param(space(SMALL, web="192.0.2.1"), request(), "192.0.2.1", "192.0.2.1", id="held by it"),
        pytest.param(
            space(MANUAL), request(), "203.0.113.1", "203.0.113.1", id="of a pool to be named, but held"
        ),
        pytest.param(space(SMALL), request((6,)), "192.0.2.1", "", id="of the other family"),
        pytest.param(space(SMALL), request(asked=["192.0.2.2"]), "192.0.2.1", "", id="not the one asked"),
        pytest.param(space(SMALL, LARGE), request(pool="large"), "192.0.2.1", "", id="of another pool"),
        pytest.param(space(SMALL), request(), "10.0.0.1", "", id="of no pool"),
        pytest.param(
            space(SMALL, unread={"lost"}), request(), "10.0.0.1", "10.0.0.1", id="perhaps of a refused"
        ),
        pytest.param(
            space(unread={"lost"}),
            request(pool="lost"),
            "10.0.0.1",
            "10.0.0.1",
            id="perhaps of the refused named",
        ),
        pytest.param(
            space(SMALL, unread={"lost"}),
            request(pool="small"),
            "10.0.0.1",
            "",
            id="not of the pool named",
        ),
        pytest.param(space(SMALL, other="192.0.2.1"), request(), "192.0.2.1", "", id="held by another"),
        pytest.param(
            space(pool("a", "192.0.2.0/24", kept=GOLD, is_draining=True)),
            request(),
            "192.0.2.1",
            "192.0.2.1",
            id="of a pool that is kept for others now, and drains",
        ),
        pytest.param(
            space(SMALL, SIX),
            request(*BOTH),
            "2001:db8::1 192.0.2.1",
            "2001:db8::1 192.0.2.1",
            id="both, though of two pools",
        ),
        pytest.param(space(SMALL), request(*BOTH), "192.0.2.1", "", id="one of two that are required"),
        pytest.param(
            space(SMALL), request(*PREFERRED), "192.0.2.1", "192.0.2.1", id="one of two that are preferred"
        ),
        pytest.param(
            space(SMALL, SIX),
            request(),
            "192.0.2.1 2001:db8::1",
            "192.0.2.1",
            id="two where one is asked for",
        ),
        pytest.param(
            space(SIX),
            request(*PREFERRED),
            "192.0.2.1 2001:db8::1",
            "2001:db8::1",
            id="two, of which one is in no pool any more",
        ),
        pytest.param(
            space(SMALL, shared=[("other", "k", 80, "192.0.2.1")]),
            request(key="k", ports=[443]),
            "192.0.2.1",
            "192.0.2.1",
            id="shared",
        ),
        pytest.param(
            space(SMALL, shared=[("other", "k", 80, "192.0.2.1")]),
            request(key="k", ports=[80]),
            "192.0.2.1",
            "",
            id="shared, and a port that another has",
        ),
    ],
)
def test_what_is_held_fits_a_request(given, asked, held, fits):
    assert fitting(given, asked, addresses(*held.split())) == addresses(*fits.split())


@pytest.mark.parametrize(
    ("given", "asked", "held", "expected"),
    [
        pytest.param(space(DUAL), request(), "203.0.113.1", "203.0.113.1", id="nothing is missing"),
        pytest.param(
            space(DUAL), request(*PREFERRED), "203.0.113.1", "203.0.113.1 fd00::", id="the other family"
        ),
        pytest.param(
            space(DUAL),
            request(*PREFERRED),
            "fd00::1",
            "fd00::1 203.0.113.0",
            id="what it has stays the first",
        ),
        pytest.param(
            space(SMALL, SIX), request(*PREFERRED), "192.0.2.1", "192.0.2.1", id="of the same pool only"
        ),
        pytest.param(
            space(DUAL, a="203.0.113.0", b="203.0.113.1"),
            request(*PREFERRED),
            "fd00::1",
            "fd00::1",
            id="full",
        ),
        pytest.param(
            space(pool("a", "192.0.2.0/24", "fd00::/64", is_draining=True)),
            request(*PREFERRED),
            "192.0.2.1",
            "192.0.2.1",
            id="nothing more of a pool that drains",
        ),
        pytest.param(
            space(pool("a", "192.0.2.0/24", "fd00::/64", kept=GOLD)),
            request(*PREFERRED),
            "192.0.2.1",
            "192.0.2.1",
            id="nothing more of a pool that is kept for others",
        ),
        pytest.param(
            space(DUAL),
            request((4,), asked=["203.0.113.1"]),
            "203.0.113.1",
            "203.0.113.1",
            id="no more than is asked for",
        ),
        pytest.param(
            space(unread={"lost"}),
            request(*PREFERRED),
            "10.0.0.1",
            "10.0.0.1",
            id="of a pool that is refused",
        ),
        pytest.param(
            space(DUAL, shared=[("a", "k", 80, "fd00::2")]),
            request(*PREFERRED, key="k", ports=[443]),
            "203.0.113.1",
            "203.0.113.1 fd00::2",
            id="beside those of its sharing key",
        ),
    ],
)
def test_what_is_held_is_completed(given, asked, held, expected):
    assert completed(given, asked, addresses(*held.split())) == addresses(*expected.split())


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
        pool(f"p{at}", f"10.0.{at}.0/31", auto_assign=auto, kept=kept)
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
            asked=[] if wanted is None else [f"10.0.{wanted}.1"],
            labels=labels,
        ),
    )

    assert isinstance(chosen, Allocation) is bool(able)
    if able:
        assert chosen.pool == min(able, key=turn).name
