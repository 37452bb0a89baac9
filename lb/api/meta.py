"""What every Kubernetes object carries, and label selectors (meta/v1)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field


class Value(Struct, frozen=True, rename="camel"):
    """A frozen object of the Kubernetes API: camelCase on the wire, unknown fields passed over."""


class Strict(Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """A part of a custom resource that a person writes: a field that it does not know is an error."""


class ObjectMeta(Value, frozen=True, omit_defaults=True):
    """meta/v1 ObjectMeta. `creation_timestamp` is RFC 3339 in UTC, so that it sorts as text."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


class OwnerReference(Value, frozen=True):
    """meta/v1 OwnerReference: an object of the same namespace, with which this one is to go."""

    api_version: str
    kind: str
    name: str
    uid: str


class Operator(StrEnum):
    """meta/v1 LabelSelectorOperator."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class LabelSelectorRequirement(Strict, frozen=True):
    """meta/v1 LabelSelectorRequirement."""

    key: Annotated[str, Meta(description="Label key that the requirement applies to.")]
    operator: Annotated[Operator, Meta(description="Relation of the key to the values.")]
    values: Annotated[
        tuple[str, ...],
        Meta(description="Non-empty for In and NotIn, empty for Exists and DoesNotExist."),
    ] = ()


class LabelSelector(Strict, frozen=True):
    """meta/v1 LabelSelector: all requirements are ANDed; an empty selector matches everything."""

    match_labels: Annotated[
        dict[str, str], Meta(description="Each pair stands for an In requirement with one value.")
    ] = field(default_factory=dict)
    match_expressions: Annotated[
        tuple[LabelSelectorRequirement, ...], Meta(description="Requirements, all of which must hold.")
    ] = ()
