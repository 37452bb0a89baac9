from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import Raw, json
from msgspec.structs import replace

from lb.api.custom_resource import CustomResource
from lb.api.meta import ObjectMeta
from lb.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceSpec, ServiceStatus
from lb.config.config import Config, Pool, Reservation
from lb.config.parser import parse
from lb.config.ranges import AddressRange, parse_range
from lb.config.resources import Resources
from lb.ipam.decision import Outcome, decide, import_holding
from lb.ipam.space import Space, capacity

ONE, TWO, OUTSIDE = map(ip_address, ["192.0.2.1", "192.0.2.2", "10.0.0.1"])
POOL = Pool("a", {}, (parse_range("192.0.2.0/24"),), True, True)


def space():
    return Space(Config({"a": POOL}))


def test_an_address_is_never_held_twice():
    made = space()
    made.hold("shop/one", ONE)
    with pytest.raises(ValueError, match=r"^192\.0\.2\.1 is held by shop/one; shop/two cannot hold it too$"):
        made.hold("shop/two", ONE)
    assert (made.held_by("shop/one"), made.held_by("shop/two")) == (ONE, None)


def test_a_service_that_holds_another_address_gives_up_the_first():
    made = space()
    made.hold("shop/one", ONE)
    made.hold("shop/one", TWO)
    assert (made.held_by("shop/one"), made.holder_of(ONE), made.holder_of(TWO)) == (TWO, None, "shop/one")
    assert made.in_use(POOL, 4) == 1
    assert made.lowest_free(POOL, 4) == ONE


def test_holding_what_one_holds_changes_nothing():
    made = space()
    made.hold("shop/one", ONE)
    made.hold("shop/one", ONE)
    assert (list(made.holders()), made.in_use(POOL, 4)) == (["shop/one"], 1)


def test_releasing_tells_what_was_held():
    made = space()
    made.hold("shop/one", ONE)
    assert [made.release("shop/one"), made.release("shop/one"), made.release("shop/two")] == [ONE, None, None]


def test_an_address_outside_every_pool_is_held_but_not_counted():
    made = space()
    made.hold("shop/one", OUTSIDE)
    assert (made.held_by("shop/one"), made.in_use(POOL, 4)) == (OUTSIDE, 0)
    assert made.release("shop/one") == OUTSIDE


def test_an_address_that_the_pool_leaves_out_is_not_counted_and_not_handed_out():
    made = space()
    made.hold("shop/one", ip_address("192.0.2.0"))
    assert made.in_use(POOL, 4) == 0
    made.release("shop/one")
    assert made.lowest_free(POOL, 4) == ONE


def test_holdings_outlive_the_pools():
    made = space()
    made.hold("shop/one", ONE)
    made.use(Config())
    assert (made.held_by("shop/one"), made.in_use(POOL, 4)) == (ONE, 0)
    made.use(Config({"a": POOL}))
    assert (made.in_use(POOL, 4), made.lowest_free(POOL, 4)) == (1, TWO)


@given(
    st.sampled_from([4, 6]), st.tuples(st.integers(0, 700), st.integers(0, 700)).map(sorted), st.booleans()
)
def test_the_capacity_is_what_can_be_handed_out(version, ends, avoid):
    pool = Pool("a", {}, (AddressRange(version, *ends),), True, avoid)
    made, handed_out = Space(Config({"a": pool})), 0
    while (address := made.lowest_free(pool, version)) is not None:
        made.hold(f"shop/{handed_out}", address)
        handed_out += 1
    assert capacity(pool, version) == made.in_use(pool, version) == handed_out
    assert capacity(pool, 10 - version) == 0


def test_the_capacity_of_all_ipv6_addresses_is_counted_without_a_walk():
    assert capacity(Pool("a", {}, (parse_range("::/0"), parse_range("10.0.0.0/8")), True, True), 6) == 2**128


LAST = 11
CLUSTER_IPS = {4: "10.96.0.1", 6: "fd00:96::1"}
FORMS = {4: "10.0.0.{}", 6: "fd00::{:x}"}


