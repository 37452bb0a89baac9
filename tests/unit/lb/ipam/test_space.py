from collections import Counter
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from lb.config.config import Config, Pool, Reservation
from lb.config.ranges import AddressRange, parse_range
from lb.ipam import space as module
from lb.ipam.space import Holding, Space, capacity
from lb.ipam.terms import Terms, objection

ONE, TWO, THREE, OUTSIDE = map(ip_address, ["192.0.2.1", "192.0.2.2", "192.0.2.3", "10.0.0.1"])
SIX = ip_address("2001:db8::1")
POOL = Pool("a", {}, (parse_range("192.0.2.0/24"),), True, True)
SMALL = Pool("a", {}, (parse_range("192.0.2.1-192.0.2.3"), parse_range("2001:db8::/126")), True, False)
LOW_AND_HIGH = {"a": "192.0.2.1-192.0.2.1", "b": "192.0.2.2-192.0.2.3"}
PORT = frozenset({("TCP", 80)})


def space(*pools):
    return Space(Config({each.name: each for each in pools or (POOL,)}))


def hold(made, name, *addresses, key="", ports=frozenset()):
    made.hold(addresses, Terms(f"shop/{name}", key, ports=ports))


def given_away(made, pool, version=4, most=9):
    """What Services that come one after the other get of *pool*."""
    found = []
    while len(found) < most and (address := made.next_free(pool, version)) is not None:
        hold(made, f"new-{address}", address)
        found.append(address)
    return found


def test_an_address_is_never_held_twice():
    made = space()
    hold(made, "one", ONE)
    why = r"^shop/two cannot hold 192\.0\.2\.1: Service shop/one shares its address with none$"
    with pytest.raises(ValueError, match=why):
        hold(made, "two", TWO, ONE, key="front")
    assert (made.held_by("shop/one"), made.held_by("shop/two")) == ((ONE,), ())
    assert made.tenants(TWO) == ()


def test_services_that_share_hold_one_address_until_the_last_has_gone():
    made = space()
    hold(made, "one", ONE, key="front")
    hold(made, "two", ONE, key="front")
    assert (made.tenants(ONE), made.in_use(POOL, 4)) == (("shop/one", "shop/two"), 1)
    made.release("shop/one")
    assert (made.tenants(ONE), list(made.shared_with("front"))) == (("shop/two",), [ONE])
    made.release("shop/two")
    assert (made.tenants(ONE), made.in_use(POOL, 4), list(made.shared_with("front"))) == ((), 0, [])


def test_addresses_of_a_key_are_told_in_the_order_in_which_they_were_held():
    made = space()
    hold(made, "one", TWO, key="front", ports=PORT)
    hold(made, "two", ONE, key="front", ports=PORT)
    hold(made, "three", THREE, key="back")
    assert list(made.shared_with("front")) == [TWO, ONE]
    assert list(made.shared_with("")) == []


def test_a_service_that_is_alone_on_its_address_can_change_its_terms():
    made = space()
    hold(made, "one", ONE, key="front")
    hold(made, "one", ONE, key="back")
    assert (list(made.shared_with("front")), list(made.shared_with("back"))) == ([], [ONE])
    assert made.holding("shop/one") == Holding((ONE,), Terms("shop/one", "back"))


def test_an_objection_is_to_others_only():
    made = space()
    hold(made, "one", ONE, key="front", ports=PORT)
    assert made.objection(ONE, Terms("shop/one")) is None
    assert made.objection(TWO, Terms("shop/two")) is None
    why = "port TCP/80 of it is in use by Service shop/one"
    assert made.objection(ONE, Terms("shop/two", "front", ports=PORT)) == why


def test_a_service_that_holds_another_address_gives_up_the_first():
    made = space()
    hold(made, "one", ONE)
    hold(made, "one", TWO)
    assert (made.held_by("shop/one"), made.tenants(ONE), made.tenants(TWO)) == ((TWO,), (), ("shop/one",))
    assert made.in_use(POOL, 4) == 1


def test_holding_what_one_holds_changes_nothing():
    made = space()
    hold(made, "one", ONE)
    hold(made, "one", ONE)
    assert (list(made.holders()), made.in_use(POOL, 4)) == (["shop/one"], 1)


