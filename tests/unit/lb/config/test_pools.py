from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from lb.api.custom_resource import CustomResource
from lb.api.extension import PROTECT, QUARANTINE
from lb.api.meta import LabelSelector
from lb.config.config import Reservation
from lb.config.pools import PoolClaims
from lb.config.rejection import Reference
from tests.unit.lb.config.written import NEW, OLD, good, metadata, namespace, parsed, pool, rejections


def parse(*objects, last_good=None):
    """What is in force, as text, and every message."""
    found = parsed(*([last_good] if last_good else []), pools=objects)
    in_force = {name: texts(each) for name, each in found.config.pools.items()}
    return in_force, [str(each) for each in found.rejections]


def texts(accepted):
    return [str(span) for span in accepted.ranges]


def accepted(*objects, **others):
    return good(pools=objects, **others)


@pytest.mark.parametrize(
    ("addresses", "messages"),
    [
        pytest.param(
            ["192.0.2.0/33"],
            [
                "spec.addresses[0] = '192.0.2.0/33': the prefix length of an IPv4 CIDR is a number "
                "from 0 to 32. Write a CIDR such as 192.0.2.0/24 or 2001:db8::/120."
            ],
            id="bad CIDR",
        ),
        pytest.param(
            ["192.0.2.0/28", "10.0.0.9-10.0.0.1"],
            [
                "spec.addresses[1] = '10.0.0.9-10.0.0.1': the range ends before it starts. "
                "Write 10.0.0.1-10.0.0.9."
            ],
            id="reversed range",
        ),
        pytest.param(
            ["10.0.0.1-2001:db8::1"],
            [
                "spec.addresses[0] = '10.0.0.1-2001:db8::1': the range starts in one IP family and ends in "
                "the other. Write both ends in IPv4 or both in IPv6."
            ],
            id="mixed families",
        ),
        pytest.param(
            ["10.0.0.1"],
            [
                "spec.addresses[0] = '10.0.0.1': an address without a prefix length is no range. "
                "Write 10.0.0.1/32."
            ],
            id="bare address",
        ),
        pytest.param(
            ["127.0.0.0/8"],
            [
                "spec.addresses[0] = '127.0.0.0/8': it holds addresses of 127.0.0.0/8 (loopback), at which "
                "no Service can be reached. Leave them out."
            ],
            id="addresses that no host can have",
        ),
        pytest.param(
            [],
            ["spec.addresses = []: the pool has no addresses. Add a CIDR or a range, or delete the pool."],
            id="no addresses",
        ),
        pytest.param(
            ["10.0.0.0/24", "10.0.0.200-10.0.1.9"],
            [
                "spec.addresses = '10.0.0.200-10.0.1.9': it overlaps with 10.0.0.0-10.0.0.255 of the same "
                "pool. List each address once."
            ],
            id="overlap within the pool",
        ),
        pytest.param(
            ["10.0.0.1", "10.0.0.0/24", "what", "10.0.0.0/24"],
            [
                "spec.addresses[0] = '10.0.0.1': an address without a prefix length is no range. "
                "Write 10.0.0.1/32.",
                "spec.addresses[2] = 'what': this is neither a CIDR nor a range. Write a CIDR such as "
                "192.0.2.0/24 or 2001:db8::/120, or a range such as 192.0.2.10-192.0.2.20.",
                "spec.addresses = '10.0.0.0-10.0.0.255': it overlaps with 10.0.0.0-10.0.0.255 of the same "
                "pool. List each address once.",
            ],
            id="all that is wrong, not only the first",
        ),
    ],
)
def test_bad_addresses_reject_the_pool_with_every_reason(addresses, messages):
    expected = [f"IPAddressPool metallb-system/edge: {message}" for message in messages]
    assert parse(pool("edge", *addresses)) == ({}, expected)


GOLD, TIN = {"matchLabels": {"tier": "gold"}}, {"matchLabels": {"tier": "tin"}}


@pytest.mark.parametrize(
    ("kept", "reservation"),
    [
        pytest.param({}, Reservation(), id="for all"),
        pytest.param({"priority": 3}, Reservation(3), id="priority"),
        pytest.param(
            {"namespaces": ["shop", "gone"]},
            Reservation(0, frozenset({"shop", "gone"}), ("shop", "gone")),
            id="namespaces by name",
        ),
        pytest.param(
            {"namespaceSelectors": [GOLD]},
            Reservation(0, frozenset({"bank", "mint"})),
            id="namespaces by label",
        ),
        pytest.param(
            {"namespaceSelectors": [{"matchLabels": {"tier": "iron"}}]},
            Reservation(0, frozenset()),
            id="label of no namespace: for none",
        ),
        pytest.param(
            {"namespaces": ["shop"], "namespaceSelectors": [GOLD, TIN]},
            Reservation(0, frozenset({"shop", "bank", "mint", "mine"}), ("shop",)),
            id="namespaces by name or label",
        ),
        pytest.param(
            {"serviceSelectors": [GOLD]},
            Reservation(0, None, (), (LabelSelector({"tier": "gold"}),)),
            id="Services by label",
        ),
    ],
)
def test_a_pool_is_kept_for_some(kept, reservation):
    namespaces = [
        namespace("bank", tier="gold"),
        namespace("mint", tier="gold"),
        namespace("mine", tier="tin"),
    ]
    config = accepted(pool("edge", "192.0.2.0/24", serviceAllocation=kept), namespaces=namespaces)
    assert config.pools["edge"].reservation == reservation