@pytest.mark.parametrize(
    ("kept", "names"),
    [
        pytest.param({"b": None, "a": None}, ["a", "b"], id="by name"),
        pytest.param(
            {"a": None, "b": Reservation()}, ["b", "a"], id="the kept before those that are for all"
        ),
        pytest.param(
            {"a": Reservation(2), "b": Reservation(1), "c": Reservation(-1)},
            ["c", "b", "a"],
            id="by priority",
        ),
        pytest.param({"a": Reservation(0), "b": Reservation(9)}, ["b", "a"], id="0 is last"),
        pytest.param(
            {"a": None, "b": Reservation(0), "c": Reservation(1), "d": Reservation(1)},
            ["c", "d", "b", "a"],
            id="all of it",
        ),
    ],
)
def test_pools_have_their_turn(kept, names):
    pools = {name: replace(POOL, name=name, ranges=(), reservation=each) for name, each in kept.items()}
    assert [each.name for each in Space(Config(pools)).pools] == names


def address(version, number):
    return ip_address(FORMS[version].format(number))


def ranges():
    ends = st.tuples(st.integers(0, LAST), st.integers(0, LAST)).map(sorted)
    return st.builds(
        lambda version, ends: f"{address(version, ends[0])}-{address(version, ends[1])}",
        st.sampled_from([4, 4, 6]),
        ends,
    )


SERVICES = st.sampled_from([f"s{n}" for n in range(8)])
POOLS = st.sampled_from(["a", "b", "c"])
SPECS = st.fixed_dictionaries(
    {
        "addresses": st.lists(ranges(), min_size=1, max_size=2) | st.just(["typo"]),
        "autoAssign": st.sampled_from([True, True, False]),
        "avoidBuggyIPs": st.booleans(),
    },
    optional={
        "serviceAllocation": st.fixed_dictionaries(
            {},
            optional={
                "priority": st.integers(-1, 2),
                "namespaces": st.sampled_from([["shop"], ["bank"]]),
                "serviceSelectors": st.just([{"matchLabels": {"tier": "gold"}}]),
            },
        )
    },
)
ADDRESSES = st.builds(address, st.sampled_from([4, 4, 6]), st.integers(0, LAST))


