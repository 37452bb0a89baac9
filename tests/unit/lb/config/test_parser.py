import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, json

from lb.api.custom_resource import CustomResource
from lb.api.meta import ObjectMeta
from lb.config.config import EMPTY
from lb.config.parser import MOST, Parsed, parse

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4) | st.just("10.0.0.0/24"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["addresses", "nodeSelectors", "matchLabels", "interfaces"])
            | st.text(max_size=4),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
GOOD_SPECS = st.builds(
    lambda first, size: {"addresses": [f"10.0.0.{first}-10.0.0.{first + size}"]},
    st.integers(0, 20),
    st.integers(0, 5),
)


def resource(name, spec, born="2026-01-01T00:00:00Z"):
    meta = ObjectMeta(name=name, namespace="metallb-system", creation_timestamp=born)
    return CustomResource(meta, Raw(json.encode(spec)))


def resources(specs):
    names = st.sampled_from(["a", "b", "c", "d", "e"])
    return st.dictionaries(names, specs, max_size=5).map(
        lambda chosen: [resource(name, spec) for name, spec in chosen.items()]
    )


def test_everything_is_in_the_order_of_its_name():
    old, new = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    pools = [
        resource("b", {"addresses": ["10.0.1.0/24"]}, old),
        resource("a", {"addresses": ["10.0.0.0/24"]}, new),
    ]
    config = parse(pools, [resource("y", {}), resource("x", {})]).config
    assert (list(config.pools), list(config.l2_advertisements)) == (["a", "b"], ["x", "y"])


def test_rejections_of_pools_and_advertisements_come_together():
    parsed = parse([resource("a", {"addresses": ["x"]})], [resource("b", {"interfaces": [1]})])
    assert [(str(each.object), each.field) for each in parsed.rejections] == [
        ("IPAddressPool metallb-system/a", "spec.addresses[0]"),
        ("L2Advertisement metallb-system/b", "spec.interfaces[0]"),
    ]


@pytest.mark.parametrize(
    ("spec", "last_spec", "unread"),
    [
        pytest.param({"addresses": ["x"]}, None, {"a"}, id="never good"),
        pytest.param({"addresses": ["x"]}, {"addresses": ["10.0.0.0/24"]}, set(), id="once good"),
        pytest.param({"addresses": ["10.0.0.0/24"]}, None, set(), id="good"),
    ],
)
def test_a_pool_is_unread_while_it_was_never_good(spec, last_spec, unread):
    last_good = parse([resource("a", last_spec)], []).config if last_spec else EMPTY
    found = parse([resource("a", spec)], [], last_good).config.unread
    assert isinstance(found, frozenset)
    assert found == unread


def test_an_unread_pool_that_is_deleted_is_not_unread_any_more():
    unread = parse([resource("a", {"addresses": ["x"]})], []).config
    assert parse([], [], unread).config == EMPTY


@given(resources(GOOD_SPECS | JSON_VALUES), resources(JSON_VALUES), resources(GOOD_SPECS), st.randoms())
def test_any_specs_are_parsed_alike_in_whatever_order(pools, advertisements, before, random):
    last_good = parse(before, []).config
    parsed = parse(pools, advertisements, last_good)
    assert isinstance(parsed, Parsed)
    assert {each.metadata.name for each in pools} == parsed.config.pools.keys() | parsed.config.unread
    assert all(len(str(each)) < 1024 for each in parsed.rejections)

    random.shuffle(pools)
    random.shuffle(advertisements)
    again = parse(pools, advertisements, last_good)
    assert again == parsed
    assert list(again.config.pools) == list(parsed.config.pools)


@given(resources(GOOD_SPECS), resources(GOOD_SPECS | JSON_VALUES))
def test_parsing_again_with_the_result_as_last_good_changes_nothing(before, pools):
    config = parse(pools, [], parse(before, []).config).config
    assert parse(pools, [], config).config == config


def test_of_an_object_that_is_wrong_all_over_a_bounded_list_is_told():
    rejections = parse([resource("a", {"addresses": ["x"] * 100})], []).rejections

    assert len(rejections) == MOST + 1
    assert rejections[-1].reason == f"{100 - MOST} more faults are not listed"
