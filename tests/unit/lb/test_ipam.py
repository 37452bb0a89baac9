"""The allocator as a whole, beside one that is simple and slow."""

from itertools import chain, combinations, permutations, product

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from lb.api.meta import LabelSelector
from lb.config.config import Config, Pool, Reservation
from lb.config.ranges import parse_range
from lb.ipam.decision import Outcome, decide, import_holding
from lb.ipam.space import Space
from tests.unit.lb.ipam.naive import Naive, Wish, service

NAMES = ("shop/a", "shop/b", "shop/c", "gold/d", "gold/e")
BORN = {name: f"2026-01-0{at // 2 + 1}T00:00:00Z" for at, name in enumerate(reversed(NAMES))}
"""When each was created: some at the same time."""
WISHES = [
    *(Wish(family) for family in ("four", "six", "require", "prefer", "prefer six")),
    *(Wish(family) for family in ("four", "require", "prefer")),
    *(Wish(family, key="k", port=port) for family in ("four", "require", "prefer") for port in (80, 443)),
    *(Wish("four", key="k", port=port, consents=True) for port in (80, 443, 81)),
    Wish("four", key="k", port=443, local="x"),
    Wish("four", key="k", port=80, local="x"),
    Wish("four", key="k", port=81, local="y"),
    Wish("four", key="j", port=443),
    Wish("four", tier="gold"),
    *(Wish(family, pool=pool) for family in ("four", "require", "prefer") for pool in ("a", "b")),
    Wish("four", key="k", port=443, pool="b"),
    *(Wish("four", asked=address) for address in ("192.0.2.1", "192.0.2.2", "192.0.2.255", "10.0.0.1")),
    Wish("four", key="k", port=443, asked="192.0.2.1"),
    Wish("four", pool="a", asked="192.0.2.2"),
    Wish("require", asked="2001:db8::1 192.0.2.1"),
    Wish("wrong"),
]
LAYOUTS = [
    {"a": "192.0.2.1-192.0.2.2 2001:db8::1-2001:db8::2", "b": "192.0.2.3-192.0.2.4"},
    {"a": "192.0.2.1-192.0.2.2", "b": "2001:db8::1-2001:db8::3"},
    {"a": "192.0.2.1-192.0.2.4 2001:db8::1-2001:db8::2"},
    {"a": "192.0.2.1/32", "b": "192.0.2.2/32 2001:db8::1-2001:db8::2", "c": "192.0.2.3/32"},
    {"a": "192.0.2.3-192.0.2.5 192.0.2.1/32", "c": "192.0.2.2/32 2001:db8::2/128"},
    {"a": "192.0.2.254-192.0.3.1 2001:db8::1/128", "b": "192.0.2.1/32"},
    {"b": "192.0.2.0/29 2001:db8::/126"},
]
KINDS = [
    {},
    {"is_draining": True},
    {"auto_assign": False},
    {"avoid_buggy_ips": True},
    {"reservation": Reservation(namespaces=frozenset({"gold"}))},
    {"reservation": Reservation(priority=2)},
    {"reservation": Reservation(service_selectors=(LabelSelector({"tier": "gold"}),))},
]


def config(layout, kinds, unread=()):
    plain = [
        Pool(name, {}, tuple(map(parse_range, text.split())), True, False) for name, text in layout.items()
    ]
    made = [replace(pool, **kind) for pool, kind in zip(plain, kinds, strict=False)]
    return Config({pool.name: pool for pool in [*made, *plain[len(made) :]]}, unread=frozenset(unread))


CONFIGS = [
    *(config(layout, ()) for layout in LAYOUTS for _ in KINDS),
    *(config(layout, kinds) for layout in LAYOUTS for kinds in product(KINDS, repeat=2)),
    *(config(layout, (), {"lost"}) for layout in LAYOUTS),
]
ORDERS = st.sampled_from(list(permutations(NAMES)))


