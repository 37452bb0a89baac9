"""L2Advertisement (metallb.io/v1beta1): which pools are announced by ARP and NDP, from where."""

from typing import Annotated

from msgspec import Meta

from lb.api.meta import INT32, Selector, Selectors, Strict

KIND = "L2Advertisement"
PLURAL = "l2advertisements"
VERSION = "v1beta1"


class PreferredNode(Strict, frozen=True):
    """L2Advertisement spec.preferredNodeSelectors[]."""

    weight: Annotated[
        int,
        INT32,
        Meta(ge=1, le=100, description="Added to the score of each node that the preference matches."),
    ]
    preference: Annotated[Selector, Meta(description="Selector of the preferred nodes.")]


class L2AdvertisementSpec(Strict, frozen=True):
    """L2Advertisement spec."""

    ip_address_pools: Annotated[
        tuple[str, ...], Meta(description="Pools by name. With no name and no selector: all pools.")
    ] = ()
    ip_address_pool_selectors: Annotated[
        Selectors, Meta(description="Selectors, ORed, of pools by their labels.")
    ] = ()
    node_selectors: Annotated[
        Selectors, Meta(description="Selectors, ORed, of nodes that may announce. None: all.")
    ] = ()
    interfaces: Annotated[
        tuple[str, ...], Meta(description="Interfaces, by exact name, to announce on. None: all.")
    ] = ()
    service_selectors: Annotated[
        Selectors, Meta(description="Selectors, ORed, of Services to announce. None: all.")
    ] = ()
    preferred_node_selectors: Annotated[
        tuple[PreferredNode, ...],
        Meta(max_length=5000, description="Nodes that are preferred, with weights."),
    ] = ()


class L2AdvertisementStatus(Strict, frozen=True):
    """L2Advertisement status: nothing."""


COLUMNS = (
    ("IPAddressPools", ".spec.ipAddressPools", "string", 0),
    ("IPAddressPool Selectors", ".spec.ipAddressPoolSelectors", "string", 0),
    ("Interfaces", ".spec.interfaces", "string", 0),
    ("Node Selectors", ".spec.nodeSelectors", "string", 10),
)
"""What `kubectl get` shows: name, JSON path, type, priority."""
