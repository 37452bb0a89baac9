"""Objects built from our schemas, for Hypothesis: whatever the API server would let through without rules."""

from hypothesis import strategies as st

from lb.api.kinds import KINDS
from lb.api.schema import schema_of

SPECS = {
    (kind.name, version.name): schema_of(version.spec)
    for kind in KINDS
    for version in kind.versions
    if version.spec is not None
}
"""Schemas of the specs, by kind and version."""
MOST = 3
"""Items of a list or a map."""


def specs(kind, version):
    """Specs of *kind*."""
    return instances(SPECS[kind, version])


def instances(schema):
    """JSON values that fit *schema*."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema.get("minimum", -(2**31)), schema.get("maximum", 2**31 - 1))
        case "string":
            return texts(schema.get("maxLength"))
        case "array":
            return st.lists(instances(schema["items"]), min_size=schema.get("minItems", 0), max_size=MOST)
    return objects(schema)


def texts(longest):
    """Texts that mean something to some field, and any others."""
    meant = st.sampled_from(
        [
            *(
                "",
                "0s",
                "90s",
                "1m30s",
                "0",
                "2s",
                "192.0.2.1",
                "2001:db8::1",
                "fe80::1%eth0",
                "Exists",
                "In",
            ),
            *(
                "192.0.2.0/24",
                "192.0.2.1-192.0.2.9",
                "65000:1",
                "large:1:2:3",
                "lan",
                "DoesNotExist",
                "NotIn",
            ),
        ]
    )
    # No lone surrogates: they are in no UTF-8.
    return meant | st.text(st.characters(exclude_categories=["Cs"]), max_size=min(longest or 12, 12))


def objects(schema):
    if "additionalProperties" in schema:
        return st.dictionaries(texts(63), instances(schema["additionalProperties"]), max_size=MOST)
    properties = {name: instances(each) for name, each in schema.get("properties", {}).items()}
    required = {name: properties[name] for name in schema.get("required", [])}
    optional = {name: each for name, each in properties.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional)
