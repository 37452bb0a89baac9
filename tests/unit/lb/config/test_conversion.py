import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from lb.api.bgp_peer import BGPPeerSpec
from lb.api.extension import FIELDS_OF_V1BETA2
from lb.config.conversion import V1BETA1, V1BETA2, convert
from lb.config.rejection import Rejection
from tests.unit.lb.api.instances import specs

SPEC = {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1"}
OLD = specs("BGPPeer", "v1beta1")
NEW = specs("BGPPeer", "v1beta2")


def peer(api_version, spec, annotations=None):
    metadata = {"name": "tor", "namespace": "metallb-system", "uid": "1", "generation": 3}
    if annotations is not None:
        metadata["annotations"] = annotations
    return {
        "apiVersion": api_version,
        "kind": "BGPPeer",
        "metadata": metadata,
        "spec": spec,
        "status": {},
    }


def converted(item, api_version):
    found = convert(Raw(json.dumps(item).encode()), api_version)
    assert isinstance(found, Raw)
    return json.loads(bytes(found))


def up(spec, annotations=None):
    return converted(peer(V1BETA1, spec, annotations), V1BETA2)


def down(spec, annotations=None):
    return converted(peer(V1BETA2, spec, annotations), V1BETA1)


def kept(item):
    return json.loads(item["metadata"]["annotations"][FIELDS_OF_V1BETA2])


# What is the same in both


def test_all_but_the_version_stays_of_a_peer_that_both_versions_can_say():
    spec = {
        **SPEC,
        "sourceAddress": "192.0.2.2",
        "peerPort": 1179,
        "holdTime": "90s",
        "keepaliveTime": "30s",
        "routerID": "192.0.2.3",
        "nodeSelectors": [
            {
                "matchLabels": {"rack": "a"},
                "matchExpressions": [{"key": "zone", "operator": "In", "values": ["b"]}],
            }
        ],
        "password": "told",
        "bfdProfile": "fast",
        "ebgpMultiHop": True,
    }
    old, new = peer(V1BETA1, spec, {"mine": "yes"}), peer(V1BETA2, spec, {"mine": "yes"})
    assert converted(old, V1BETA2) == new
    assert converted(new, V1BETA1) == old


@pytest.mark.parametrize("api_version", [V1BETA1, V1BETA2])
def test_a_peer_of_the_wanted_version_is_left_as_it_is(api_version):
    item = peer(api_version, {**SPEC, "vrf": "red"}, {FIELDS_OF_V1BETA2: "{}"})
    assert converted(item, api_version) == item


def test_an_absent_time_stays_absent_and_a_time_of_nothing_stays_that():
    assert up(SPEC)["spec"] == SPEC
    assert down(SPEC)["spec"] == SPEC
    assert up({**SPEC, "holdTime": "0s"})["spec"]["holdTime"] == "0s"
    assert down({**SPEC, "holdTime": "0s"})["spec"]["holdTime"] == "0s"


# What v1beta1 says differently


def test_port_0_is_none():
    assert up({**SPEC, "peerPort": 0})["spec"] == SPEC
    assert down({**SPEC, "peerPort": 179})["spec"]["peerPort"] == 179


@pytest.mark.parametrize("operator", ["Exists", "DoesNotExist"])
def test_v1beta1_has_a_value_where_none_is_meant(operator):
    def selecting(requirement):
        return {**SPEC, "nodeSelectors": [{"matchExpressions": [requirement]}]}

    bare = {"key": "rack", "operator": operator}
    assert up(selecting({**bare, "values": ["any"]}))["spec"] == selecting(bare)
    assert down(selecting(bare))["spec"] == selecting({**bare, "values": [""]})


def test_a_value_is_not_invented_where_one_is_missing():
    spec = {**SPEC, "nodeSelectors": [{"matchExpressions": [{"key": "rack", "operator": "In"}]}]}
    (selector,) = down(spec)["spec"]["nodeSelectors"]
    assert selector == {"matchExpressions": [{"key": "rack", "operator": "In", "values": []}]}


def test_a_peer_without_as_number_or_address_has_empty_ones_in_v1beta1():
    item = down({"myASN": 64512, "dynamicASN": "external", "interface": "eth0"})
    assert item["spec"] == {"myASN": 64512, "peerASN": 0, "peerAddress": ""}
    assert kept(item) == {"dynamicASN": "external", "interface": "eth0"}


# What v1beta1 has no place for


def test_what_v1beta1_has_no_place_for_goes_along_and_comes_back():
    spec = {
        "myASN": 64512,
        "localASN": 64600,
        "dynamicASN": "external",
        "interface": "eth0",
        "connectTime": "10s",
        "passwordSecret": {"name": "tor", "namespace": "metallb-system"},
        "enableGracefulRestart": True,
        "vrf": "red",
        "disableMP": True,
        "dualStackAddressFamily": True,
    }
    old = down(spec, {"mine": "yes"})
    assert set(old["spec"]) == {"myASN", "peerASN", "peerAddress"}
    assert kept(old) == {name: value for name, value in spec.items() if name != "myASN"}
    assert converted(old, V1BETA2) == peer(V1BETA2, spec, {"mine": "yes"})


def test_a_peer_that_needs_no_annotation_gets_none():
    spec = {**SPEC, "disableMP": False, "dualStackAddressFamily": False, "vrf": "", "localASN": 0}
    assert "annotations" not in down(spec)["metadata"]
    assert "annotations" not in down(spec, {FIELDS_OF_V1BETA2: '{"vrf": "old"}'})["metadata"]


def test_the_password_is_in_no_annotation():
    item = down({**SPEC, "password": "hush", "vrf": "red"})
    assert "hush" not in item["metadata"]["annotations"][FIELDS_OF_V1BETA2]
    assert item["spec"]["password"] == "hush"


@pytest.mark.parametrize(
    ("remembered", "written"),
    [
        pytest.param({"dynamicASN": "external"}, {"peerASN": 64513}, id="AS number"),
        pytest.param({"interface": "eth0"}, {"peerAddress": "192.0.2.1"}, id="address"),
        pytest.param({"passwordSecret": {"name": "tor"}}, {"password": "told"}, id="password"),
    ],
)
def test_what_was_written_since_wins_over_what_it_leaves_no_room_for(remembered, written):
    old = down({"myASN": 64512, **remembered, "vrf": "red"})
    old["spec"] |= written
    assert converted(old, V1BETA2)["spec"] == {"myASN": 64512, "vrf": "red", **written}


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        pytest.param("{", {}, id="no JSON"),
        pytest.param("[]", {}, id="no object"),
        pytest.param(f'{{"vrf": {"[" * 5000 + "]" * 5000}}}', {}, id="one that is nested without end"),
        pytest.param('{"vrf": 7, "localASN": 64600}', {"localASN": 64600}, id="one of a wrong type"),
        pytest.param('{"localASN": 0, "vrf": "red"}', {"vrf": "red"}, id="one out of bounds"),
        pytest.param(
            '{"dynamicASN": "both", "vrf": "red"}', {"vrf": "red"}, id="one that is none of an enum"
        ),
        pytest.param('{"myASN": 1, "unheard": 2, "vrf": "red"}', {"vrf": "red"}, id="ones that are not kept"),
        pytest.param('{"connectTime": null, "vrf": "red"}', {"vrf": "red"}, id="one that is absent"),
        pytest.param('{"passwordSecret": {"nome": "a"}}', {}, id="one with an unknown part"),
    ],
)
def test_garbage_in_the_annotation_is_left_out(text, fields):
    item = up(SPEC, {FIELDS_OF_V1BETA2: text})
    assert item["spec"] == {**SPEC, **fields}
    assert "annotations" not in item["metadata"]


