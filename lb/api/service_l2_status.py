"""ServiceL2Status (metallb.io/v1beta1): which node announces a Service in its subnet. Written by speakers."""

from typing import Annotated

from msgspec import Meta

from lb.api.meta import Strict
from lb.api.rule import Rule, guarded

KIND = "ServiceL2Status"
PLURAL = "servicel2statuses"
VERSION = "v1beta1"

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


COLUMNS = (
    ("Allocated Node", ".status.node", "string", 0),
    ("Service Name", ".status.serviceName", "string", 0),
    ("Service Namespace", ".status.serviceNamespace", "string", 0),
)
"""What `kubectl get` shows: name, JSON path, type, priority."""
