"""Writes what we decided about a Service into it: its address, and annotations of ours. Nothing else.

One merge patch (RFC 7396) on the status subresource, bound to the version that the decision was made on, so
that a decision on an old version is never written over a newer one.
"""

from collections.abc import Mapping, Sequence

from lb.api.service import LoadBalancerIngress, Service
from lb.cluster.client import Client
from lb.cluster.resource import SERVICES


async def patch_status(
    client: Client,
    service: Service,
    ingress: Sequence[LoadBalancerIngress],
    annotations: Mapping[str, str | None] | None = None,
) -> Service:
    """Set `status.loadBalancer.ingress` (empty clears it) and *annotations* (None removes one).

    Returns the Service as it then is. Raises Conflict if it is no longer the version of *service*.
    """
    metadata = service.metadata
    patch = body(metadata.resource_version, ingress, annotations or {})
    return await client.patch(
        SERVICES, metadata.name, patch, namespace=metadata.namespace, subresource="status"
    )


def body(
    resource_version: str, ingress: Sequence[LoadBalancerIngress], annotations: Mapping[str, str | None]
) -> dict[str, object]:
    """The merge patch: null takes a field away."""
    return {
        "metadata": {"resourceVersion": resource_version, "annotations": dict(annotations)},
        "status": {"loadBalancer": {"ingress": [_entry(one) for one in ingress] or None}},
    }


def _entry(ingress: LoadBalancerIngress) -> dict[str, str]:
    return {name: value for name, value in (("ip", ingress.ip), ("hostname", ingress.hostname)) if value}