# What is no BGPPeer


@pytest.mark.parametrize(
    ("item", "wanted", "message"),
    [
        pytest.param(
            peer(V1BETA2, SPEC),
            "metallb.io/v1beta3",
            "BGPPeer metallb-system/tor: apiVersion = 'metallb.io/v1beta2': "
            "it cannot be converted into metallb.io/v1beta3. Use metallb.io/v1beta2.",
            id="into an unknown version",
        ),
        pytest.param(
            {"apiVersion": ["x"], "metadata": []},
            V1BETA2,
            "BGPPeer ?: apiVersion = ['x']: it cannot be converted into metallb.io/v1beta2."
            " Use metallb.io/v1beta2.",
            id="from an unknown version",
        ),
        pytest.param(
            [],
            V1BETA2,
            "BGPPeer ?: apiVersion = None: this is no object (Expected `object`, got `array`). Write one.",
            id="no object",
        ),
    ],
)
def test_what_cannot_be_converted_is_told(item, wanted, message):
    found = convert(Raw(json.dumps(item).encode()), wanted)
    assert isinstance(found, Rejection)
    assert str(found) == message


@pytest.mark.parametrize(
    "spec",
    [
        None,
        [],
        {"nodeSelectors": {}},
        {"nodeSelectors": [None, {"matchExpressions": 3}, {"matchExpressions": [None, {"operator": []}]}]},
    ],
    ids=str,
)
def test_a_spec_of_another_form_is_not_judged_here(spec):
    assert up(spec)["apiVersion"] == V1BETA2
    assert down(spec)["apiVersion"] == V1BETA1


# For all


def as_meant(spec):
    """A v1beta1 spec without what says nothing."""
    selectors = [
        {
            **each,
            "matchExpressions": [
                {**one, "values": None} if one["operator"] in ("Exists", "DoesNotExist") else one
                for one in each.get("matchExpressions", [])
            ],
        }
        for each in spec.get("nodeSelectors", [])
    ]
    return {**spec, "peerPort": spec.get("peerPort", 0), "nodeSelectors": selectors}


@given(OLD)
def test_from_v1beta1_and_back_is_the_same(spec):
    assert as_meant(converted(up(spec), V1BETA1)["spec"]) == as_meant(spec)


def well_formed(spec):
    """*spec* with at most one of two fields of which v1beta1 can say only one, and with proper selectors."""
    for one, other in [
        ("peerASN", "dynamicASN"),
        ("peerAddress", "interface"),
        ("password", "passwordSecret"),
    ]:
        if spec.get(one):
            spec.pop(other, None)
    for each in spec.get("nodeSelectors", []):
        for requirement in each.get("matchExpressions", []):
            if requirement["operator"] not in ("In", "NotIn"):
                requirement["operator"] = "Exists"
                requirement.pop("values", None)
    return spec


@given(NEW.map(well_formed))
def test_from_v1beta2_and_back_is_the_same(spec):
    back = converted(down(spec), V1BETA2)
    assert typed(back["spec"]) == typed(spec)
    assert "annotations" not in back["metadata"]


def typed(spec):
    """The spec as we read it, so that absent and empty are the same; 0 is no local AS number."""
    return msgspec.convert(spec, BGPPeerSpec)


@given(st.sampled_from([V1BETA1, V1BETA2]), OLD | NEW, st.text(max_size=20))
def test_every_object_has_a_form_in_the_other_version(api_version, spec, text):
    other = V1BETA2 if api_version == V1BETA1 else V1BETA1
    item = converted(peer(api_version, spec, {FIELDS_OF_V1BETA2: text}), other)
    before = peer(api_version, spec)
    assert (item["kind"], item["status"]) == (before["kind"], before["status"])
    assert {**item["metadata"], "annotations": None} == {**before["metadata"], "annotations": None}
