"""Lease (coordination.k8s.io/v1): who of several replicas does the work that only one may do."""

from msgspec import field

from lb.api.meta import ObjectMeta, Value

CONTROLLER = "anvil-lb-controller"
"""Name of the controllers' Lease, in our namespace."""
TERM = "anvil-lb.io/term"
"""Annotation: which term it is. Whoever claims the Lease makes up another text, that nobody used before."""
WRITING = "anvil-lb.io/writing"
"""Annotation: the status writes that are perhaps on their way, `namespace/name=resourceVersion` by spaces."""


class LeaseSpec(Value, frozen=True):
    """coordination/v1 LeaseSpec. Times are RFC 3339 with microseconds, for people: nobody decides by them."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class Lease(Value, frozen=True):
    """coordination/v1 Lease."""

    metadata: ObjectMeta
    spec: LeaseSpec = field(default_factory=LeaseSpec)
