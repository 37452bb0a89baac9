import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, json

from lb.api.custom_resource import CustomResource
from lb.api.meta import ObjectMeta
from lb.config.pools import parse_pools

NAMESPACE = "metallb-system"
TO_KEEP_OTHERS_OUT = (
    "Remove it; to keep others out, set spec.autoAssign to false and name the pool in the annotation "
    "metallb.io/address-pool of the Services that may use it."
)


def pool(name, *addresses, born="2026-01-01T00:00:00Z", **spec):
    meta = ObjectMeta(name=name, namespace=NAMESPACE, creation_timestamp=born)
    return CustomResource(meta, Raw(json.encode({"addresses": addresses, **spec})))


def parse(*objects, last_good=None):
    """What is in force, as text, and every message."""
    accepted, rejections = parse_pools(objects, last_good or {})
    return {name: texts(each) for name, each in accepted.items()}, [str(each) for each in rejections]


def texts(accepted):
    return [str(span) for span in accepted.ranges]


def good(*objects):
    accepted, rejections = parse_pools(objects, {})
    assert rejections == []
    return accepted


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


def test_service_allocation_rejects_the_pool_rather_than_open_it_to_all():
    assert parse(pool("edge", "10.0.0.0/24", serviceAllocation={"namespaces": ["a"]})) == (
        {},
        [
            "IPAddressPool metallb-system/edge: spec.serviceAllocation = {'namespaces': ['a']}: keeping a "
            f"pool for some namespaces or Services is not supported yet. {TO_KEEP_OTHERS_OUT}"
        ],
    )


def test_an_address_of_a_megabyte_makes_a_message_that_an_event_can_hold():
    _, (message,) = parse(pool("edge", "7" * 1_000_000))
    assert "(1000002 characters)" in message
    assert len(message) < 1024


def test_a_pool_keeps_the_order_of_its_addresses_and_its_options():
    accepted = good(pool("edge", "10.0.1.0/24", "10.0.0.0/24", autoAssign=False, avoidBuggyIPs=True))["edge"]
    assert texts(accepted) == ["10.0.1.0-10.0.1.255", "10.0.0.0-10.0.0.255"]
    assert (accepted.auto_assign, accepted.avoid_buggy_ips) == (False, True)


def test_pools_of_both_families_side_by_side_do_not_collide():
    in_force, messages = parse(pool("four", "10.0.0.0/8"), pool("six", "2000::/3"))
    assert (list(in_force), messages) == (["four", "six"], [])


def test_a_bad_pool_does_not_disturb_a_good_one():
    in_force, messages = parse(pool("bad", "10.0.0.1"), pool("good", "10.0.0.0/24"))
    assert in_force == {"good": ["10.0.0.0-10.0.0.255"]}
    assert len(messages) == 1


def test_of_two_new_pools_that_overlap_the_older_stays():
    young = pool("a", "10.0.0.0/24", born="2026-01-02T00:00:00Z")
    old = pool("b", "10.0.0.128-10.0.1.10", born="2026-01-01T00:00:00Z")
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
    known = pool("known", "10.0.0.0/24", born="2026-01-02T00:00:00Z")
    new = pool("new", "10.0.0.0/16", born="2026-01-01T00:00:00Z")
    in_force, _ = parse(new, known, last_good=good(known))
    assert list(in_force) == ["known"]


def test_a_known_pool_grows_though_an_older_new_one_wants_the_same_addresses():
    last_good = good(pool("known", "10.0.0.0/24", born="2026-01-02T00:00:00Z"))
    grown = pool("known", "10.0.0.0/23", born="2026-01-02T00:00:00Z")
    new = pool("new", "10.0.1.0/24", born="2026-01-01T00:00:00Z")
    in_force, messages = parse(new, grown, last_good=last_good)
    assert in_force == {"known": ["10.0.0.0-10.0.1.255"]}
    assert len(messages) == 1


