"""Writes what we decided about a Service into it: its addresses, annotations and a condition. Nothing else.

One strategic merge patch on the status subresource, bound to the version that the decision was made on, so
that a decision on an old version is never written over a newer one.
"""

from collections.abc import Mapping, Sequence

from lb.api.service import FENCED, LoadBalancerIngress, Service, ServiceCondition
from lb.cluster.client import Client
from lb.cluster.errors import Conflict, GiveUp
from lb.cluster.resource import SERVICES


async def patch_status(
    client: Client,
    service: Service,
    ingress: Sequence[LoadBalancerIngress],
    annotations: Mapping[str, str | None],
    *conditions: ServiceCondition | str,
) -> Service:
    """Set `status.loadBalancer.ingress` (empty clears it), *annotations* (None removes one) and *conditions*.

    Of a condition only its type is given where it is to be removed. Returns the Service as it then is. Raises
    Conflict if it is no longer the version of *service*.
    """
    metadata = service.metadata
    patch = body(metadata.resource_version, ingress, annotations, *conditions)
    return await client.patch(
        SERVICES,
        metadata.name,
        patch,
        namespace=metadata.namespace,
        subresource="status",
        strategic=True,
    )


async def make_void(client: Client, key: str, resource_version: str) -> None:
    """Returns once no write of the Service *key* can be applied that is bound to *resource_version*.

    The Service gets the annotation FENCED, if it still is of that version; whoever writes its status next
    takes it away. Raises ApiError where the answer leaves that open.
    """
    namespace, _, name = key.partition("/")
    patch = {"metadata": {"resourceVersion": resource_version, "annotations": {FENCED: resource_version}}}
    try:
        await client.patch(SERVICES, name, patch, namespace=namespace, subresource="status", strategic=True)
    except Conflict:
        return
    except GiveUp as refused:
        if refused.code != 404:
            raise


def body(
    resource_version: str,
    ingress: Sequence[LoadBalancerIngress],
    annotations: Mapping[str, str | None],
    *conditions: ServiceCondition | str,
) -> dict[str, object]:
    """The strategic merge patch: null takes a field away, conditions of other types stay.

    All of our types are deleted before ours are set, as merging would let a second one of a type stand.
    """
    types = [each if isinstance(each, str) else each.type for each in conditions]
    fresh = [each for each in conditions if not isinstance(each, str)]
    return {
        "metadata": {"resourceVersion": resource_version, "annotations": dict(annotations)},
        "status": {
            "loadBalancer": {"ingress": [_entry(one) for one in ingress] or None},
            "conditions": [*({"type": each, "$patch": "delete"} for each in types), *fresh],
        },
    }


def _entry(ingress: LoadBalancerIngress) -> dict[str, str]:
    return {name: value for name, value in (("ip", ingress.ip), ("hostname", ingress.hostname)) if value}
