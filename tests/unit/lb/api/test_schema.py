from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from lb.api.kinds import Kind, Version
from lb.api.meta import STATED, LabelSelector
from lb.api.rule import Rule, guarded
from lb.api.schema import custom_resource_definition, schema_of

POSITIVE = Rule("self > 0", message="it is not above 0. Write 1.", field_path=".size")


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(Struct, rename="camel"):
    """A part."""

    long_name: str
    colour: Colour | None = None


class Nothing(Struct):
    """Nothing."""


def field_of(kind, default=...):
    """The schema of a field of type *kind*."""

    class Whole(Struct):
        it: kind = field() if default is ... else field(default=default)

    return schema_of(Whole)["properties"]["it"]


def test_a_type_that_is_referred_to_is_written_out():
    assert field_of(tuple[Part, ...]) == {
        "type": "array",
        "items": {
            "type": "object",
            "description": "A part.",
            "properties": {
                "longName": {"type": "string"},
                "colour": {"type": "string", "enum": ["blue", "red"]},
            },
            "required": ["longName"],
        },
    }


def test_a_field_s_own_description_replaces_the_type_s():
    assert field_of(Annotated[Nothing | None, Meta(description="It.")], None) == {
        "type": "object",
        "description": "It.",
    }


def test_what_may_be_absent_has_the_schema_of_what_may_be_there():
    kind = Annotated[int, Meta(ge=1), STATED, guarded(POSITIVE)] | None
    assert field_of(kind, 3) == {
        "type": "integer",
        "minimum": 1,
        "default": 3,
        "x-kubernetes-validations": [
            {"rule": "self > 0", "message": "it is not above 0. Write 1.", "fieldPath": ".size"}
        ],
    }


def test_only_a_default_that_is_marked_is_stated():
    assert field_of(bool, True) == {"type": "boolean"}
    assert field_of(Annotated[bool, STATED], False) == {"type": "boolean", "default": False}


def test_a_map_has_the_schema_of_its_values():
    assert field_of(dict[str, int]) == {"type": "object", "additionalProperties": {"type": "integer"}}


def test_bounds_forms_and_kinds_of_lists_are_kept():
    text = Annotated[str, Meta(min_length=1, max_length=9, pattern="^a"), guarded(format="date-time")]
    listed = Annotated[
        tuple[text, ...],
        Meta(min_length=1, max_length=2, extra_json_schema={"x-kubernetes-list-type": "atomic"}),
    ]
    assert field_of(listed) == {
        "type": "array",
        "minItems": 1,
        "maxItems": 2,
        "x-kubernetes-list-type": "atomic",
        "items": {
            "type": "string",
            "minLength": 1,
            "maxLength": 9,
            "pattern": "^a",
            "format": "date-time",
        },
    }


def test_the_operator_of_a_selector_is_no_enum():
    requirement = field_of(LabelSelector)["properties"]["matchExpressions"]["items"]
    assert "enum" not in requirement["properties"]["operator"]
    assert requirement["properties"]["operator"]["type"] == "string"


def test_the_last_version_is_stored_and_the_others_are_converted():
    old = Version("v1", Part, Nothing, (), deprecation="v1 is old")
    new = Version("v2", Part, Nothing, (("Name", ".spec.longName", "string", 7),), (POSITIVE,))
    definition = custom_resource_definition(Kind("Wheel", "wheels", "A wheel.", (old, new)))
    assert definition["metadata"] == {"name": "wheels.metallb.io"}
    assert definition["spec"]["conversion"]["strategy"] == "Webhook"
    first, second = definition["spec"]["versions"]
    assert (first["storage"], second["storage"]) == (False, True)
    assert (first["deprecated"], first["deprecationWarning"]) == (True, "v1 is old")
    assert "deprecated" not in second
    assert second["additionalPrinterColumns"] == [
        {"name": "Name", "jsonPath": ".spec.longName", "type": "string", "priority": 7}
    ]
    schema = second["schema"]["openAPIV3Schema"]
    assert (schema["description"], schema["required"]) == ("A wheel.", ["spec"])
    assert [each["rule"] for each in schema["properties"]["spec"]["x-kubernetes-validations"]] == ["self > 0"]
    assert "x-kubernetes-validations" not in first["schema"]["openAPIV3Schema"]["properties"]["spec"]


def test_a_kind_of_one_version_is_not_converted_and_may_have_no_spec():
    only = Kind("Wheel", "wheels", "A wheel.", (Version("v1", None, Nothing, ()),))
    definition = custom_resource_definition(only)["spec"]
    assert "conversion" not in definition
    schema = definition["versions"][0]["schema"]["openAPIV3Schema"]
    assert sorted(schema["properties"]) == ["apiVersion", "kind", "metadata", "status"]
    assert "required" not in schema