def test_releasing_tells_what_was_held():
    made = space()
    hold(made, "one", ONE, SIX)
    assert [made.release("shop/one"), made.release("shop/one"), made.release("shop/two")] == [
        (ONE, SIX),
        (),
        (),
    ]


def test_an_address_outside_every_pool_is_held_but_not_counted():
    made = space()
    hold(made, "one", OUTSIDE)
    assert (made.tenants(OUTSIDE), made.in_use(POOL, 4), made.in_use(POOL, 6)) == (("shop/one",), 0, 0)
    assert made.release("shop/one") == (OUTSIDE,)
    assert made.tenants(OUTSIDE) == ()


def test_an_address_that_the_pool_leaves_out_is_not_counted_and_not_handed_out():
    made = space()
    hold(made, "one", ip_address("192.0.2.0"))
    assert made.in_use(POOL, 4) == 0
    made.release("shop/one")
    assert made.next_free(POOL, 4) == ONE


@pytest.mark.parametrize("before", [False, True])
def test_a_pool_that_begins_or_ceases_to_leave_addresses_out_does_so_at_once(before):
    pool = Pool("a", {}, (parse_range("192.0.2.0-192.0.2.1"),), True, before)
    made = space(pool)
    changed = replace(pool, avoid_buggy_ips=not before)
    made.use(Config({"a": changed}))
    assert list(map(str, given_away(made, changed))) == (
        ["192.0.2.1"] if not before else ["192.0.2.0", "192.0.2.1"]
    )


def test_holdings_outlive_the_pools():
    made = space()
    hold(made, "one", ONE)
    made.use(Config())
    assert (made.held_by("shop/one"), made.tenants(ONE)) == ((ONE,), ("shop/one",))
    made.use(Config({"a": POOL}))
    assert (made.in_use(POOL, 4), made.next_free(POOL, 4)) == (1, TWO)


LOW, HIGH = (Pool(name, {}, (parse_range(text),), True, False) for name, text in LOW_AND_HIGH.items())


@pytest.mark.parametrize(
    ("pools", "loses"),
    [
        pytest.param([SMALL], False, id="the same"),
        pytest.param([replace(SMALL, name="b")], False, id="another name"),
        pytest.param([LOW], True, id="a part of it"),
        pytest.param([LOW, HIGH], False, id="split"),
        pytest.param([replace(SMALL, ranges=SMALL.ranges[:1])], False, id="without what nobody has"),
        pytest.param([], True, id="none"),
    ],
)
def test_a_configuration_takes_addresses_away_if_somebody_has_one_that_is_in_no_pool_of_it(pools, loses):
    made = space(SMALL)
    hold(made, "one", ONE)
    hold(made, "two", TWO)
    hold(made, "three", OUTSIDE)
    assert made.loses(Config({each.name: each for each in pools})) is loses


def test_an_address_that_was_just_freed_is_the_last_to_be_given_away():
    made = space(SMALL)
    for name, address in (("one", ONE), ("two", TWO)):
        hold(made, name, address)
    for name in ("two", "one"):
        made.release(f"shop/{name}")
    assert given_away(made, SMALL) == [THREE, TWO, ONE]


EDITS = [
    pytest.param([replace(SMALL, name="b")], id="renamed"),
    pytest.param([replace(SMALL, ranges=(*SMALL.ranges, parse_range("192.0.2.4/32")))], id="grown"),
    pytest.param([replace(SMALL, ranges=(parse_range("192.0.2.0/24"),))], id="widened"),
    pytest.param(
        [replace(SMALL, name=name, ranges=SMALL.ranges[at : at + 1]) for at, name in enumerate("bc")],
        id="split",
    ),
    pytest.param([replace(SMALL, avoid_buggy_ips=True)], id="avoiding"),
]


@pytest.mark.parametrize("changed", [*EDITS, pytest.param([], id="deleted, and created again")])
def test_what_was_just_freed_goes_last_in_whatever_pool_it_lies_then(changed):
    made = space(SMALL)
    hold(made, "one", ONE)
    made.release("shop/one")
    made.use(Config({each.name: each for each in changed}))
    pools = changed or [SMALL]
    made.use(Config({each.name: each for each in pools}))
    assert given_away(made, pools[0], most=300)[-1] == ONE