class Allocator(RuleBasedStateMachine):
    """Space and decide(), beside a model that keeps a dict and looks at every address each time."""

    def __init__(self):
        super().__init__()
        self.objects, self.services, self.model = {}, {}, {}
        self.config, self.space = Config(), Space()

    # The model.

    def pool_of(self, address):
        return next((name for name, each in self.config.pools.items() if address in self.all_of(each)), None)

    def all_of(self, pool):
        """Every address of *pool*, in the order in which they are handed out."""
        every = [span.address(n) for span in pool.ranges for n in range(span.first, span.last + 1)]
        return [each for each in every if not (pool.avoid_buggy_ips and str(each).endswith(".0"))]

    def admits(self, pool, name):
        kept = pool.reservation
        others = kept is not None and kept.namespaces == {"bank"}
        gold = kept is not None and bool(kept.service_selectors)
        return not others and (not gold or self.labels(name) == {"tier": "gold"})

    def labels(self, name):
        return {"tier": "gold"} if int(name[1:]) % 2 else {}

    def free(self, name, versions, pool, wanted):
        """Every address that Service *name* could be given, the best first."""

        def turn(each):
            kept = each.reservation
            return (kept is None, kept.priority == 0, kept.priority) if kept else (True, True, 0)

        taken = {address for holder, address in self.model.items() if holder != name}
        pools = [
            each
            for each in sorted(self.config.pools.values(), key=turn)
            if pool == each.name or (pool is None and (each.auto_assign or wanted is not None))
            if self.admits(each, name)
        ]
        return [
            address
            for version in versions
            for each in pools
            for address in self.all_of(each)
            if address.version == version and address not in taken and wanted in (None, address)
        ]

    def expected(self, name):
        """The outcome and address that *name* should get."""
        versions, pool, wanted = self.services[name]
        held = self.model.get(name)
        place = self.pool_of(held) if held else None
        lost = held is not None and place is None and not self.config.unread
        if wanted is not None and wanted.version not in versions:
            free = []
        else:
            right_pool = pool is None or pool == place or (place is None and pool in self.config.unread)
            if held and not lost and right_pool and held.version in versions and wanted in (None, held):
                return Outcome.KEPT, held
            free = self.free(name, versions, pool, wanted)
        if free:
            return Outcome.ASSIGNED, free[0]
        if held is None:
            return Outcome.REFUSED, None
        return (Outcome.CLEARED, None) if lost else (Outcome.KEPT, held)

    # The thing itself.

    def object(self, name):
        versions, pool, wanted = self.services[name]
        annotations = {"metallb.io/address-pool": pool} if pool else {}
        held = self.model.get(name)
        return Service(
            ObjectMeta(name=name, namespace="shop", annotations=annotations, labels=self.labels(name)),
            ServiceSpec(
                type="LoadBalancer",
                cluster_ips=tuple(CLUSTER_IPS[version] for version in versions),
                load_balancer_ip=str(wanted) if wanted else "",
            ),
            ServiceStatus(LoadBalancerStatus((LoadBalancerIngress(ip=str(held)),) if held else ())),
        )

    def decide(self, name):
        outcome, address = self.expected(name)
        decision = decide(self.space, self.object(name), None)
        assert (decision.outcome, decision.address) == (outcome, address)
        assert decision.pool == (self.pool_of(address) if address else None)
        assert decision.complaint or outcome in (Outcome.KEPT, Outcome.ASSIGNED)
        if address is None:
            self.model.pop(name, None)
        else:
            self.model[name] = address

    def read_pools(self, last_good):
        pools = [
            CustomResource(ObjectMeta(name=name), Raw(json.encode(spec)))
            for name, spec in self.objects.items()
        ]
        self.config = parse(Resources(pools=tuple(pools)), last_good).config

    @initialize()
    def there_are_two_pools(self):
        for name, low, high in [("a", 0, 3), ("b", 4, 7)]:
            self.objects[name] = {"addresses": [f"{address(4, low)}-{address(4, high)}"]}
        self.pools_change()

    @rule(
        name=SERVICES,
        versions=st.sampled_from([(4,), (4,), (6,), (6, 4)]),
        pool=st.none() | POOLS,
        wanted=st.none() | st.none() | ADDRESSES,
    )
    def a_service_comes_or_changes(self, name, versions, pool, wanted):
        self.services[name] = versions, pool, wanted
        self.decide(name)

    @rule(name=SERVICES)
    def a_plain_service_comes(self, name):
        self.a_service_comes_or_changes(name, (4,), None, None)

    @rule(name=SERVICES)
    def a_service_goes(self, name):
        self.services.pop(name, None)
        assert self.space.release(f"shop/{name}") == self.model.pop(name, None)

    @rule(name=POOLS, spec=SPECS)
    def a_pool_comes_or_changes(self, name, spec):
        self.objects[name] = spec
        self.pools_change()

    @rule(name=POOLS)
    def a_pool_goes(self, name):
        self.objects.pop(name, None)
        self.pools_change()

    def pools_change(self):
        self.read_pools(self.config)
        self.space.use(self.config)
        self.settle()

    @rule()
    def settle(self):
        for name in sorted(self.services):
            self.decide(name)

    @rule()
    def the_controller_restarts(self):
        """What it had as last good is forgotten; the statuses of the Services are not."""
        self.read_pools(Config())
        self.space = Space(self.config)
        for name in sorted(self.services):
            assert import_holding(self.space, self.object(name)) is (name in self.model)
        self.every_holding_is_the_model_s()
        self.settle()

    @invariant()
    def every_holding_is_the_model_s(self):
        assert sorted(self.space.holders()) == sorted(f"shop/{name}" for name in self.model)
        assert len(set(self.model.values())) == len(self.model)
        for name, address in self.model.items():
            assert self.space.held_by(f"shop/{name}") == address
            assert self.space.holder_of(address) == f"shop/{name}"

    @invariant()
    def every_held_address_lies_in_a_pool_or_perhaps_in_one_that_is_unread(self):
        assert self.config.unread or all(self.pool_of(address) for address in self.model.values())

    @invariant()
    def addresses_are_counted(self):
        for name, pool in self.config.pools.items():
            for version in (4, 6):
                held = [each for each in self.model.values() if each.version == version]
                assert self.space.in_use(pool, version) == sum(self.pool_of(each) == name for each in held)


TestAllocator = Allocator.TestCase
TestAllocator.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