class Allocating(RuleBasedStateMachine):
    """All Services are decided upon until nothing changes any more, whenever anything has changed."""

    @initialize(
        configs=st.lists(st.sampled_from(CONFIGS), min_size=2, max_size=4),
        wishes=st.lists(st.sampled_from(WISHES), min_size=1, max_size=4),
        shares_freely=st.sampled_from([False, False, True]),
    )
    def begin(self, configs, wishes, shares_freely):
        self.configs, self.kinds, self.shares_freely = configs, wishes, shares_freely
        self.wishes = {}
        self.start(configs[0])

    def start(self, config):
        self.space = Space(config)
        self.naive = Naive(config, self.shares_freely)

    def decided(self, name):
        """Decide about *name*, and compare that with what is to be expected."""
        wish, naive = self.wishes[name], self.naive
        had = naive.addresses(name)
        decision = decide(self.space, service(name, wish), None, self.shares_freely)
        has = decision.addresses
        assert self.space.held_by(name) == has
        fits = naive.fits(name, wish) if wish.family != "wrong" else None
        wanted = naive.choice(name, wish) if wish.family != "wrong" and fits is None else None
        if fits:
            assert has[: len(fits)] == fits
            assert chosen(has[len(fits) :], naive.more(name, wish, fits))
            assert decision.outcome is (Outcome.KEPT if has == had else Outcome.ASSIGNED)
            assert decision.complaint == ""
        elif wanted:
            assert any(chosen(has, each) for each in wanted)
            assert (decision.outcome, decision.complaint) == (Outcome.ASSIGNED, "")
        else:
            assert has == tuple(each for each in had if not naive.is_lost(name, wish, each))
            kept, lost = (Outcome.KEPT, Outcome.CLEARED) if had else (None, Outcome.REFUSED)
            assert decision.outcome is (kept if has else lost)
            assert decision.complaint
        pool = naive.pool_of(has[0]) if has else None
        assert decision.pool == (pool.name if pool is not None else None)
        naive.note(name, wish, has)
        return decision

    def settle(self, first=()):
        """Decide about all, until nothing changes: about those of *first* first."""
        order = [name for name in (*first, *NAMES) if name in self.wishes]
        while True:
            before = dict(self.naive.held)
            for name in dict.fromkeys(order):
                self.decided(name)
            if self.naive.held == before:
                return

    @rule(name=st.sampled_from(NAMES), kind=st.integers(0, 3))
    def a_service_is_written(self, name, kind):
        self.wishes[name] = self.kinds[kind % len(self.kinds)]
        self.settle([name])

    @rule(name=st.sampled_from(NAMES), kind=st.integers(0, 3))
    def a_service_is_written_and_decided_upon_last(self, name, kind):
        self.wishes[name] = self.kinds[kind % len(self.kinds)]
        self.settle([each for each in NAMES if each != name])

    @rule(name=st.sampled_from(NAMES), how=st.sampled_from(["deleted", "being deleted", "retyped"]))
    def a_service_goes(self, name, how):
        self.go(name, how)
        self.settle()

    def go(self, name, how):
        wish = self.wishes.pop(name, None)
        if wish is None:
            return
        given = service(name, wish)
        if how == "deleted":
            self.space.release(name)
        elif how == "being deleted":
            meta = replace(given.metadata, deletion_timestamp="2026-02-01T00:00:00Z")
            assert decide(self.space, replace(given, metadata=meta), None).outcome is Outcome.NOT_OURS
        else:
            spec = replace(given.spec, type="NodePort")
            assert decide(self.space, replace(given, spec=spec), None).outcome is Outcome.NOT_OURS
        self.naive.note(name, wish, ())

    @rule(name=st.sampled_from(NAMES))
    def a_service_is_deleted_and_created_again(self, name):
        """It gets what it had, if that may be given."""
        if name not in self.wishes:
            return
        wish, had = self.wishes[name], self.naive.addresses(name)
        self.go(name, "deleted")
        self.wishes[name] = wish
        self.decided(name)
        if not wish.key and len(had) == len(wish.versions[0]) and self.may_be_given(name, had):
            assert set(self.space.held_by(name)) == set(had)
        self.settle()

    def may_be_given(self, name, addresses):
        """Whether *name* could get *addresses* if it were new and they were free."""
        wish, pools = self.wishes[name], [self.naive.pool_of(each) for each in addresses]
        return (
            wish.family != "wrong"
            and not wish.asked
            and None not in pools
            and len({pool.name for pool in pools}) == 1
            and self.naive.gives(pools[0], name, wish)
            and {each.version for each in addresses} == set(wish.versions[0])
        )

    @rule(at=st.integers(0, 3), order=ORDERS)
    def the_pools_change(self, at, order):
        self.use(self.configs[at % len(self.configs)])
        self.settle(order)

    def use(self, config):
        """Whom it does not concern would keep what it has even if it were asked."""
        before = self.naive.config
        same = {name for name, pool in config.pools.items() if before.pools.get(name) == pool}
        concerned = self.space.use(config)
        self.naive.use(config)
        assert concerned == {
            name
            for name in self.naive.held
            for each in self.naive.addresses(name)
            if (pool := self.naive.pool_of(each)) is None or pool.name not in same
        }

    @rule(order=ORDERS, name=st.sampled_from(["a", "b", "z"]))
    def the_pools_are_deleted_and_created_again(self, order, name):
        """One of them under another name: each Service gets what it had, in whatever order they come."""
        pools = dict(self.naive.config.pools)
        had = {each: self.naive.addresses(each) for each in self.wishes}
        self.use(Config())
        for each in self.wishes:
            self.decided(each)
        assert not self.naive.held
        if pools and name not in pools:
            pool = pools.pop(next(iter(pools)))
            pools[name] = replace(pool, name=name)
        self.use(Config(dict(sorted(pools.items()))))
        for each in sorted(self.wishes, key=lambda each: (not self.comes_back(each), order.index(each))):
            self.decided(each)
        back = {each for each, addresses in had.items() if addresses and self.may_be_given(each, addresses)}
        if any(len(had[each]) < len(self.wishes[each].versions[0]) for each in had if had[each]):
            back.clear()  # one that gets the second family only now may take what another had
        others = set(chain.from_iterable(self.naive.addresses(each) for each in self.wishes.keys() - back))
        for each, addresses in had.items():
            if each in back and not self.wishes[each].key:
                assert set(self.naive.addresses(each)) == set(addresses) or others & set(addresses)
        self.settle()

    def comes_back(self, name):
        """Whether it would get what it had; the controller tries those first."""
        wish = self.wishes[name]
        groups = chain.from_iterable(self.naive.choice(name, wish) or () if wish.family != "wrong" else ())
        return any(not group.isdisjoint(self.naive.last.get(name, ())) for group in groups)

    @rule(order=ORDERS)
    def the_controller_is_started_again(self, order):
        """All hold what they held, and nothing is to be written."""
        before = dict(self.naive.held)
        waits = {name: self.decided(name).complaint for name in self.wishes}
        self.start(self.naive.config)
        self.take_in({name: addresses for name, (addresses, _) in before.items()}, order)
        assert self.naive.held == before
        for name in order:
            if name in self.wishes:
                decision = self.decided(name)
                assert decision.outcome is (Outcome.KEPT if name in before else Outcome.REFUSED)
                assert (decision.addresses, decision.complaint) == (self.naive.addresses(name), waits[name])
        assert self.naive.held == before

    @rule(order=ORDERS, name=st.sampled_from(NAMES), other=st.sampled_from(NAMES), at=st.integers(0, 3))
    def the_controller_is_started_again_and_finds_other_pools_and_a_double(self, order, name, other, at):
        statuses = {each: addresses for each, (addresses, _) in self.naive.held.items()}
        if name in self.wishes and other in statuses:
            statuses[name] = statuses[other]
        self.start(self.configs[at % len(self.configs)])
        self.take_in(statuses, order)
        self.settle(order)

    def take_in(self, statuses, order):
        """Where two claim one address, it stays with the eldest; of those with the first by UID."""
        uids = {name: str(at) for at, name in enumerate(order)}
        given = [
            service(name, wish, BORN[name], uids[name], statuses.get(name, ()))
            for name, wish in self.wishes.items()
        ]
        for each in sorted(given, key=lambda each: (each.metadata.creation_timestamp, each.metadata.uid)):
            name = f"{each.metadata.namespace}/{each.metadata.name}"
            wish = self.wishes[name]
            claims = statuses.get(name, ())
            has = tuple(one for one in claims if self.naive.can_have(name, wish, one))
            assert import_holding(self.space, each, self.shares_freely) is bool(has)
            assert self.space.held_by(name) == has
            self.naive.note(name, wish, has)

    @invariant()
    def no_address_is_held_by_two_that_may_not_share_it(self):
        held = self.naive.held if hasattr(self, "naive") else {}
        for (one, (has, its)), (other, (others, theirs)) in combinations(held.items(), 2):
            assert not set(has) & set(others) or self.naive.may_share(one, its, other, theirs)

    @invariant()
    def the_space_knows_who_holds_what(self):
        if not hasattr(self, "naive"):
            return
        assert {name: self.space.held_by(name) for name in self.space.holders()} == {
            name: addresses for name, (addresses, _) in self.naive.held.items()
        }
        for address in set(chain.from_iterable(addresses for addresses, _ in self.naive.held.values())):
            assert sorted(self.space.tenants(address)) == sorted(self.naive.tenants(address))


def chosen(addresses, groups):
    """Whether there is one address of each group, in that order."""
    return len(addresses) == len(groups) and all(
        each in group for each, group in zip(addresses, groups, strict=True)
    )


TestAllocating = Allocating.TestCase
TestAllocating.settings = settings(max_examples=80, stateful_step_count=40)