@pytest.mark.parametrize("changed", EDITS)
def test_what_a_service_left_that_holds_another_goes_last_even_if_the_pool_was_edited(changed):
    made = space(SMALL)
    hold(made, "one", ONE)
    hold(made, "one", OUTSIDE)
    made.use(Config({each.name: each for each in changed}))
    assert given_away(made, changed[0], most=300)[-1] == ONE


def test_what_a_service_held_last_is_remembered_until_it_holds_something():
    made = space(SMALL)
    hold(made, "one", ONE, SIX)
    assert made.last_of("shop/one") == ()
    made.release("shop/one")
    assert (made.last_of("shop/one"), made.last_of("shop/two")) == ((ONE, SIX), ())
    hold(made, "one", TWO)
    made.release("shop/one", remember=False)
    assert made.last_of("shop/one") == ()


def test_of_very_many_services_the_latest_are_remembered():
    made = space()
    for number in range(module.REMEMBERED + 2):
        hold(made, number, ONE)
        made.release(f"shop/{number}")
    assert [len(made.last_of(f"shop/{number}")) for number in (0, 1, 2, module.REMEMBERED + 1)] == [
        0,
        0,
        1,
        1,
    ]


def test_pools_are_asked_by_priority_and_then_by_name_those_for_all_last():
    kept = {"z": Reservation(1), "y": Reservation(1), "x": Reservation(2), "b": Reservation(0)}
    pools = [
        Pool(name, {}, (parse_range(f"10.0.{at}.0/24"),), True, False, kept.get(name))
        for at, name in enumerate("cxzyab")
    ]
    assert [each.name for each in space(*pools).pools] == ["y", "z", "x", "b", "a", "c"]


@given(
    st.sampled_from([4, 6]), st.tuples(st.integers(0, 700), st.integers(0, 700)).map(sorted), st.booleans()
)
def test_the_capacity_is_what_can_be_handed_out(version, ends, avoid):
    pool = Pool("a", {}, (AddressRange(version, *ends),), True, avoid)
    made = space(pool)
    handed_out = len(given_away(made, pool, version, most=1000))
    assert capacity(pool, version) == made.in_use(pool, version) == handed_out
    assert capacity(pool, 10 - version) == 0


def test_the_capacity_of_all_ipv6_addresses_is_counted_without_a_walk():
    assert capacity(Pool("a", {}, (parse_range("::/0"), parse_range("10.0.0.0/8")), True, True), 6) == 2**128


def test_a_change_of_one_pool_leaves_the_services_of_the_others_alone():
    other = Pool("b", {}, (parse_range("198.51.100.0/24"),), True, False)
    made = space(POOL, other)
    hold(made, "one", ONE)
    hold(made, "far", ip_address("198.51.100.7"))
    assert made.use(Config({"a": replace(POOL, is_draining=True), "b": other})) == {"shop/one"}
    assert made.use(Config({"c": replace(POOL, name="c"), "b": other})) == {"shop/one"}
    assert made.use(Config({"b": other})) == {"shop/one"}
    assert made.use(Config({"b": other})) == {"shop/one"}  # its address still lies in no pool


EVERY = [ip_address(f"10.0.0.{number}") for number in range(8)] + [
    ip_address(f"fd00::{number}") for number in range(4)
]
SERVICES = st.builds(
    Terms,
    st.sampled_from([f"shop/{name}" for name in "abcde"]),
    st.sampled_from(["", "x", "y"]),
    st.just(""),
    st.frozensets(st.sampled_from([("TCP", 80), ("TCP", 443)])),
)


@st.composite
def configs(draw):
    """Pools over parts of EVERY, none overlapping; their names change as they please."""
    pools, names = {}, draw(st.permutations("abc"))
    for name in names[: draw(st.integers(0, 3))]:
        spans = [
            each
            for each in draw(st.lists(st.sampled_from(_SPANS), max_size=2))
            if not any(each.overlaps(other) for pool in pools.values() for other in pool.ranges)
        ]
        spans = [each for at, each in enumerate(spans) if not any(map(each.overlaps, spans[:at]))]
        if spans:
            pools[name] = Pool(name, {}, tuple(spans), True, draw(st.booleans()))
    return Config(pools)


