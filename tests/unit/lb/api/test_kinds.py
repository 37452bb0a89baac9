"""That our CRDs are MetalLB's: every fact about its schemas is true of ours, and nothing else is."""

import re

import pytest

from lb.api.kinds import KINDS
from lb.api.rule import VALIDATIONS
from lb.api.schema import custom_resource_definition
from tests.unit.lb.api import metallb

TYPES = {"object", "array", "string", "integer", "boolean"}
DEFINITIONS = {kind.name: custom_resource_definition(kind)["spec"] for kind in KINDS}
VERSIONS = {
    (name, version["name"]): version
    for name, definition in DEFINITIONS.items()
    for version in definition["versions"]
}


def places(schema, path=""):
    """Each place of a schema below *path*, and the words that hold of it."""
    for name, each in schema.get("properties", {}).items():
        below = f"{path}.{name}"
        words = words_of(each) | ({"required": ""} if name in schema.get("required", []) else {})
        yield below, words
        yield from places(each, below)
    for word, step in (("items", "[]"), ("additionalProperties", "{}")):
        if word in schema:
            yield path + step, words_of(schema[word])
            yield from places(schema[word], path + step)


def words_of(schema):
    known = {
        word: ",".join(sorted(value)) if isinstance(value, list) else str(value)
        for word, value in schema.items()
        if word not in {"description", "properties", "required", "items", "additionalProperties", VALIDATIONS}
    }
    if "default" in schema:
        known["default"] = str(schema["default"]).lower()
    return known | ({"rules": ""} if VALIDATIONS in schema else {})


def table(text, selector):
    """The same from lines of *text*."""
    found = {}
    for path, *words in filter(None, map(str.split, text.splitlines())):
        if "SELECTOR" in words:
            words.remove("SELECTOR")
            found |= table(selector.replace("@", path), selector)
        found[path] = found.get(path, {}) | dict(map(word, words))
    return found


def word(text):
    name, _, value = text.partition("=")
    return ("type", name) if name in TYPES else (name, value)


def facts(version):
    """What MetalLB's schema says, and what we add."""
    expected = table(metallb.SCHEMAS[version], metallb.SELECTOR)
    for path, words in table(metallb.ADDITIONS.get(version, ""), metallb.ADDED_TO_SELECTORS).items():
        expected[path] |= words
    return expected


def test_we_serve_the_kinds_and_versions_of_metallb():
    assert set(VERSIONS) == set(metallb.SCHEMAS)


@pytest.mark.parametrize("version", metallb.SCHEMAS, ids=" ".join)
def test_a_schema_is_metallb_s_and_what_is_listed_as_added(version):
    schema = VERSIONS[version]["schema"]["openAPIV3Schema"]
    assert dict(places(schema)) == facts(version)
    assert words_of(schema) == {"type": "object"}


@pytest.mark.parametrize("version", metallb.ADDITIONS, ids=" ".join)
def test_each_addition_adds_something(version):
    said = table(metallb.SCHEMAS[version], metallb.SELECTOR)
    added = table(metallb.ADDITIONS[version], metallb.ADDED_TO_SELECTORS)
    assert [path for path, words in added.items() if words and said[path] | words == said[path]] == []


@pytest.mark.parametrize("version", metallb.SCHEMAS, ids=" ".join)
def test_each_place_of_a_schema_is_explained(version):
    schema = VERSIONS[version]["schema"]["openAPIV3Schema"]
    assert schema["description"]
    for place in explained(schema):
        assert place["description"].endswith((".", ")"))


def explained(schema):
    for name, each in schema.get("properties", {}).items():
        if name != "metadata":
            yield each
            yield from explained(each)
    if "items" in schema:
        yield from explained(schema["items"])


@pytest.mark.parametrize("version", metallb.SCHEMAS, ids=" ".join)
def test_the_columns_are_metallb_s(version):
    lines = metallb.COLUMNS[version[0]].strip().splitlines()
    columns = [re.split(r"\s{2,}", line.strip()) for line in lines]
    assert VERSIONS[version].get("additionalPrinterColumns", []) == [
        {"name": name, "jsonPath": path, "type": of} | ({"priority": int(priority[0])} if priority else {})
        for name, of, path, *priority in columns
    ]


@pytest.mark.parametrize("version", metallb.SCHEMAS, ids=" ".join)
def test_each_version_is_served_with_its_status_apart(version):
    assert VERSIONS[version]["served"] is True
    assert VERSIONS[version]["subresources"] == {"status": {}}


@pytest.mark.parametrize("kind", metallb.COLUMNS)
def test_a_kind_has_metallb_s_names_and_is_namespaced(kind):
    irregular = {"Community": "communities"}
    plural = irregular.get(kind, kind.lower() + ("es" if kind.endswith("s") else "s"))
    assert DEFINITIONS[kind]["group"] == "metallb.io"
    assert DEFINITIONS[kind]["scope"] == "Namespaced"
    assert DEFINITIONS[kind]["names"] == {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": kind.lower(),
    }


def test_only_bgp_peers_have_a_second_version_which_is_deprecated_and_converted():
    assert {version for version in VERSIONS if not VERSIONS[version]["storage"]} == {("BGPPeer", "v1beta1")}
    assert {
        version: each["deprecationWarning"] for version, each in VERSIONS.items() if each.get("deprecated")
    } == {("BGPPeer", "v1beta1"): "v1beta1 is deprecated, please use v1beta2"}
    assert {kind: each["conversion"] for kind, each in DEFINITIONS.items() if "conversion" in each} == {
        "BGPPeer": {
            "strategy": "Webhook",
            "webhook": {
                "clientConfig": {
                    "service": {
                        "name": "metallb-webhook-service",
                        "namespace": "metallb-system",
                        "path": "/convert",
                        "port": 443,
                    }
                },
                "conversionReviewVersions": ["v1"],
            },
        }
    }


@pytest.mark.parametrize(
    "place",
    [
        ("ServiceL2Status", "v1beta1", "status", "node"),
        ("ServiceL2Status", "v1beta1", "status", "serviceName"),
        ("ServiceL2Status", "v1beta1", "status", "serviceNamespace"),
        ("ServiceBGPStatus", "v1beta1", "status", "node"),
        ("ServiceBGPStatus", "v1beta1", "status", "serviceName"),
        ("ServiceBGPStatus", "v1beta1", "status", "serviceNamespace"),
        ("BGPPeer", "v1beta2", "spec", "enableGracefulRestart"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_changed_in_metallb_cannot_be_changed(place):
    kind, version, part, field = place
    schema = VERSIONS[kind, version]["schema"]["openAPIV3Schema"]
    rules = schema["properties"][part]["properties"][field][VALIDATIONS]
    assert [each["rule"] for each in rules] == ["self == oldSelf"]