def test_a_pool_follows_the_namespaces():
    kept = pool("edge", "192.0.2.0/24", serviceAllocation={"namespaceSelectors": [GOLD]})
    for namespaces, names in (
        ([], set()),
        ([namespace("bank", tier="gold")], {"bank"}),
        ([namespace("bank", tier="tin"), namespace("mint", tier="gold")], {"mint"}),
    ):
        config = accepted(kept, namespaces=namespaces)
        assert config.pools["edge"].reservation.namespaces == names


def test_a_pool_follows_the_namespaces_however_its_json_is_written():
    written = b'{"addresses": ["192.0.2.0/24"], "serviceAllocation": {"n\\u0061mespaceSelectors": [{}]}}'
    config = accepted(
        CustomResource(metadata("edge"), Raw(written)), namespaces=[namespace("bank"), namespace("mint")]
    )
    assert config.pools["edge"].reservation.namespaces == {"bank", "mint"}


@pytest.mark.parametrize(
    ("kept", "messages"),
    [
        pytest.param(
            {"namespaces": ["a", "b", "a"]},
            [
                "namespaces[2] = 'a': it stands at spec.serviceAllocation.namespaces[0] already. "
                "Remove one of the two."
            ],
            id="namespace twice",
        ),
        pytest.param(
            {"namespaceSelectors": [GOLD, GOLD]},
            [
                "namespaceSelectors[1] = {'matchLabels': {'tier': 'gold'}}: it is the same selector as "
                "spec.serviceAllocation.namespaceSelectors[0]. Remove one of the two."
            ],
            id="selector of namespaces twice",
        ),
        pytest.param(
            {"serviceSelectors": [{"matchExpressions": [{"key": "a", "operator": "In"}]}]},
            [
                "serviceSelectors[0].matchExpressions[0] = {'key': 'a', 'operator': 'In'}: "
                "operator In needs at least one value. Correct the operator or its values."
            ],
            id="faulty selector of Services",
        ),
        pytest.param(
            {"namespaces": ["a", "a"], "serviceSelectors": [{}, {}]},
            [
                "namespaces[1] = 'a': it stands at spec.serviceAllocation.namespaces[0] already. "
                "Remove one of the two.",
                "serviceSelectors[1] = {}: it is the same selector as "
                "spec.serviceAllocation.serviceSelectors[0]. Remove one of the two.",
            ],
            id="all that is wrong",
        ),
    ],
)
def test_a_faulty_allocation_rejects_the_pool_rather_than_open_it_to_all(kept, messages):
    where = "IPAddressPool metallb-system/edge: spec.serviceAllocation."
    assert parse(pool("edge", "192.0.2.0/24", serviceAllocation=kept)) == (
        {},
        [where + message for message in messages],
    )


@pytest.mark.parametrize(("text", "protected"), [(None, False), ("false", False), ("true", True)])
def test_a_pool_is_protected_by_an_annotation(text, protected):
    annotations = {PROTECT: text} if text else {}
    config = accepted(pool("edge", "192.0.2.0/24", annotations=annotations))
    assert config.pools["edge"].is_protected is protected


@pytest.mark.parametrize("text", ["yes", "True", ""])
def test_any_other_protection_rejects_the_pool(text):
    assert rejections(pools=[pool("edge", "192.0.2.0/24", annotations={PROTECT: text})]) == [
        f"IPAddressPool metallb-system/edge: metadata.annotations[anvil-lb.io/protect] = '{text}': "
        "this is neither true nor false. Write 'true' or 'false', in quotes."
    ]


@pytest.mark.parametrize(
    ("text", "aside"),
    [
        pytest.param("", set(), id="none"),
        pytest.param("192.0.2.10", {"192.0.2.10"}, id="one"),
        pytest.param(" 192.0.2.10, 2001:DB8::10 ", {"192.0.2.10", "2001:db8::10"}, id="of both families"),
    ],
)
def test_addresses_are_set_aside_by_an_annotation(text, aside):
    found = accepted(pool("edge", "192.0.2.0/24", annotations={QUARANTINE: text}))
    assert set(map(str, found.pools["edge"].quarantined)) == aside
    assert found.pool_of(ip_address("192.0.2.9")) is not None
    assert (found.pool_of(ip_address("192.0.2.10")) is None) is bool(aside)


