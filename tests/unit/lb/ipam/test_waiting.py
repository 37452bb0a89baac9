from ipaddress import ip_address
from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from lb.api.meta import ObjectMeta
from lb.api.service import Service, ServicePort, ServiceSpec
from lb.config.config import Config, Pool, Reservation
from lb.config.ranges import parse_range
from lb.ipam.allocation import Allocation, allocate, completed
from lb.ipam.decision import decide
from lb.ipam.request import Request
from lb.ipam.space import Space
from lb.ipam.terms import Terms
from lb.ipam.waiting import Waiter, Waiting


def pool(name, *ranges, auto_assign=True, avoid_buggy_ips=False, kept=None, is_draining=False):
    spans = tuple(map(parse_range, ranges))
    return Pool(name, {}, spans, auto_assign, avoid_buggy_ips, kept, is_draining=is_draining)


def addresses(text):
    return tuple(map(ip_address, text.split()))


def terms(name, key="", *ports):
    return Terms(f"shop/{name}", key, "", frozenset(("TCP", port) for port in ports))


FOUR, SIX, BOTH, PREFERRED = ((4,),), ((6,),), ((4, 6),), ((4, 6), (4,), (6,))


def waits(*wishes, name="web", pool=None, asked="", key="", ports=(), held="", refused=True):
    request = Request(terms(name, key, *ports), wishes or FOUR, pool, addresses(asked), {})
    return f"shop/{name}", Waiter(request, addresses(held), refused)


DUAL = pool("dual", "192.0.2.1-192.0.2.2", "2001:db8::1-2001:db8::2")
OTHER = pool("other", "198.51.100.1-198.51.100.2")
A, B, C, D = "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"
ALL = {"a": A, "b": B, "c": C, "d": D}
"""Who holds what of the pool: all there is."""


def could(space, waiter):
    """Whether *waiter* could have what it waits for."""
    if waiter.request is None:
        return False
    if waiter.is_refused:
        return isinstance(allocate(space, waiter.request), Allocation)
    return completed(space, waiter.request, waiter.held) != waiter.held


class Scene:
    """A space, and who waits in it."""

    def __init__(self, *waiters, pools=(DUAL, OTHER), held=ALL, sharing=()):
        self.space = Space(Config({each.name: each for each in pools}))
        for name, address in held.items():
            self.space.hold(addresses(address), terms(name))
        for name, address, key, *ports in sharing:
            self.space.hold(addresses(address), terms(name, key, *ports))
        self.waiting = Waiting(self.space)
        for name, waiter in waiters:
            if waiter.held:
                self.space.hold(waiter.held, waiter.request.terms)
            assert self.waiting.wait(name, waiter) == []
            assert not could(self.space, waiter)

    def freed(self, *names):
        return self.waiting.touched([each for name in names for each in self.space.release(f"shop/{name}")])

    def held(self, name, address, key="", *ports):
        self.space.hold(addresses(address), terms(name, key, *ports))
        return self.waiting.touched(addresses(address))


DUAL_ONLY = {"pools": (DUAL,)}
FULL = {"held": {**ALL, "e": "198.51.100.1", "f": "198.51.100.2"}}


