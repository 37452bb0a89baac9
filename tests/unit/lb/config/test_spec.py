import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from lb.api.custom_resource import CustomResource
from lb.api.ip_address_pool import IPAddressPoolSpec
from lb.api.l2_advertisement import L2AdvertisementSpec
from lb.api.meta import ObjectMeta
from lb.config.rejection import Reference, Rejection
from lb.config.spec import decode, mentions

POOL = Reference("IPAddressPool", "edge", "metallb-system")
ADVERTISEMENT = Reference("L2Advertisement", "lan", "metallb-system")


def json_values():
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    known = st.sampled_from(
        ["addresses", "autoAssign", "nodeSelectors", "matchLabels", "matchExpressions", "key", "a.b", "["]
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(known | st.text(max_size=8), inner, max_size=4)
        ),
        max_leaves=12,
    )


def test_a_spec_becomes_a_typed_value():
    spec = decode(POOL, Raw(b'{"addresses": ["192.0.2.0/24"], "avoidBuggyIPs": true}'), IPAddressPoolSpec)
    assert spec == IPAddressPoolSpec(("192.0.2.0/24",), True, True, None)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            '{"addresses": ["192.0.2.0/24"], "autoAsign": false}',
            "spec.autoAsign = False: the field is unknown. Write autoAssign, if that is meant, or remove it.",
            id="unknown field like a known one",
        ),
        pytest.param(
            '{"addresses": ["192.0.2.0/24"], "protocol": "layer2"}',
            "spec.protocol = 'layer2': the field is unknown. Remove it or correct its name.",
            id="unknown field like none",
        ),
        pytest.param(
            '{"addresses": [], "serviceAllocation": {"priorty": 3}}',
            "spec.serviceAllocation.priorty = 3: the field is unknown. "
            "Write priority, if that is meant, or remove it.",
            id="unknown field of an inner object",
        ),
        pytest.param(
            '{"addresses": [], "serviceAllocation": {"autoAssign": true}}',
            "spec.serviceAllocation.autoAssign = True: the field is unknown. Remove it or correct its name.",
            id="field of another object is not suggested",
        ),
        pytest.param(
            '{"addresses": [], "auto.assign": [1]}',
            "spec.auto.assign = [1]: the field is unknown. Write autoAssign, if that is meant, or remove it.",
            id="unknown field with a dot",
        ),
        pytest.param(
            '{"addresses": "192.0.2.0/24"}',
            "spec.addresses = '192.0.2.0/24': expected `array`, got `str`. "
            "See `kubectl explain ipaddresspool.spec.addresses`.",
            id="text in place of a list",
        ),
        pytest.param(
            '{"addresses": ["192.0.2.0/24", 7]}',
            "spec.addresses[1] = 7: expected `str`, got `int`. "
            "See `kubectl explain ipaddresspool.spec.addresses`.",
            id="number in a list of texts",
        ),
        pytest.param(
            '{"addresses": ["192.0.2.0/24"], "autoAssign": "yes"}',
            "spec.autoAssign = 'yes': expected `bool`, got `str`. "
            "See `kubectl explain ipaddresspool.spec.autoAssign`.",
            id="text in place of a truth value",
        ),
        pytest.param(
            "{}",
            "spec.addresses = None: the field is missing. "
            "See `kubectl explain ipaddresspool.spec.addresses`.",
            id="missing field",
        ),
        pytest.param(
            "[1]",
            "spec = [1]: expected `object`, got `array`. See `kubectl explain ipaddresspool.spec`.",
            id="list in place of the spec",
        ),
        pytest.param(
            "null",
            "spec = None: expected `object`, got `null`. See `kubectl explain ipaddresspool.spec`.",
            id="null in place of the spec",
        ),
    ],
)
def test_a_pool_that_does_not_decode_is_rejected(spec, message):
    (rejection,) = decode(POOL, Raw(spec.encode()), IPAddressPoolSpec)
    assert str(rejection) == f"IPAddressPool metallb-system/edge: {message}"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            '{"nodeSelectors": [{}, {"matchLabel": {"a": "b"}}]}',
            "spec.nodeSelectors[1].matchLabel = {'a': 'b'}: the field is unknown. "
            "Write matchLabels, if that is meant, or remove it.",
            id="unknown field of a selector",
        ),
        pytest.param(
            '{"nodeSelectors": [{"matchExpressions": [{"key": "a", "operator": "in"}]}]}',
            "spec.nodeSelectors[0].matchExpressions[0].operator = 'in': invalid enum value 'in'. "
            "See `kubectl explain l2advertisement.spec.nodeSelectors.matchExpressions.operator`.",
            id="operator that there is not",
        ),
        pytest.param(
            '{"nodeSelectors": [{"matchLabels": {"a": true}}]}',
            "spec.nodeSelectors[0].matchLabels[...] = {'a': True}: expected `str`, got `bool`. "
            "See `kubectl explain l2advertisement.spec.nodeSelectors.matchLabels`.",
            id="label that is no text",
        ),
        pytest.param(
            '{"preferredNodeSelectors": [{"weight": 101, "preference": {}}]}',
            "spec.preferredNodeSelectors[0].weight = 101: expected `int` <= 100. "
            "See `kubectl explain l2advertisement.spec.preferredNodeSelectors.weight`.",
            id="weight too large",
        ),
        pytest.param(
            '{"preferredNodeSelectors": [{"weight": 5}]}',
            "spec.preferredNodeSelectors[0].preference = None: the field is missing. "
            "See `kubectl explain l2advertisement.spec.preferredNodeSelectors.preference`.",
            id="preference missing",
        ),
    ],
)
def test_an_advertisement_that_does_not_decode_is_rejected(spec, message):
    (rejection,) = decode(ADVERTISEMENT, Raw(spec.encode()), L2AdvertisementSpec)
    assert str(rejection) == f"L2Advertisement metallb-system/lan: {message}"


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"addresses": "7" * 1_000_000}, id="value"),
        pytest.param({"7" * 1_000_000: 7}, id="name"),
        pytest.param({"serviceAllocation": {"7" * 1_000_000: 7}}, id="inner name"),
        pytest.param(["7" * 1_000_000], id="whole spec"),
    ],
)
def test_a_megabyte_makes_a_message_that_an_event_can_hold(spec):
    rejections = decode(POOL, Raw(json.dumps(spec).encode()), IPAddressPoolSpec)
    assert isinstance(rejections[0], Rejection)
    assert all(len(str(each)) < 1024 for each in rejections)