_SPANS = [
    parse_range(text)
    for text in (
        "10.0.0.0-10.0.0.3",
        "10.0.0.0-10.0.0.1",
        "10.0.0.2-10.0.0.3",
        "10.0.0.3-10.0.0.5",
        "10.0.0.6-10.0.0.7",
        "10.0.0.0-10.0.0.7",
        "fd00::0-fd00::1",
        "fd00::0-fd00::3",
    )
]


class Incremental(RuleBasedStateMachine):
    """A space that goes from one configuration to the next, beside a dict."""

    def __init__(self):
        super().__init__()
        self.config, self.space, self.model = Config(), Space(), {}

    def is_held_by(self, address):
        return [name for name, each in self.model.items() if address in each.addresses]

    def free(self, pool, version):
        return {
            each
            for each in EVERY
            if each.version == version and self.config.pool_of(each) == pool and not self.is_held_by(each)
        }

    @rule(terms=SERVICES, addresses=st.lists(st.sampled_from(EVERY), min_size=1, max_size=2, unique=True))
    def a_service_holds(self, terms, addresses):
        others = [each for name, each in self.model.items() if name != terms.service]
        wrong = any(
            objection(terms, each.terms) is not None
            for each in others
            if set(each.addresses) & set(addresses)
        )
        if wrong:
            with pytest.raises(ValueError, match="cannot hold"):
                self.space.hold(tuple(addresses), terms)
        else:
            self.space.hold(tuple(addresses), terms)
            self.model[terms.service] = Holding(tuple(addresses), terms)

    @rule(terms=SERVICES)
    def a_service_takes_what_is_next(self, terms):
        for pool in self.space.pools:
            if (address := self.space.next_free(pool, 4)) is not None:
                self.a_service_holds(terms, [address])

    @rule(terms=SERVICES)
    def a_service_lets_go(self, terms):
        held = self.model.pop(terms.service, None)
        assert self.space.release(terms.service) == (held.addresses if held else ())

    @rule(config=configs())
    def the_pools_change(self, config):
        before, self.config = self.config, config
        concerned = self.space.use(config)
        same = {name for name, pool in config.pools.items() if before.pools.get(name) == pool}
        assert concerned == {
            name
            for name, each in self.model.items()
            for address in each.addresses
            if (pool := config.pool_of(address)) is None or pool.name not in same
        }

    @invariant()
    def it_is_as_one_that_is_built_anew(self):
        anew = Space(self.config)
        for each in self.model.values():
            anew.hold(each.addresses, each.terms)
        for made in (self.space, anew):
            assert {name: made.holding(name) for name in made.holders()} == self.model
            for address in EVERY:
                assert sorted(made.tenants(address)) == sorted(self.is_held_by(address))
            for key in ("x", "y"):
                held = {a for each in self.model.values() if each.terms.key == key for a in each.addresses}
                assert Counter(made.shared_with(key)) == Counter(held)
            for pool in self.config.pools.values():
                for version in (4, 6):
                    free = self.free(pool, version)
                    assert made.in_use(pool, version) == capacity(pool, version) - len(free)
                    assert made.next_free(pool, version) in (free or {None})

    def teardown(self):
        for pool in self.config.pools.values():
            for version in (4, 6):
                free = self.free(pool, version)
                assert Counter(given_away(self.space, pool, version, 20)) == Counter(free)


TestIncremental = Incremental.TestCase
TestIncremental.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


ASIDE = replace(SMALL, quarantined=frozenset({TWO, SIX, OUTSIDE}))


def test_what_is_set_aside_is_given_to_nobody_and_not_counted():
    made = space(ASIDE)
    assert given_away(made, ASIDE) == [ONE, THREE]
    assert (capacity(ASIDE, 4), capacity(ASIDE, 6)) == (2, 3)
    assert made.in_use(ASIDE, 4) == 2


def test_what_is_set_aside_and_avoided_is_left_out_once():
    pool = replace(POOL, quarantined=frozenset({ip_address("192.0.2.0"), ONE}))
    assert capacity(pool, 4) == 253


def test_who_holds_what_is_set_aside_is_concerned_and_it_is_free_again_afterwards():
    made = space(SMALL)
    hold(made, "web", TWO)
    aside = Config({"a": ASIDE})
    assert made.loses(aside)
    assert made.use(aside) == {"shop/web"}
    made.release("shop/web", remember=False)
    made.use(Config({"a": SMALL}))
    assert given_away(made, SMALL) == [ONE, TWO, THREE]