def test_two_pools_of_ten_thousand_ranges_each_are_compared_within_the_test_s_patience():
    # Each with each, they would be 100,000,000 comparisons, for which every speaker would fall silent.
    even, odd = ([f"10.{n // 128}.{n % 128 * 2 + odd}.1/32" for n in range(10_000)] for odd in (0, 1))
    in_force, messages = parse(pool("a", *even), pool("b", *odd), pool("c", odd[-1]))
    assert (list(in_force), len(messages)) == (["a", "b"], 1)


def test_a_good_pool_edited_into_a_bad_one_keeps_its_last_form():
    last_good = good(pool("edge", "10.0.0.0/24"))
    in_force, messages = parse(pool("edge", "10.0.0.0-10.0.0.255.255"), last_good=last_good)
    assert in_force == {"edge": ["10.0.0.0-10.0.0.255"]}
    assert messages == [
        "IPAddressPool metallb-system/edge: spec.addresses[0] = '10.0.0.0-10.0.0.255.255': what stands after "
        "the - is no IP address. Write two addresses, such as 192.0.2.10-192.0.2.20."
    ]


def test_a_bad_pool_that_is_deleted_is_gone_also_in_its_last_form():
    assert parse(last_good=good(pool("edge", "10.0.0.0/24"))) == ({}, [])


def test_a_pool_grown_over_another_s_addresses_keeps_its_last_form_and_so_does_the_other():
    last_good = good(pool("a", "10.0.0.0/24"), pool("b", "10.0.1.0/24"))
    in_force, messages = parse(pool("a", "10.0.0.0/23"), pool("b", "10.0.1.0/24"), last_good=last_good)
    assert in_force == {"a": ["10.0.0.0-10.0.0.255"], "b": ["10.0.1.0-10.0.1.255"]}
    assert messages == [
        "IPAddressPool metallb-system/a: spec.addresses = '10.0.0.0-10.0.1.255': it overlaps with "
        "10.0.1.0-10.0.1.255 of IPAddressPool b. Take the common addresses out of one of the two pools."
    ]


def test_a_pool_does_not_take_out_one_that_lives_on_in_its_last_form():
    last_good = good(pool("a", "10.0.0.0/24"), pool("b", "10.0.1.0/24"))
    in_force, messages = parse(pool("a", "10.0.0.0/23"), pool("b", "typo"), last_good=last_good)
    assert in_force == {"a": ["10.0.0.0-10.0.0.255"], "b": ["10.0.1.0-10.0.1.255"]}
    assert len(messages) == 2


def test_two_pools_changed_into_an_overlap_both_keep_their_last_form():
    last_good = good(pool("a", "10.0.0.0-10.0.0.9"), pool("b", "10.0.0.10-10.0.0.19"))
    changed = pool("a", "10.0.0.0-10.0.0.15"), pool("b", "10.0.0.12-10.0.0.19")
    in_force, messages = parse(*changed, last_good=last_good)
    assert in_force == {"a": ["10.0.0.0-10.0.0.9"], "b": ["10.0.0.10-10.0.0.19"]}
    assert len(messages) == 2


def test_two_pools_may_swap_their_addresses():
    last_good = good(pool("a", "10.0.0.0/24"), pool("b", "10.0.1.0/24"))
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
    last_good, _ = parse_pools(objects[0], {})
    accepted, rejections = parse_pools(objects[1], last_good)

    taken = [
        address
        for each in accepted.values()
        for span in each.ranges
        for address in range(span.first, span.last + 1)
    ]
    assert len(taken) == len(set(taken))
    assert last_good.keys() & after.keys() <= accepted.keys()
    refused = {each.object.name for each in rejections}
    for name in after:
        assert accepted.get(name) == (last_good.get(name) if name in refused else accepted[name])

    random.shuffle(objects[1])
    assert parse_pools(objects[1], last_good) == (accepted, rejections)
    assert parse_pools(objects[1], accepted)[0] == accepted