def test_a_megabyte_of_an_operator_makes_a_message_that_an_event_can_hold():
    spec = {"nodeSelectors": [{"matchExpressions": [{"key": "a", "operator": "7" * 1_000_000}]}]}
    (rejection,) = decode(ADVERTISEMENT, Raw(json.dumps(spec).encode()), L2AdvertisementSpec)
    assert len(str(rejection)) < 1024


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="deep"),
        pytest.param(b'{"x": ' + b"9" * 5_000 + b"}", id="number too long"),
        pytest.param(b'{"x": 1e999}', id="number too large"),
        pytest.param(b'{"addresses": ["\xff"]}', id="not UTF-8"),
        pytest.param(b'{"x": "\\ud800"}', id="half a surrogate pair"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_is_hardly_json_is_rejected(spec):
    (*_, rejection) = decode(POOL, Raw(spec), IPAddressPoolSpec)
    assert isinstance(rejection, Rejection)


@given(json_values(), st.sampled_from([IPAddressPoolSpec, L2AdvertisementSpec]))
def test_any_json_is_a_spec_or_rejected_in_one_line(value, kind):
    decoded = decode(POOL, Raw(json.dumps(value).encode()), kind)
    if isinstance(decoded, kind):
        return
    assert decoded
    for rejection in decoded:
        assert rejection.field.startswith("spec")
        assert len(str(rejection)) < 1024
        assert str(rejection).isprintable()


def test_each_field_that_is_wrong_is_told():
    spec = (
        b'{"autoAsign": false, "avoidBuggyIPs": 1, "serviceAllocation": {"priority": "x", "namespaces": 1}}'
    )
    assert [str(each) for each in decode(POOL, Raw(spec), IPAddressPoolSpec)] == [
        f"IPAddressPool metallb-system/edge: spec.{message}"
        for message in [
            "autoAsign = False: the field is unknown. Write autoAssign, if that is meant, or remove it.",
            "avoidBuggyIPs = 1: expected `bool`, got `int`. "
            "See `kubectl explain ipaddresspool.spec.avoidBuggyIPs`.",
            "serviceAllocation.priority = 'x': expected `int`, got `str`. "
            "See `kubectl explain ipaddresspool.spec.serviceAllocation.priority`.",
            "addresses = None: the field is missing. See `kubectl explain ipaddresspool.spec.addresses`.",
        ]
    ]


def test_a_field_that_stands_there_twice_is_judged_as_a_whole():
    (rejection,) = decode(POOL, Raw(b'{"addresses": 1, "addresses": ["192.0.2.0/24"]}'), IPAddressPoolSpec)
    assert (rejection.field, rejection.reason) == ("spec.addresses", "expected `array`, got `int`")


@pytest.mark.parametrize(
    ("spec", "mentioned"),
    [(b'{"communities": []}', True), (b'{"peers": []}', False), (b'{"c\\u006fmmunities": []}', True)],
)
def test_a_field_is_mentioned_however_its_name_is_written(spec, mentioned):
    assert mentions(CustomResource(ObjectMeta(), Raw(spec)), "communities") is mentioned
