"""BFDProfile (metallb.io/v1beta1): parameters of BFD sessions (RFC 5880) that BGPPeers refer to by name."""

from typing import Annotated

from msgspec import Meta, field

from lb.api.meta import INT32, Strict

KIND = "BFDProfile"
PLURAL = "bfdprofiles"
VERSION = "v1beta1"

INTERVAL = Meta(ge=10, le=60000)
"""Milliseconds."""


class BFDProfileSpec(Strict, frozen=True):
    """BFDProfile spec. Intervals are in milliseconds; absent, the values are the field's usual ones."""

    receive_interval: (
        Annotated[
            int,
            INT32,
            INTERVAL,
            Meta(description="Required Min RX Interval in ms (RFC 5880). Absent: 300."),
        ]
        | None
    ) = None
    transmit_interval: (
        Annotated[
            int,
            INT32,
            INTERVAL,
            Meta(description="Desired Min TX Interval in ms (RFC 5880). Absent: 300."),
        ]
        | None
    ) = None
    detect_multiplier: (
        Annotated[
            int,
            INT32,
            Meta(
                ge=2,
                le=255,
                description="Detect Mult (RFC 5880): packets to miss before the session is down. Absent: 3.",
            ),
        ]
        | None
    ) = None
    echo_interval: (
        Annotated[int, INT32, INTERVAL, Meta(description="Interval of echo packets in ms. Absent: 50.")]
        | None
    ) = None
    echo_mode: Annotated[bool, Meta(description="Use the Echo function; IPv4 only.")] | None = None
    passive_mode: (
        Annotated[bool, Meta(description="Take the passive role (RFC 5880, 6.1): do not send until heard.")]
        | None
    ) = None
    minimum_ttl: (
        Annotated[
            int,
            INT32,
            Meta(
                ge=1,
                le=254,
                description="On multi-hop sessions, the least TTL of packets that are accepted (RFC 5883).",
            ),
        ]
        | None
    ) = field(name="minimumTtl", default=None)


class BFDProfileStatus(Strict, frozen=True):
    """BFDProfile status: nothing."""


COLUMNS = (
    ("Passive Mode", ".spec.passiveMode", "boolean", 0),
    ("Transmit Interval", ".spec.transmitInterval", "integer", 0),
    ("Receive Interval", ".spec.receiveInterval", "integer", 0),
    ("Multiplier", ".spec.detectMultiplier", "integer", 0),
)
"""What `kubectl get` shows: name, JSON path, type, priority."""