@pytest.mark.parametrize(
    ("scene", "freed", "named"),
    [
        pytest.param(Scene(waits(), **DUAL_ONLY), "a", "web", id="any address"),
        pytest.param(Scene(waits(), waits(name="late"), **DUAL_ONLY), "a", "web", id="the first to come"),
        pytest.param(Scene(waits(), waits(name="late"), **DUAL_ONLY), "a b", "web", id="one at a time"),
        pytest.param(Scene(waits(*SIX)), "a", "", id="of the other family"),
        pytest.param(Scene(waits(*SIX), waits(name="four", pool="dual")), "a", "four", id="whom it is for"),
        pytest.param(Scene(waits(pool="dual")), "a", "web", id="pool named"),
        pytest.param(Scene(waits(pool="other"), **FULL), "a", "", id="another pool named"),
        pytest.param(Scene(waits(pool="none"), **FULL), "a", "", id="a pool named that there is not"),
        pytest.param(Scene(waits(), **FULL), "e", "web", id="any pool"),
        pytest.param(Scene(waits(asked=A)), "a", "web", id="address asked for"),
        pytest.param(Scene(waits(asked=A)), "b", "", id="another address asked for"),
        pytest.param(Scene(waits(pool="other", asked=A)), "a", "", id="address asked for, of another pool"),
        pytest.param(
            Scene(waits(), waits(name="late", asked=A), **DUAL_ONLY), "a", "late web", id="asked for, and any"
        ),
        pytest.param(Scene(waits(asked=A), waits(name="late", asked=A)), "a", "web", id="asked for by two"),
        pytest.param(Scene(waits(*BOTH)), "a", "", id="both families, one free"),
        pytest.param(Scene(waits(*BOTH)), "a c", "web", id="both families, both free"),
        pytest.param(Scene(waits(*BOTH, asked=f"{A} {C}")), "a d", "", id="both asked for, one free"),
        pytest.param(Scene(waits(*BOTH, asked=f"{A} {C}")), "a c", "web", id="both asked for, both free"),
        pytest.param(Scene(waits(*PREFERRED), **DUAL_ONLY), "c", "web", id="both preferred, one free"),
        pytest.param(
            Scene(waits(*PREFERRED, held=A, refused=False), held={"c": C, "d": D}),
            "c",
            "web",
            id="the second of two families",
        ),
        pytest.param(
            Scene(waits(*PREFERRED, held=A, refused=False), held={"b": B, "c": C, "d": D}),
            "b",
            "",
            id="of the family that it has",
        ),
        pytest.param(
            Scene(waits(*PREFERRED, held="198.51.100.1", refused=False)),
            "c",
            "",
            id="of another pool than its",
        ),
        pytest.param(
            Scene(waits(*BOTH, held=A), held={"b": B, "c": C, "d": D}),
            "c",
            "web",
            id="both families required now, and it has the other",
        ),
        pytest.param(
            Scene(waits(asked=B, held=A), held={"b": B}), "b", "web", id="has one, and asks for another"
        ),
        pytest.param(
            Scene(("shop/web", Waiter(None))), "a b c d", "", id="what it asks for is wrong in itself"
        ),
        pytest.param(
            Scene(waits(), pools=(pool("a", "192.0.2.1/32", auto_assign=False),), held={"a": A}),
            "a",
            "",
            id="a pool to be named",
        ),
        pytest.param(
            Scene(waits(), pools=(pool("a", "192.0.2.1/32", is_draining=True),), held={"a": A}),
            "a",
            "",
            id="a pool that drains",
        ),
        pytest.param(
            Scene(waits(asked=A), pools=(pool("a", "192.0.2.1/32", is_draining=True),), held={"a": A}),
            "a",
            "",
            id="address asked for, of a pool that drains",
        ),
        pytest.param(
            Scene(
                waits(),
                pools=(pool("a", "192.0.2.1/32", kept=Reservation(namespaces=frozenset({"gold"}))),),
                held={"a": A},
            ),
            "a",
            "",
            id="a pool that is kept for others",
        ),
        pytest.param(
            Scene(
                waits(asked="192.0.2.0"),
                waits(name="any"),
                pools=(pool("a", "192.0.2.0-192.0.2.1", avoid_buggy_ips=True),),
                held={"a": "192.0.2.0", "b": A},
            ),
            "a",
            "",
            id="an address that the pool avoids",
        ),
        pytest.param(
            Scene(waits(asked="10.0.0.1"), held={"a": "10.0.0.1"}), "a", "", id="an address of no pool"
        ),
        pytest.param(
            Scene(waits(key="k", ports=[80]), **DUAL_ONLY), "a", "web", id="one that shares, all for itself"
        ),
        pytest.param(
            Scene(
                waits(*BOTH, key="k", ports=[80]), held={"b": B, "c": C, "d": D}, sharing=[("s", A, "k", 443)]
            ),
            "c",
            "web",
            id="one family, beside a shared address of the other",
        ),
        pytest.param(
            Scene(
                waits(*BOTH, key="k", ports=[80]), held={"b": B, "c": C, "d": D}, sharing=[("s", A, "j", 443)]
            ),
            "c",
            "",
            id="one family, beside an address that others share",
        ),
        pytest.param(
            Scene(
                waits(key="k", ports=[80]),
                **DUAL_ONLY | {"held": {"b": B}},
                sharing=[("s", A, "k", 80), ("t", A, "k", 443)],
            ),
            "s",
            "web",
            id="a port of a shared address",
        ),
        pytest.param(
            Scene(
                waits(key="k", ports=[80]),
                **DUAL_ONLY | {"held": {"b": B}},
                sharing=[("s", A, "k", 80), ("t", A, "k", 443)],
            ),
            "t",
            "",
            id="another port of a shared address",
        ),
        pytest.param(
            Scene(
                waits(key="k", ports=[80]),
                waits(name="both", key="k", ports=[80]),
                waits(name="third", key="k", ports=[81]),
                **DUAL_ONLY | {"held": {"b": B}},
                sharing=[("s", A, "k", 80, 81), ("t", A, "k", 443)],
            ),
            "s",
            "web",
            id="the first of those that share with it",
        ),
    ],
)
def test_an_address_that_is_free_names_who_could_have_it(scene, freed, named):
    assert scene.freed(*freed.split()) == [f"shop/{each}" for each in named.split()]


