"""ServiceBGPStatus (metallb.io/v1beta1): to which peers a node advertises a Service. Written by speakers."""

from typing import Annotated

from msgspec import Meta

from lb.api.meta import Strict
from lb.api.rule import Rule, guarded

KIND = "ServiceBGPStatus"
PLURAL = "servicebgpstatuses"
VERSION = "v1beta1"

UNCHANGED = guarded(
    Rule(
        "self == oldSelf",
        message="an object tells of one Service on one node for good. Delete it and create another.",
    )
)


class ServiceBGPStatusSpec(Strict, frozen=True):
    """ServiceBGPStatus spec: nothing."""


class ServiceBGPStatusStatus(Strict, frozen=True):
    """ServiceBGPStatus status."""

    node: Annotated[str, UNCHANGED, Meta(description="Node that advertises.")] = ""
    service_name: Annotated[str, UNCHANGED, Meta(description="Name of the Service.")] = ""
    service_namespace: Annotated[str, UNCHANGED, Meta(description="Namespace of the Service.")] = ""
    peers: Annotated[tuple[str, ...], Meta(description="BGPPeers that the Service is advertised to.")] = ()


COLUMNS = (
    ("Node", ".status.node", "string", 0),
    ("Service Name", ".status.serviceName", "string", 0),
    ("Service Namespace", ".status.serviceNamespace", "string", 0),
)
"""What `kubectl get` shows: name, JSON path, type, priority."""
