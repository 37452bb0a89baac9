"""BGPAdvertisement (metallb.io/v1beta1): which pools are advertised to BGP peers, from where, and how."""

from typing import Annotated

from msgspec import Meta, field

from lb.api.meta import LabelSelector, Strict

KIND = "BGPAdvertisement"
PLURAL = "bgpadvertisements"
VERSION = "v1beta1"


class BGPAdvertisementSpec(Strict, frozen=True):
    """BGPAdvertisement spec."""

    aggregation_length: Annotated[
        int | None, Meta(ge=1, description="Prefix length that IPv4 routes are aggregated to.")
    ] = 32
    aggregation_length_v6: Annotated[
        int | None, Meta(description="Prefix length that IPv6 routes are aggregated to.")
    ] = field(name="aggregationLengthV6", default=128)
    local_pref: Annotated[
        int,
        Meta(
            ge=0,
            le=4294967295,
            description="LOCAL_PREF towards internal peers; 0: none is set.",
            extra_json_schema={"format": "int32"},
        ),
    ] = 0
    as_path_prepend: Annotated[
        int | None,
        Meta(ge=1, le=10, description="How often our AS number is prepended to AS_PATH in addition."),
    ] = None
    communities: Annotated[
        tuple[str, ...],
        Meta(description="Communities (65000:1, large:1:2:3), or names that a Community object defines."),
    ] = ()
    ip_address_pools: Annotated[
        tuple[str, ...], Meta(description="Pools by name. With no name and no selector: all pools.")
    ] = ()
    ip_address_pool_selectors: Annotated[
        tuple[LabelSelector, ...], Meta(description="Selectors, ORed, of pools by their labels.")
    ] = ()
    node_selectors: Annotated[
        tuple[LabelSelector, ...], Meta(description="Selectors, ORed, of nodes that advertise. None: all.")
    ] = ()
    service_selectors: Annotated[
        tuple[LabelSelector, ...], Meta(description="Selectors, ORed, of Services to advertise. None: all.")
    ] = ()
    peers: Annotated[tuple[str, ...], Meta(description="BGPPeers by name. None: all.")] = ()


class BGPAdvertisementStatus(Strict, frozen=True):
    """BGPAdvertisement status: nothing."""


COLUMNS = (
    ("IPAddressPools", ".spec.ipAddressPools", "string", 0),
    ("IPAddressPool Selectors", ".spec.ipAddressPoolSelectors", "string", 0),
    ("Peers", ".spec.peers", "string", 0),
    ("Node Selectors", ".spec.nodeSelectors", "string", 10),
)
"""What `kubectl get` shows: name, JSON path, type, priority."""