@pytest.mark.parametrize(
    ("waiter", "change", "named"),
    [
        pytest.param(waits(key="k", ports=[80]), (A, "k", 443), "web", id="shares from now on"),
        pytest.param(waits(key="k", ports=[80]), (A, "j", 443), "", id="shares with those of another key"),
        pytest.param(waits(key="k", ports=[80]), (A,), "", id="shares with none"),
        pytest.param(waits(key="k", ports=[80]), (A, "k", 80), "", id="has the same port"),
        pytest.param(waits(), (A, "k", 443), "", id="the one that waits does not share"),
        pytest.param(waits(key="k", ports=[80], asked=A), (A, "k", 443), "web", id="address asked for"),
        pytest.param(waits(key="k", ports=[80], asked=B), (A, "k", 443), "", id="another address asked for"),
        pytest.param(waits(*SIX, key="k", ports=[80]), (A, "k", 443), "", id="of the other family"),
        pytest.param(waits(*BOTH, key="k", ports=[80]), (A, "k", 443), "", id="one family of two"),
        pytest.param(waits(*BOTH, key="k", ports=[80]), (f"{A} {C}", "k", 443), "web", id="both families"),
        pytest.param(
            waits(*PREFERRED, key="k", ports=[80]), (A, "k", 443), "web", id="one family of two preferred"
        ),
        pytest.param(
            waits(*PREFERRED, key="k", ports=[80], held=B, refused=False),
            (f"{A} {C}", "k", 443),
            "web",
            id="the second of two families",
        ),
        pytest.param(("shop/web", Waiter(None)), (A, "k", 443), "", id="what it asks for is wrong in itself"),
    ],
)
def test_an_address_that_another_holds_on_new_terms_names_who_could_share_it(waiter, change, named):
    name, waiting = waiter
    taken = {*change[0].split(), *map(str, waiting.held)}
    held = {"new": change[0], **{each: each for each in (A, B, C, D) if each not in taken}}
    scene = Scene((name, waiting), pools=(DUAL,), held=held)
    assert scene.held("new", *change) == [f"shop/{each}" for each in named.split()]


def queue(*names):
    return Scene(*(waits(name=name, pool="dual") for name in names))


def test_when_one_that_was_named_is_served_the_next_is_named_if_there_is_more():
    scene = queue("one", "two", "three")
    assert scene.freed("a", "b") == ["shop/one"]
    scene.held("one", A)
    assert scene.waiting.served("shop/one") == ["shop/two"]
    scene.held("two", B)
    assert scene.waiting.served("shop/two") == []


def test_when_one_that_was_named_goes_away_the_next_is_named():
    scene = queue("one", "two")
    scene.freed("a")
    assert scene.waiting.served("shop/one") == ["shop/two"]
    assert list(scene.waiting) == ["shop/two"]


def test_when_one_that_was_named_waits_for_something_else_now_the_next_is_named():
    scene = queue("one", "two")
    scene.freed("a")
    assert scene.waiting.wait(*waits(name="one", pool="other", asked=A)) == ["shop/two"]


def test_when_one_that_was_named_came_too_late_nobody_is_named():
    scene = queue("one", "two")
    scene.freed("a")
    scene.held("newcomer", A)
    assert scene.waiting.wait(*waits(name="one", pool="dual")) == []
    assert scene.freed("b") == ["shop/one"]


