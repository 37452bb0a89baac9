"""What every Kubernetes object carries, and label selectors (meta/v1)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from lb.api.rule import Rule, guarded

ATOMIC_LIST = Meta(extra_json_schema={"x-kubernetes-list-type": "atomic"})
ATOMIC_MAP = Meta(extra_json_schema={"x-kubernetes-map-type": "atomic"})
"""Server-side apply replaces such a list or map as a whole."""


class Value(Struct, frozen=True, rename="camel", gc=False):
    """A frozen object of the Kubernetes API: camelCase on the wire, unknown fields passed over.

    It is a tree, and there are many: the garbage collector has nothing to look for in it.
    """


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


INT32 = Meta(extra_json_schema={"format": "int32"})
INT64 = Meta(extra_json_schema={"format": "int64"})
IS_STATED = "x-stated"
STATED = Meta(extra_json_schema={IS_STATED: True})
"""For a field whose default the CRD states, so that `kubectl get` and other programs see it."""


class Operator(StrEnum):
    """meta/v1 LabelSelectorOperator."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


KNOWN_OPERATOR = Rule(
    "self in ['In', 'NotIn', 'Exists', 'DoesNotExist']",
    message="the operator is none of In, NotIn, Exists and DoesNotExist. Write one of these.",
)
VALUES_FIT_OPERATOR = Rule(
    "self.operator in ['In', 'NotIn'] ? has(self.values) && self.values.size() > 0"
    " : !(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || self.values.size() == 0",
    message_expression="'operator ' + self.operator + (self.operator in ['In', 'NotIn']"
    " ? ' needs at least one value' : ' takes no values') + '. Correct the operator or its values.'",
)


class LabelSelectorRequirement(Strict, frozen=True):
    """meta/v1 LabelSelectorRequirement."""

    key: Annotated[str, Meta(description="Label key that the requirement applies to.")]
    operator: Annotated[
        Operator,
        Meta(description="Relation of the key to the values: In, NotIn, Exists or DoesNotExist."),
        # MetalLB's schema has no enum here.
        guarded(KNOWN_OPERATOR, enum=None),
    ]
    values: Annotated[
        tuple[str, ...],
        ATOMIC_LIST,
        Meta(description="At least one for In and NotIn, none for Exists and DoesNotExist."),
    ] = ()


class LabelSelector(Strict, frozen=True):
    """meta/v1 LabelSelector: all requirements are ANDed; an empty selector matches everything."""

    match_labels: Annotated[
        dict[str, str], Meta(description="Each pair stands for an In requirement with one value.")
    ] = field(default_factory=dict)
    match_expressions: Annotated[
        tuple[Annotated[LabelSelectorRequirement, guarded(VALUES_FIT_OPERATOR)], ...],
        ATOMIC_LIST,
        Meta(max_length=50, description="Requirements, all of which must hold."),
    ] = ()


Selector = Annotated[LabelSelector, ATOMIC_MAP]
Selectors = Annotated[tuple[Selector, ...], Meta(max_length=5000)]
