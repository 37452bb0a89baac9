"""ServiceL2Status (metallb.io/v1beta1): which node announces a Service in its subnet. Written by speakers."""

from typing import Annotated

from msgspec import Meta

from lb.api.configuration_state import Metadata
from lb.api.meta import Strict, Value
from lb.api.rule import Rule, guarded

KIND = "ServiceL2Status"
PLURAL = "servicel2statuses"
VERSION = "v1beta1"

NODE = "metallb.io/node"
SERVICE_NAME = "metallb.io/service-name"
SERVICE_NAMESPACE = "metallb.io/service-namespace"
"""Labels: what the status says, to select by."""

UNCHANGED = guarded(
    Rule(
        "self == oldSelf",
        message="an object tells of one Service on one node for good. Delete it and create another.",
    )
)


class InterfaceInfo(Strict, frozen=True):
    """ServiceL2Status status.interfaces[]."""

    name: Annotated[str, Meta(description="Name of an interface that carries the announcement.")] = ""


class ServiceL2StatusSpec(Strict, frozen=True):
    """ServiceL2Status spec: nothing."""


class ServiceL2StatusStatus(Strict, frozen=True):
    """ServiceL2Status status."""

    node: Annotated[str, UNCHANGED, Meta(description="Node that announces.")] = ""
    service_name: Annotated[str, UNCHANGED, Meta(description="Name of the Service.")] = ""
    service_namespace: Annotated[str, UNCHANGED, Meta(description="Namespace of the Service.")] = ""
    interfaces: Annotated[
        tuple[InterfaceInfo, ...], Meta(description="Interfaces that carry the announcement. None: all.")
    ] = ()


class ServiceL2Status(Value, frozen=True):
    """An object of this kind."""

    metadata: Metadata
    status: ServiceL2StatusStatus = ServiceL2StatusStatus()


COLUMNS = (
    ("Allocated Node", ".status.node", "string", 0),
    ("Service Name", ".status.serviceName", "string", 0),
    ("Service Namespace", ".status.serviceNamespace", "string", 0),
)
"""What `kubectl get` shows: name, JSON path, type, priority."""
