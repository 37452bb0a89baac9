"""Where in Kubernetes objects it stands whom the API server trusts to be our webhooks. Pure.

Only those that are called by our Service are ours to write. Source: the two API types, RFC 6902.
"""

from collections.abc import Iterable

from controller.admission.rotation import Bundle
from lb.api.webhook import (
    ClientConfig,
    CustomResourceDefinition,
    ServiceReference,
    ValidatingWebhookConfiguration,
)
from lb.cluster.resource import KubernetesObject

Holder = ValidatingWebhookConfiguration | CustomResourceDefinition


def bundles(holder: Holder, service: ServiceReference) -> tuple[Bundle, ...]:
    """Those of *holder* for webhooks that are called by *service*; their owner is the object's name."""
    return tuple(
        Bundle(holder.metadata.name, f"{place}/caBundle", config.ca_bundle)
        for place, config in _configs(holder).items()
        if config.service == service
    )


def patch(holder: KubernetesObject, wanted: Iterable[Bundle]) -> list[dict[str, object]]:
    """The JSON patch that writes *wanted* into *holder*, if it is still as it was seen, and nothing else."""
    version = holder.metadata.resource_version
    steps: list[dict[str, object]] = [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version}  # Conflict if it is another
    ]
    return steps + [{"op": "add", "path": each.place, "value": each.pem} for each in wanted]


def _configs(holder: Holder) -> dict[str, ClientConfig]:
    match holder:
        case ValidatingWebhookConfiguration(webhooks=webhooks):
            return {f"/webhooks/{n}/clientConfig": each.client_config for n, each in enumerate(webhooks)}
        case CustomResourceDefinition():
            webhook = holder.spec.conversion.webhook
            return {"/spec/conversion/webhook/clientConfig": webhook.client_config} if webhook else {}
