"""ConfigurationState (metallb.io/v1beta1): whether a process of ours could read its configuration."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from lb.api.meta import INT64, ObjectMeta, OwnerReference, Strict, Value

KIND = "ConfigurationState"
PLURAL = "configurationstates"
VERSION = "v1beta1"

COMPONENT_TYPE = "metallb.io/component-type"
"""Label: `controller` or `speaker`."""
NODE_NAME = "metallb.io/node-name"
"""Label of a speaker's: its node."""
SUBNETS = "anvil-lb.io/subnets"
"""Annotation of a speaker's: the subnets that its node is on, as CIDRs with commas between."""

CONFLICTS = "anvil-lb.io/conflicts"
"""Annotation of a speaker's: strangers that use its addresses, in the words of `lb.config.conflict`."""
HARDWARE_ADDRESSES = "anvil-lb.io/hardware-addresses"
"""Annotation of a speaker's: those by which it announces, with commas between."""


class Reader(Struct, frozen=True):
    """A kind of process that reads the configuration; each tells one condition, as one field manager."""

    component_type: str
    condition_type: str
    field_manager: str


CONTROLLER = Reader("controller", "poolReconcilerValid", "poolReconciler")
SPEAKER = Reader("speaker", "configReconcilerValid", "configReconciler")
LONGEST_MESSAGE = 32768
"""Characters of a condition's message."""
CONDITION_TYPE = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
)
REASON = "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
"""Forms of a condition's type and reason (meta/v1 Condition)."""


class Result(StrEnum):
    """ConfigurationState status.result."""

    VALID = "Valid"
    INVALID = "Invalid"
    UNKNOWN = "Unknown"


class Condition(Strict, frozen=True, omit_defaults=False):
    """meta/v1 Condition. `last_transition_time` is RFC 3339 in UTC."""

    type: Annotated[
        str, Meta(max_length=316, pattern=CONDITION_TYPE, description="Type of the condition, in CamelCase.")
    ]
    status: Annotated[
        str, Meta(description="Whether it holds.", extra_json_schema={"enum": ["True", "False", "Unknown"]})
    ]
    reason: Annotated[
        str, Meta(min_length=1, max_length=1024, pattern=REASON, description="Why, in one word.")
    ]
    message: Annotated[str, Meta(max_length=LONGEST_MESSAGE, description="Why, for a person.")]
    last_transition_time: Annotated[
        str, Meta(description="When the status last changed.", extra_json_schema={"format": "date-time"})
    ]
    observed_generation: Annotated[int, INT64, Meta(ge=0, description="The generation that it tells of.")] = 0


class ConfigurationStateStatus(Strict, frozen=True):
    """ConfigurationState status."""

    result: Annotated[Result | None, Meta(description="What the conditions come to.")] = None
    error_summary: Annotated[str, Meta(description="The messages of the conditions that fail.")] = ""
    conditions: Annotated[
        tuple[Condition, ...],
        Meta(
            description="One of each reader of the configuration.",
            extra_json_schema={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = ()


class Metadata(ObjectMeta, frozen=True):
    """meta/v1 ObjectMeta, with whom the object goes."""

    owner_references: tuple[OwnerReference, ...] = ()


class ConfigurationState(Value, frozen=True):
    """An object of this kind."""

    metadata: Metadata
    status: ConfigurationStateStatus = field(default_factory=ConfigurationStateStatus)


COLUMNS = (
    ("Result", ".status.result", "string", 0),
    ("ErrorSummary", ".status.errorSummary", "string", 0),
    ("Age", ".metadata.creationTimestamp", "date", 0),
)
"""What `kubectl get` shows: name, JSON path, type, priority."""
