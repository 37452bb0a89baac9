"""The table of the kinds that we serve, and of their versions: what their CRDs are made from."""

from typing import Final

from msgspec import Struct

from lb.api import (
    bfd_profile,
    bgp_advertisement,
    bgp_peer,
    bgp_peer_v1beta1,
    community,
    configuration_state,
    ip_address_pool,
    l2_advertisement,
    service_bgp_status,
    service_l2_status,
)
from lb.api.rule import Rule

Column = tuple[str, str, str, int]
"""A column of `kubectl get`: name, JSON path, type, priority."""


class Version(Struct, frozen=True):
    """A version of a kind: the types of its parts, where it has them, and what holds of its spec as a whole.

    `deprecation` is what the API server warns of; None where the version is not deprecated.
    """

    name: str
    spec: type[Struct] | None
    status: type[Struct]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    deprecation: str | None = None


class Kind(Struct, frozen=True):
    """A kind; the last of `versions` is stored, and our webhook converts where there are more."""

    name: str
    plural: str
    description: str
    versions: tuple[Version, ...]


KINDS: Final = (
    Kind(
        ip_address_pool.KIND,
        ip_address_pool.PLURAL,
        "Addresses that Services of type LoadBalancer may be given.",
        (
            Version(
                ip_address_pool.VERSION,
                ip_address_pool.IPAddressPoolSpec,
                ip_address_pool.IPAddressPoolStatus,
                ip_address_pool.COLUMNS,
            ),
        ),
    ),
    Kind(
        l2_advertisement.KIND,
        l2_advertisement.PLURAL,
        "Which addresses are announced by ARP and NDP, and from where.",
        (
            Version(
                l2_advertisement.VERSION,
                l2_advertisement.L2AdvertisementSpec,
                l2_advertisement.L2AdvertisementStatus,
                l2_advertisement.COLUMNS,
            ),
        ),
    ),
    Kind(
        bgp_advertisement.KIND,
        bgp_advertisement.PLURAL,
        "Which addresses are advertised to BGP peers, from where, and with which attributes.",
        (
            Version(
                bgp_advertisement.VERSION,
                bgp_advertisement.BGPAdvertisementSpec,
                bgp_advertisement.BGPAdvertisementStatus,
                bgp_advertisement.COLUMNS,
                bgp_advertisement.RULES,
            ),
        ),
    ),
    Kind(
        bgp_peer.KIND,
        bgp_peer.PLURAL,
        "A router that nodes open BGP sessions with.",
        (
            Version(
                bgp_peer_v1beta1.VERSION,
                bgp_peer_v1beta1.BGPPeerSpec,
                bgp_peer.BGPPeerStatus,
                bgp_peer.COLUMNS,
                bgp_peer_v1beta1.RULES,
                bgp_peer_v1beta1.DEPRECATION,
            ),
            Version(
                bgp_peer.VERSION,
                bgp_peer.BGPPeerSpec,
                bgp_peer.BGPPeerStatus,
                bgp_peer.COLUMNS,
                bgp_peer.RULES,
            ),
        ),
    ),
    Kind(
        bfd_profile.KIND,
        bfd_profile.PLURAL,
        "Parameters of the BFD sessions of the BGP peers that name it.",
        (
            Version(
                bfd_profile.VERSION,
                bfd_profile.BFDProfileSpec,
                bfd_profile.BFDProfileStatus,
                bfd_profile.COLUMNS,
            ),
        ),
    ),
    Kind(
        community.KIND,
        community.PLURAL,
        "Names for BGP communities, to be used in BGPAdvertisements.",
        (Version(community.VERSION, community.CommunitySpec, community.CommunityStatus, community.COLUMNS),),
    ),
    Kind(
        service_l2_status.KIND,
        service_l2_status.PLURAL,
        "Which node announces a Service by ARP and NDP. Written by the speakers.",
        (
            Version(
                service_l2_status.VERSION,
                service_l2_status.ServiceL2StatusSpec,
                service_l2_status.ServiceL2StatusStatus,
                service_l2_status.COLUMNS,
            ),
        ),
    ),
    Kind(
        service_bgp_status.KIND,
        service_bgp_status.PLURAL,
        "To which BGP peers a node advertises a Service. Written by the speakers.",
        (
            Version(
                service_bgp_status.VERSION,
                service_bgp_status.ServiceBGPStatusSpec,
                service_bgp_status.ServiceBGPStatusStatus,
                service_bgp_status.COLUMNS,
            ),
        ),
    ),
    Kind(
        configuration_state.KIND,
        configuration_state.PLURAL,
        "Whether a process of the load balancer could read its configuration. Written by the process.",
        (
            Version(
                configuration_state.VERSION,
                None,
                configuration_state.ConfigurationStateStatus,
                configuration_state.COLUMNS,
            ),
        ),
    ),
)
