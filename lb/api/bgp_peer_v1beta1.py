"""BGPPeer in its deprecated version v1beta1: served and converted, never stored."""

from typing import Annotated

from msgspec import Meta, field

from lb.api.bgp_peer import ASN
from lb.api.meta import Strict

VERSION = "v1beta1"
DEPRECATION = "v1beta1 is deprecated, please use v1beta2"


class NodeRequirement(Strict, frozen=True):
    """BGPPeer v1beta1 spec.nodeSelectors[].matchExpressions[]."""

    key: Annotated[str, Meta(description="Label key that the requirement applies to.")]
    operator: Annotated[str, Meta(description="In, NotIn, Exists or DoesNotExist.")]
    values: Annotated[tuple[str, ...], Meta(min_length=1, description="Values for In and NotIn.")]


class NodeSelector(Strict, frozen=True):
    """BGPPeer v1beta1 spec.nodeSelectors[]."""

    match_labels: Annotated[dict[str, str], Meta(description="Labels that the node has.")] = field(
        default_factory=dict
    )
    match_expressions: Annotated[
        tuple[NodeRequirement, ...], Meta(description="Requirements, all of which must hold.")
    ] = ()


class BGPPeerSpec(Strict, frozen=True):
    """BGPPeer v1beta1 spec. Times are Go durations, such as `90s` or `1m30s`."""

    my_asn: Annotated[int, ASN, Meta(description="Our AS number in the session.")] = field(name="myASN")
    peer_asn: Annotated[int, ASN, Meta(description="The peer's AS number.")] = field(name="peerASN")
    peer_address: Annotated[str, Meta(description="IP address of the peer.")]
    source_address: Annotated[str, Meta(description="IP address of the node to open the session from.")] = ""
    peer_port: Annotated[int, Meta(ge=0, le=16384, description="TCP port of the peer.")] = 0
    hold_time: Annotated[str, Meta(description="Hold time to propose (RFC 4271).")] = ""
    keepalive_time: Annotated[str, Meta(description="Time between KEEPALIVEs (RFC 4271).")] = ""
    router_id: Annotated[str, Meta(description="Our BGP Identifier, an IPv4 address.")] = field(
        name="routerID", default=""
    )
    node_selectors: Annotated[
        tuple[NodeSelector, ...], Meta(description="Selectors, ORed, of nodes that peer. None: all.")
    ] = ()
    password: Annotated[str, Meta(description="Password of TCP MD5 (RFC 2385).")] = ""
    bfd_profile: Annotated[str, Meta(description="BFDProfile by name. None: no BFD.")] = ""
    ebgp_multi_hop: Annotated[
        bool, Meta(description="Whether an external peer is more than one hop away.")
    ] = field(name="ebgpMultiHop", default=False)