def test_when_one_that_was_not_named_goes_away_nobody_is_named():
    scene = queue("one", "two", "three")
    scene.freed("a")
    assert scene.waiting.served("shop/two") == []
    assert scene.waiting.wait(*waits(name="three", pool="dual")) == []
    assert scene.waiting.served("shop/stranger") == []
    assert scene.waiting.served("shop/one") == ["shop/three"]


def test_who_was_served_and_waits_anew_was_not_named_for_that():
    scene = queue("one", "two")
    scene.freed("a")
    scene.held("one", A)
    assert scene.waiting.served("shop/one") == []
    assert scene.waiting.wait(*waits(name="one", pool="dual")) == []
    assert scene.freed("b") == ["shop/two"]
    assert scene.waiting.served("shop/one") == []


def test_when_all_are_tried_those_that_would_get_back_what_they_had_come_first():
    scene = Scene(
        waits(name="one", pool="dual"),
        waits(name="two", pool="dual"),
        ("shop/three", Waiter(None)),
        waits(name="four", pool="none"),
    )
    for holder, name, had in (("b", "two", B), ("c", "three", C), ("d", "four", D)):
        scene.space.release(f"shop/{holder}")
        scene.space.hold(addresses(had), terms(name))
        scene.space.release(f"shop/{name}")
    assert list(scene.waiting) == [f"shop/{name}" for name in ("two", "one", "three", "four")]


def test_who_is_tried_in_vain_keeps_its_turn():
    scene = queue("one", "two")
    assert scene.waiting.wait(*waits(name="one", pool="dual")) == []
    assert list(scene.waiting) == ["shop/one", "shop/two"]
    assert scene.freed("a") == ["shop/one"]


def test_who_asks_for_something_else_waits_behind_the_others_for_that():
    scene = Scene(waits(name="one", pool="other"), waits(name="two", pool="dual"), **FULL)
    assert scene.waiting.wait(*waits(name="one", pool="dual")) == []
    assert scene.freed("e") == []
    assert scene.freed("a") == ["shop/two"]


NAMES = ("a", "b", "c", "d", "e", "f")
KEY, ADDRESS, NAMED = "metallb.io/allow-shared-ip", "metallb.io/loadBalancerIPs", "metallb.io/address-pool"
FAMILIES = {
    "four": {"cluster_ip": "10.96.0.1"},
    "six": {"cluster_ip": "fd00::1"},
    "require": {"cluster_ips": ("10.96.0.1", "fd00::1"), "ip_family_policy": "RequireDualStack"},
    "prefer": {"cluster_ips": ("fd00::1", "10.96.0.1"), "ip_family_policy": "PreferDualStack"},
}


def kind(family, port=80, policy="Cluster", **asked):
    """A Service of which there may be several."""
    notes = {{"key": KEY, "address": ADDRESS, "pool": NAMED}[name]: value for name, value in asked.items()}
    spec = {"type": "LoadBalancer", "ports": (ServicePort(port),), "external_traffic_policy": policy}
    return Service(
        ObjectMeta(namespace="shop", annotations=notes), ServiceSpec(**spec, **FAMILIES.get(family, {}))
    )


KINDS = st.sampled_from(
    [
        *(kind(family) for family in FAMILIES),
        *(kind(family, key="k", port=port) for family in FAMILIES for port in (80, 443)),
        kind("four", key="k", port=81),
        kind("four", key="k", policy="Local"),
        kind("four", pool="one"),
        kind("prefer", pool="one"),
        kind("require", pool="two", key="k"),
        kind("four", address=A),
        kind("four", address=A, key="k"),
        kind("four", address=A, key="k", port=443),
        kind("require", address=f"{C},{A}"),
        kind("headless"),
    ]
)
CHANGES = st.sampled_from(list(product(("stays", "stays", "goes", 0, 1, 2), repeat=len(NAMES))))
TRIES = st.sampled_from([None, None, 0, 1, 2])
"""How many of those who were named are tried before the next change; None: all."""
GOLD = Reservation(namespaces=frozenset({"gold"}))
CONFIGS = [
    Config({each.name: each for each in pools})
    for pools in (
        (pool("one", "192.0.2.1-192.0.2.2", "2001:db8::1-2001:db8::2"),),
        (pool("one", "192.0.2.1/32", "2001:db8::1/128"), pool("two", "192.0.2.2/32", "2001:db8::2/128")),
        (pool("one", "192.0.2.1-192.0.2.2"), pool("two", "2001:db8::1-2001:db8::2")),
        (pool("two", "192.0.2.1-192.0.2.3", "2001:db8::1/128"),),
        (pool("one", "192.0.2.1/32"), pool("two", "192.0.2.2/32", "2001:db8::1/128", auto_assign=False)),
        (pool("one", "192.0.2.1-192.0.2.3", kept=GOLD), pool("two", "192.0.2.4/32")),
        (pool("one", "192.0.2.1/32", is_draining=True), pool("two", "192.0.2.2/32", "2001:db8::1/128")),
        (),
    )
]
SELDOM = st.sampled_from([*[None] * 60, *CONFIGS])