@pytest.mark.parametrize("text", ["192.0.2.10,,192.0.2.11", "192.0.2.0/24", "web"])
def test_what_is_set_aside_and_is_no_address_rejects_the_pool(text):
    (message,) = rejections(pools=[pool("edge", "192.0.2.0/24", annotations={QUARANTINE: text})])
    where = "IPAddressPool metallb-system/edge: metadata.annotations[anvil-lb.io/quarantine] = "
    assert message.startswith(where)
    assert message.endswith(
        ": this is no IP address. Write addresses with commas between, such as 192.0.2.10,2001:db8::10."
    )


def test_an_address_of_a_megabyte_makes_a_message_that_an_event_can_hold():
    _, (message,) = parse(pool("edge", "7" * 1_000_000))
    assert "(1000002 characters)" in message
    assert len(message) < 1024


def test_a_pool_keeps_the_order_of_its_addresses_and_its_options():
    edge = pool("edge", "10.0.1.0/24", "10.0.0.0/24", autoAssign=False, avoidBuggyIPs=True, labels={"a": "b"})
    found = accepted(edge).pools["edge"]
    assert texts(found) == ["10.0.1.0-10.0.1.255", "10.0.0.0-10.0.0.255"]
    assert (found.auto_assign, found.avoid_buggy_ips, found.labels) == (False, True, {"a": "b"})


def test_a_pool_that_says_nothing_else_is_as_usual():
    found = accepted(pool("edge", "10.0.0.0/24")).pools["edge"]
    assert (found.auto_assign, found.avoid_buggy_ips, found.reservation) == (True, False, None)


def test_pools_of_both_families_side_by_side_do_not_collide():
    in_force, messages = parse(pool("four", "10.0.0.0/8"), pool("six", "2000::/3"))
    assert (list(in_force), messages) == (["four", "six"], [])


def test_a_bad_pool_does_not_disturb_a_good_one():
    in_force, messages = parse(pool("bad", "10.0.0.1"), pool("good", "10.0.0.0/24"))
    assert in_force == {"good": ["10.0.0.0-10.0.0.255"]}
    assert len(messages) == 1


def test_of_two_new_pools_that_overlap_the_older_stays():
    young = pool("a", "10.0.0.0/24", born=NEW)
    old = pool("b", "10.0.0.128-10.0.1.10", born=OLD)
    assert parse(young, old) == (
        {"b": ["10.0.0.128-10.0.1.10"]},
        [
            "IPAddressPool metallb-system/a: spec.addresses = '10.0.0.0-10.0.0.255': it overlaps with "
            "10.0.0.128-10.0.1.10 of IPAddressPool b. Take the common addresses out of one of the two pools."
        ],
    )


def test_of_two_new_pools_of_the_same_second_the_first_by_name_stays():
    in_force, _ = parse(pool("b", "10.0.0.0/24"), pool("a", "10.0.0.0/24"))
    assert list(in_force) == ["a"]


def test_a_new_pool_does_not_take_out_a_known_one_though_it_be_older():
    known = pool("known", "10.0.0.0/24", born=NEW)
    new = pool("new", "10.0.0.0/16", born=OLD)
    in_force, _ = parse(new, known, last_good=accepted(known))
    assert list(in_force) == ["known"]


def test_a_known_pool_grows_though_an_older_new_one_wants_the_same_addresses():
    last_good = accepted(pool("known", "10.0.0.0/24", born=NEW))
    grown = pool("known", "10.0.0.0/23", born=NEW)
    new = pool("new", "10.0.1.0/24", born=OLD)
    in_force, messages = parse(new, grown, last_good=last_good)
    assert in_force == {"known": ["10.0.0.0-10.0.1.255"]}
    assert len(messages) == 1


def test_two_pools_of_ten_thousand_ranges_each_are_compared_within_the_test_s_patience():
    # Each with each, they would be 100,000,000 comparisons, for which every speaker would fall silent.
    even, odd = ([f"10.{n // 128}.{n % 128 * 2 + odd}.1/32" for n in range(10_000)] for odd in (0, 1))
    in_force, messages = parse(pool("a", *even), pool("b", *odd), pool("c", odd[-1]))
    assert (list(in_force), len(messages)) == (["a", "b"], 1)


def test_a_good_pool_edited_into_a_bad_one_keeps_its_last_form():
    last_good = accepted(pool("edge", "10.0.0.0/24"))
    in_force, messages = parse(pool("edge", "10.0.0.0-10.0.0.255.255"), last_good=last_good)
    assert in_force == {"edge": ["10.0.0.0-10.0.0.255"]}
    assert messages == [
        "IPAddressPool metallb-system/edge: spec.addresses[0] = '10.0.0.0-10.0.0.255.255': what stands after "
        "the - is no IP address. Write two addresses, such as 192.0.2.10-192.0.2.20."
    ]


