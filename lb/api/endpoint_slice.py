"""EndpointSlice (discovery.k8s.io/v1): which pods can serve a Service, and on which node each runs."""

from msgspec import field

from lb.api.meta import ObjectMeta, Value

SERVICE_NAME = "kubernetes.io/service-name"
"""Label that names the Service which a slice belongs to."""


class EndpointConditions(Value, frozen=True):
    """discovery/v1 EndpointConditions; absent means unknown, which is to be read as ready."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class Endpoint(Value, frozen=True):
    """discovery/v1 Endpoint."""

    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    node_name: str | None = None


class EndpointSlice(Value, frozen=True):
    """discovery/v1 EndpointSlice."""

    metadata: ObjectMeta
    endpoints: tuple[Endpoint, ...] | None = field(default=())