class Queueing(RuleBasedStateMachine):
    """Services come, change and go; whoever is named is tried, when it is its turn.

    Once all who were named are tried, nobody waits for what there is, as after a pass over all of them.
    """

    def __init__(self):
        super().__init__()
        self.space = Space()
        self.waiting = Waiting(self.space)
        self.services, self.waiters, self.queue = {}, {}, []

    def name(self, names):
        """Somebody says that they are to be tried: each could have what it waits for."""
        assert len(names) == len(set(names))
        for each in names:
            assert could(self.space, self.waiters[each])
            if each not in self.queue:
                self.queue.append(each)

    def touch(self, before, after):
        if before != after:
            held = [address for each in (before, after) if each is not None for address in each.addresses]
            self.name(self.waiting.touched(held))

    def reconcile(self, name):
        before = self.space.holding(name)
        if name in self.services:
            decision = decide(self.space, self.services[name], None)
            waiter = Waiter(decision.request, decision.addresses, bool(decision.complaint))
            waits = bool(decision.complaint or decision.request)
        else:
            self.space.release(name)
            waits = False
        if waits:
            self.waiters[name] = waiter
            self.name(self.waiting.wait(name, waiter))
        else:
            self.waiters.pop(name, None)
            self.name(self.waiting.served(name))
        self.touch(before, self.space.holding(name))

    @initialize(config=st.sampled_from(CONFIGS), kinds=st.lists(KINDS, min_size=1, max_size=3))
    def begin(self, config, kinds):
        self.space.use(config)
        self.kinds = kinds

    def services_come_and_go(self, changes):
        """Of few kinds, so that they are in each other's way."""
        for name, kind in zip(NAMES, changes, strict=True):
            if kind == "stays":
                continue
            if kind == "goes":
                self.services.pop(f"shop/{name}", None)
            else:
                service = self.kinds[kind % len(self.kinds)]
                metadata = ObjectMeta(name, "shop", annotations=service.metadata.annotations)
                self.services[f"shop/{name}"] = Service(metadata, service.spec)
            self.reconcile(f"shop/{name}")

    @rule(changes=CHANGES, tries=TRIES, config=SELDOM)
    def time_passes(self, changes, tries, config):
        self.services_come_and_go(changes)
        if config is not None:  # all are tried whom that concerns, and all that wait
            concerned = self.space.use(config)
            self.queue += [name for name in (*concerned, *self.waiting) if name not in self.queue]
        if tries is None:
            self.all_are_tried()
        for _ in range(min(tries or 0, len(self.queue))):
            self.reconcile(self.queue.pop(0))

    def all_are_tried(self):
        tried = 0
        while self.queue:
            tried += 1
            assert tried < 50
            self.reconcile(self.queue.pop(0))
        assert set(self.waiting) == self.waiters.keys()
        for each in self.waiters.values():
            assert not could(self.space, each)
        for name in self.waiters:  # it waits as one does that comes now
            decision = decide(self.space, self.services[name], None)
            assert self.waiters[name] == Waiter(
                decision.request, decision.addresses, bool(decision.complaint)
            )

    def teardown(self):
        self.all_are_tried()
        self.an_end_leaves_nothing()

    def an_end_leaves_nothing(self):
        self.services_come_and_go(["goes"] * len(NAMES))
        self.all_are_tried()
        assert list(self.waiting) == []


TestQueueing = Queueing.TestCase
TestQueueing.settings = settings(max_examples=60, stateful_step_count=40)
