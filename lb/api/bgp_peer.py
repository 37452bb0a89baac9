"""BGPPeer (metallb.io/v1beta2): a router that speakers open BGP sessions with.

The same object as `lb.api.bgp_peer_v1beta1`, in the version that is stored.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from lb.api.meta import ATOMIC_MAP, INT64, STATED, Selectors, Strict
from lb.api.rule import Rule, guarded

KIND = "BGPPeer"
PLURAL = "bgppeers"
VERSION = "v1beta2"

# In the words of `lb.config.peers` and `lb.config.timers`. Where a rule is of the whole spec, the API server
# does not say the field's value, so the rule does.
NOT_ZERO = Rule(
    "self != 0",
    message="AS number 0 is reserved (RFC 7607). Write the AS number of this cluster, such as 64512.",
)
AN_ADDRESS = Rule(
    "self == '' || isIP(self.trim())",
    message="this is no IP address. Write one, such as 192.0.2.1 or 2001:db8::1.",
)
OF_A_HOST = Rule(
    "!isIP(self.trim()) || !ip(self.trim()).isUnspecified()"
    " && !cidr('224.0.0.0/4').containsIP(self.trim()) && !cidr('ff00::/8').containsIP(self.trim())",
    message="no host has this address. Write the address of a host.",
)
AN_IDENTIFIER = Rule(
    "self == '' || isIP(self.trim()) && ip(self.trim()).family() == 4 && !ip(self.trim()).isUnspecified()",
    message="a BGP Identifier is written as an IPv4 address, and is not 0.0.0.0 (RFC 6286)."
    " Write one, such as 192.0.2.1.",
)
IS_DURATION = "matches('^[+]?(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+$|^[+]?0$')"
A_DURATION = Rule(
    f"self == '' || self.{IS_DURATION}",
    message="this is no duration. Write a number and a unit, such as 90s or 1m30s.",
)
NOT_A_FRACTION = Rule(
    f"!self.{IS_DURATION} || duration(self) == duration('0s') || duration(self) >= duration('1s')",
    message="BGP counts in seconds, and this is less than one. Write whole seconds, such as 90s.",
)
NOT_TOO_LONG = Rule(
    f"!self.{IS_DURATION} || duration(self) <= duration('65535s')",
    message="it is over 65535 s. Write a shorter time, such as 90s.",
)
A_HOLD_TIME = Rule(
    f"!self.{IS_DURATION} || duration(self).getSeconds() == 0 || duration(self).getSeconds() >= 3",
    message="a Hold Time is 0 or at least 3 s (RFC 4271, section 4.2). Write 3s or more.",
)
A_CONNECT_TIME = Rule(
    f"!self.{IS_DURATION} || duration(self).getSeconds() >= 1 && duration(self).getSeconds() <= 65535"
    " && duration(self).getMilliseconds() % 1000 == 0",
    message="it is not a whole number of seconds from 1 to 65535. Write such as 10s.",
)
UNCHANGED = Rule(
    "self == oldSelf",
    message="it cannot be changed while the peer exists. Delete the peer and create it anew.",
)
KEEPALIVE_WITHIN_HOLD_TIME = Rule(
    f"!has(self.holdTime) || !self.holdTime.{IS_DURATION}"
    f" || !has(self.keepaliveTime) || !self.keepaliveTime.{IS_DURATION}"
    " || duration(self.keepaliveTime) <= duration(self.holdTime)",
    message_expression="'it is ' + self.keepaliveTime + ', longer than holdTime, which is ' + self.holdTime"
    " + '. Write a third of it, or remove this.'",
    field_path=".keepaliveTime",
)
OF_ONE_FAMILY = Rule(
    "!has(self.sourceAddress) || !isIP(self.sourceAddress.trim())"
    " || !has(self.peerAddress) || !isIP(self.peerAddress.trim())"
    " || ip(self.sourceAddress.trim()).family() == ip(self.peerAddress.trim()).family()",
    message_expression="'it is ' + self.sourceAddress + ', and spec.peerAddress is ' + self.peerAddress"
    " + '. Write both in one family.'",
    field_path=".sourceAddress",
)
MAY_BE_MULTI_HOP = "the peer is of our own AS, and sessions within an AS may always be multi-hop. Remove it."
RULES = (
    Rule(
        "has(self.peerASN) && self.peerASN != 0 || has(self.dynamicASN)",
        message="neither it nor spec.dynamicASN is set."
        " Write the AS number of the peer, or dynamicASN: internal or external.",
        field_path=".peerASN",
    ),
    Rule(
        "!has(self.peerASN) || self.peerASN == 0 || !has(self.dynamicASN)",
        message_expression="'it is ' + self.dynamicASN + ', and spec.peerASN is set as well."
        " Keep one of the two.'",
        field_path=".dynamicASN",
    ),
    Rule(
        "has(self.peerAddress) && self.peerAddress != '' || has(self.interface) && self.interface != ''",
        message="neither it nor spec.interface is set. Write the IP address of the peer.",
        field_path=".peerAddress",
    ),
    Rule(
        "!has(self.peerAddress) || self.peerAddress == '' || !has(self.interface) || self.interface == ''",
        message_expression="'it is ' + self.interface + ', and spec.peerAddress is set as well, to '"
        " + self.peerAddress + '. Keep one of the two.'",
        field_path=".interface",
    ),
    Rule(
        "!has(self.ebgpMultiHop) || !self.ebgpMultiHop"
        " || !(has(self.peerASN) && self.peerASN == self.myASN)"
        " && !(has(self.dynamicASN) && self.dynamicASN == 'internal')",
        message=MAY_BE_MULTI_HOP,
        field_path=".ebgpMultiHop",
    ),
    Rule(
        "!has(self.password) || self.password == ''"
        " || !has(self.passwordSecret) || !has(self.passwordSecret.name) || self.passwordSecret.name == ''",
        message="spec.password is set as well. Keep one of the two.",
        field_path=".passwordSecret",
    ),
    OF_ONE_FAMILY,
    KEEPALIVE_WITHIN_HOLD_TIME,
)
"""What holds of a spec as a whole."""

ASN = Annotated[int, INT64, Meta(ge=0, le=4294967295)]
"""An autonomous system number (RFC 6793)."""
OurASN = Annotated[ASN, guarded(NOT_ZERO), Meta(description="Our AS number in the session.")]
Address = Annotated[str, guarded(AN_ADDRESS, OF_A_HOST)]
"""Of an IP, or empty for none."""
Identifier = Annotated[str, guarded(AN_IDENTIFIER), Meta(description="Our BGP Identifier, an IPv4 address.")]
HoldTime = Annotated[
    str,
    guarded(A_DURATION, NOT_A_FRACTION, NOT_TOO_LONG, A_HOLD_TIME),
    Meta(max_length=64, description="Hold time to propose (RFC 4271)."),
]
KeepaliveTime = Annotated[
    str,
    guarded(A_DURATION, NOT_A_FRACTION, NOT_TOO_LONG),
    Meta(max_length=64, description="Time between KEEPALIVEs (RFC 4271)."),
]


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

    my_asn: OurASN = field(name="myASN")
    peer_asn: Annotated[ASN, Meta(description="The peer's AS number. Either this or dynamicASN.")] = field(
        name="peerASN", default=0
    )
    local_asn: Annotated[
        int,
        INT64,
        Meta(ge=1, le=4294967295, description="AS number that this peer is shown in place of myASN."),
    ] = field(name="localASN", default=0)
    dynamic_asn: Annotated[
        DynamicASN | None,
        Meta(
            description="Take the peer's AS number from its OPEN message: our own only (internal),"
            " or any other only (external)."
        ),
    ] = field(name="dynamicASN", default=None)
    peer_address: Annotated[
        Address, Meta(description="IP address of the peer. Either this or interface.")
    ] = ""
    interface: Annotated[
        str, Meta(description="Interface behind which the peer is found, for an unnumbered session.")
    ] = ""
    source_address: Annotated[
        Address, Meta(description="IP address of the node to open the session from.")
    ] = ""
    peer_port: Annotated[int, STATED, Meta(ge=1, le=16384, description="TCP port of the peer.")] = 179
    hold_time: HoldTime | None = None
    keepalive_time: KeepaliveTime | None = None
    connect_time: (
        Annotated[
            str,
            guarded(A_DURATION, A_CONNECT_TIME),
            Meta(max_length=64, description="Time between attempts to connect, in whole seconds."),
        ]
        | None
    ) = None
    router_id: Identifier = field(name="routerID", default="")
    node_selectors: Annotated[
        Selectors, Meta(description="Selectors, ORed, of nodes that peer. None: all.")
    ] = ()
    password: Annotated[str, Meta(description="Password of TCP MD5 (RFC 2385).")] = ""
    password_secret: Annotated[
        SecretReference | None,
        ATOMIC_MAP,
        Meta(description="Secret of type kubernetes.io/basic-auth whose key password is the password."),
    ] = None
    bfd_profile: Annotated[str, Meta(description="BFDProfile by name. None: no BFD.")] = ""
    enable_graceful_restart: Annotated[
        bool,
        guarded(UNCHANGED),
        Meta(description="Offer graceful restart (RFC 4724). Cannot be changed afterwards."),
    ] = False
    ebgp_multi_hop: Annotated[
        bool, Meta(description="Whether an external peer is more than one hop away.")
    ] = field(name="ebgpMultiHop", default=False)
    vrf: Annotated[str, Meta(description="VRF of the node in which the peer is reached.")] = ""
    disable_mp: Annotated[
        bool,
        STATED,
        Meta(description="Deprecated, without effect: see dualStackAddressFamily."),
    ] = field(name="disableMP", default=False)
    dual_stack_address_family: Annotated[
        bool,
        STATED,
        Meta(description="Exchange IPv4 and IPv6 routes, whatever family the session has."),
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
