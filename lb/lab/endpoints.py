"""EndpointSlices that name a host of the lab where a Service's pods would be.

Source: the API type EndpointSlice of discovery.k8s.io/v1. The cluster's own controller leaves slices alone
that do not bear its mark, so that they stand beside those of pods.
"""

from typing import Any

from lb.lab.addressing import Address


def slices(
    namespace: str, service: str, host: str, address: Address, port: int, port_name: str = ""
) -> list[dict[str, Any]]:
    """The slices, one of each family, that send the Service's port *port_name* to *port* at *address*."""
    return [
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{service}-{host}-{family.lower()}",
                "namespace": namespace,
                "labels": {"kubernetes.io/service-name": service},
            },
            "addressType": family,
            "endpoints": [{"addresses": [str(ip)], "conditions": {"ready": True}}],
            "ports": [{"name": port_name, "port": port, "protocol": "TCP"}],
        }
        for family, ip in (("IPv4", address.v4), ("IPv6", address.v6))
    ]