def test_a_bad_pool_that_is_deleted_is_gone_also_in_its_last_form():
    assert parse(last_good=accepted(pool("edge", "10.0.0.0/24"))) == ({}, [])


def test_a_pool_grown_over_another_s_addresses_keeps_its_last_form_and_so_does_the_other():
    last_good = accepted(pool("a", "10.0.0.0/24"), pool("b", "10.0.1.0/24"))
    in_force, messages = parse(pool("a", "10.0.0.0/23"), pool("b", "10.0.1.0/24"), last_good=last_good)
    assert in_force == {"a": ["10.0.0.0-10.0.0.255"], "b": ["10.0.1.0-10.0.1.255"]}
    assert messages == [
        "IPAddressPool metallb-system/a: spec.addresses = '10.0.0.0-10.0.1.255': it overlaps with "
        "10.0.1.0-10.0.1.255 of IPAddressPool b. Take the common addresses out of one of the two pools."
    ]


def test_a_pool_does_not_take_out_one_that_lives_on_in_its_last_form():
    last_good = accepted(pool("a", "10.0.0.0/24"), pool("b", "10.0.1.0/24"))
    in_force, messages = parse(pool("a", "10.0.0.0/23"), pool("b", "typo"), last_good=last_good)
    assert in_force == {"a": ["10.0.0.0-10.0.0.255"], "b": ["10.0.1.0-10.0.1.255"]}
    assert len(messages) == 2


def test_two_pools_changed_into_an_overlap_both_keep_their_last_form():
    last_good = accepted(pool("a", "10.0.0.0-10.0.0.9"), pool("b", "10.0.0.10-10.0.0.19"))
    changed = pool("a", "10.0.0.0-10.0.0.15"), pool("b", "10.0.0.12-10.0.0.19")
    in_force, messages = parse(*changed, last_good=last_good)
    assert in_force == {"a": ["10.0.0.0-10.0.0.9"], "b": ["10.0.0.10-10.0.0.19"]}
    assert len(messages) == 2


def test_two_pools_may_swap_their_addresses():
    last_good = accepted(pool("a", "10.0.0.0/24"), pool("b", "10.0.1.0/24"))
    in_force, messages = parse(pool("a", "10.0.1.0/24"), pool("b", "10.0.0.0/24"), last_good=last_good)
    assert (in_force, messages) == ({"a": ["10.0.1.0-10.0.1.255"], "b": ["10.0.0.0-10.0.0.255"]}, [])


def addresses():
    ends = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted)
    return st.lists(ends.map(lambda ends: f"10.0.0.{ends[0]}-10.0.0.{ends[1]}") | st.just("bad"), max_size=2)


def generations():
    """A few pools, born at different times, in two generations."""
    generation = st.dictionaries(st.sampled_from("abcd"), addresses(), max_size=4)
    return st.tuples(generation, generation, st.permutations([1, 2, 2, 3]))


@given(generations(), st.randoms())
def test_whatever_changes_no_two_pools_share_an_address_and_no_known_pool_falls_out(generations, random):
    before, after, ages = generations
    born = {name: f"2026-01-0{age}T00:00:00Z" for name, age in zip("abcd", ages, strict=True)}
    objects = [
        [pool(name, *each, born=born[name]) for name, each in pools.items()] for pools in (before, after)
    ]
    last_good = parsed(pools=objects[0]).config
    found = parsed(last_good, pools=objects[1])
    accepted, before_it = found.config.pools, last_good.pools

    taken = [
        address
        for each in accepted.values()
        for span in each.ranges
        for address in range(span.first, span.last + 1)
    ]
    assert len(taken) == len(set(taken))
    assert before_it.keys() & after.keys() <= accepted.keys()
    refused = {each.object.name for each in found.rejections}
    for name in after:
        assert accepted.get(name) == (before_it.get(name) if name in refused else accepted[name])

    random.shuffle(objects[1])
    assert parsed(last_good, pools=objects[1]) == found
    assert parsed(found.config, pools=objects[1]).config == found.config


@given(generations())
def test_pools_are_apart_where_none_of_them_collides_with_those_before(generations):
    before, after, _ = generations
    # Of a pool by itself right, each alone.
    pools = [
        found
        for at, specs in enumerate((before, after))
        for name, each in specs.items()
        for found in parsed(pools=[pool(f"{name}{at}", *each)]).config.pools.values()
    ]
    claims, collided = PoolClaims(), False
    for each in pools:
        if claims.collisions(Reference("IPAddressPool", each.name), each):
            collided = True
        else:
            claims.add(each)
    assert PoolClaims.are_apart(pools) is not collided
