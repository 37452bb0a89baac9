"""BGPPeer in its deprecated version v1beta1: served and converted, never stored."""

from typing import Annotated

from msgspec import Meta, field

from lb.api.bgp_peer import (
    ASN,
    KEEPALIVE_WITHIN_HOLD_TIME,
    MAY_BE_MULTI_HOP,
    OF_ONE_FAMILY,
    Address,
    HoldTime,
    Identifier,
    KeepaliveTime,
    OurASN,
)
from lb.api.meta import KNOWN_OPERATOR, Strict
from lb.api.rule import Rule, guarded

VERSION = "v1beta1"
DEPRECATION = "v1beta1 is deprecated, please use v1beta2"

RULES = (
    Rule(
        "!has(self.ebgpMultiHop) || !self.ebgpMultiHop || self.peerASN != self.myASN",
        message=MAY_BE_MULTI_HOP,
        field_path=".ebgpMultiHop",
    ),
    OF_ONE_FAMILY,
    KEEPALIVE_WITHIN_HOLD_TIME,
)
"""What holds of a spec as a whole. Empty or 0, peerAddress and peerASN stand for fields of v1beta2."""


class NodeRequirement(Strict, frozen=True):
    """BGPPeer v1beta1 spec.nodeSelectors[].matchExpressions[]."""

    key: Annotated[str, Meta(description="Label key that the requirement applies to.")]
    operator: Annotated[str, guarded(KNOWN_OPERATOR), Meta(description="In, NotIn, Exists or DoesNotExist.")]
    values: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="Values for In and NotIn; passed over for the others."),
    ]


class NodeSelector(Strict, frozen=True):
    """BGPPeer v1beta1 spec.nodeSelectors[]."""

    match_labels: Annotated[dict[str, str], Meta(description="Labels that the node has.")] = field(
        default_factory=dict
    )
    match_expressions: Annotated[
        tuple[NodeRequirement, ...],
        Meta(max_length=50, description="Requirements, all of which must hold."),
    ] = ()


class BGPPeerSpec(Strict, frozen=True):
    """BGPPeer v1beta1 spec. Times are Go durations, such as `90s` or `1m30s`."""

    my_asn: OurASN = field(name="myASN")
    peer_asn: Annotated[ASN, Meta(description="The peer's AS number.")] = field(name="peerASN")
    peer_address: Annotated[Address, Meta(description="IP address of the peer.")]
    source_address: Annotated[
        Address, Meta(description="IP address of the node to open the session from.")
    ] = ""
    peer_port: Annotated[int, Meta(ge=0, le=16384, description="TCP port of the peer; 0: 179.")] = 0
    hold_time: HoldTime = ""
    keepalive_time: KeepaliveTime = ""
    router_id: Identifier = field(name="routerID", default="")
    node_selectors: Annotated[
        tuple[NodeSelector, ...],
        Meta(max_length=5000, description="Selectors, ORed, of nodes that peer. None: all."),
    ] = ()
    password: Annotated[str, Meta(description="Password of TCP MD5 (RFC 2385).")] = ""
    bfd_profile: Annotated[str, Meta(description="BFDProfile by name. None: no BFD.")] = ""
    ebgp_multi_hop: Annotated[
        bool, Meta(description="Whether an external peer is more than one hop away.")
    ] = field(name="ebgpMultiHop", default=False)
