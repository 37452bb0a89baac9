"""BGPPeer (metallb.io/v1beta2): a router that speakers open BGP sessions with.

The same object as `lb.api.bgp_peer_v1beta1`, in the version that is stored.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from lb.api.meta import LabelSelector, Strict

KIND = "BGPPeer"
PLURAL = "bgppeers"
VERSION = "v1beta2"

ASN = Meta(ge=0, le=4294967295, extra_json_schema={"format": "int64"})
"""An autonomous system number (RFC 6793)."""


class DynamicASN(StrEnum):
    """BGPPeer spec.dynamicASN: the peer's AS is ours (internal), or any other (external)."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class SecretReference(Strict, frozen=True):
    """core/v1 SecretReference."""

    name: Annotated[str, Meta(description="Name of the Secret.")] = ""
    namespace: Annotated[str, Meta(description="Its namespace; only the load balancer's own is read.")] = ""


class BGPPeerSpec(Strict, frozen=True):
    """BGPPeer spec. Times are Go durations, such as `90s` or `1m30s`."""

    my_asn: Annotated[int, ASN, Meta(description="Our AS number in the session.")] = field(name="myASN")
    peer_asn: Annotated[int, ASN, Meta(description="The peer's AS number. Either this or dynamicASN.")] = (
        field(name="peerASN", default=0)
    )
    local_asn: Annotated[
        int,
        Meta(
            ge=1,
            le=4294967295,
            description="AS number that this peer is shown in place of myASN.",
            extra_json_schema={"format": "int64"},
        ),
    ] = field(name="localASN", default=0)
    dynamic_asn: Annotated[
        DynamicASN | None, Meta(description="Take the peer's AS number from its OPEN message.")
    ] = field(name="dynamicASN", default=None)
    peer_address: Annotated[str, Meta(description="IP address of the peer. Either this or interface.")] = ""
    interface: Annotated[
        str, Meta(description="Interface behind which the peer is found, for an unnumbered session.")
    ] = ""
    source_address: Annotated[str, Meta(description="IP address of the node to open the session from.")] = ""
    peer_port: Annotated[int, Meta(ge=1, le=16384, description="TCP port of the peer.")] = 179
    hold_time: Annotated[str | None, Meta(description="Hold time to propose (RFC 4271).")] = None
    keepalive_time: Annotated[str | None, Meta(description="Time between KEEPALIVEs (RFC 4271).")] = None
    connect_time: Annotated[
        str | None, Meta(description="Time between attempts to connect, in whole seconds.")
    ] = None
    router_id: Annotated[str, Meta(description="Our BGP Identifier, an IPv4 address.")] = field(
        name="routerID", default=""
    )
    node_selectors: Annotated[
        tuple[LabelSelector, ...], Meta(description="Selectors, ORed, of nodes that peer. None: all.")
    ] = ()
    password: Annotated[str, Meta(description="Password of TCP MD5 (RFC 2385).")] = ""
    password_secret: Annotated[
        SecretReference | None,
        Meta(description="Secret of type kubernetes.io/basic-auth whose key password is the password."),
    ] = None
    bfd_profile: Annotated[str, Meta(description="BFDProfile by name. None: no BFD.")] = ""
    enable_graceful_restart: Annotated[
        bool, Meta(description="Offer graceful restart (RFC 4724). Cannot be changed afterwards.")
    ] = False
    ebgp_multi_hop: Annotated[
        bool, Meta(description="Whether an external peer is more than one hop away.")
    ] = field(name="ebgpMultiHop", default=False)
    vrf: Annotated[str, Meta(description="VRF of the node in which the peer is reached.")] = ""
    disable_mp: Annotated[bool, Meta(description="Deprecated, without effect.")] = field(
        name="disableMP", default=False
    )
    dual_stack_address_family: Annotated[
        bool, Meta(description="Exchange IPv4 and IPv6 routes, whatever family the session has.")
    ] = False


class BGPPeerStatus(Strict, frozen=True):
    """BGPPeer status: nothing."""


COLUMNS = (
    ("Address", ".spec.peerAddress", "string", 0),
    ("ASN", ".spec.peerASN", "string", 0),
    ("BFD Profile", ".spec.bfdProfile", "string", 0),
    ("Multi Hops", ".spec.ebgpMultiHop", "string", 0),
)
"""What `kubectl get` shows: name, JSON path, type, priority."""
