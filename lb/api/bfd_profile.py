"""BFDProfile (metallb.io/v1beta1): parameters of BFD sessions (RFC 5880) that BGPPeers refer to by name."""

from typing import Annotated

from msgspec import Meta, field

from lb.api.meta import Strict

KIND = "BFDProfile"
PLURAL = "bfdprofiles"
VERSION = "v1beta1"

INTERVAL = Meta(ge=10, le=60000, extra_json_schema={"format": "int32"})
"""Milliseconds."""


class BFDProfileSpec(Strict, frozen=True):
    """BFDProfile spec. Intervals are in milliseconds; absent, the values are the field's usual ones."""

    receive_interval: Annotated[
        int | None, INTERVAL, Meta(description="Required Min RX Interval in ms (RFC 5880). Absent: 300.")
    ] = None
    transmit_interval: Annotated[
        int | None, INTERVAL, Meta(description="Desired Min TX Interval in ms (RFC 5880). Absent: 300.")
    ] = None
    detect_multiplier: Annotated[
        int | None,
        Meta(
            ge=2,
            le=255,
            description="Detect Mult (RFC 5880): packets to miss before the session is down. Absent: 3.",
            extra_json_schema={"format": "int32"},
        ),
    ] = None
    echo_interval: Annotated[
        int | None, INTERVAL, Meta(description="Interval of echo packets in ms. Absent: 50.")
    ] = None
    echo_mode: Annotated[bool | None, Meta(description="Use the Echo function; IPv4 only.")] = None
    passive_mode: Annotated[
        bool | None, Meta(description="Take the passive role (RFC 5880, 6.1): do not send until heard.")
    ] = None
    minimum_ttl: Annotated[
        int | None,
        Meta(
            ge=1,
            le=254,
            description="On multi-hop sessions, the least TTL of packets that are accepted (RFC 5883).",
            extra_json_schema={"format": "int32"},
        ),
    ] = field(name="minimumTtl", default=None)


class BFDProfileStatus(Strict, frozen=True):
    """BFDProfile status: nothing."""


COLUMNS = (
    ("Passive Mode", ".spec.passiveMode", "boolean", 0),
    ("Transmit Interval", ".spec.transmitInterval", "integer", 0),
    ("Receive Interval", ".spec.receiveInterval", "integer", 0),
    ("Multiplier", ".spec.detectMultiplier", "integer", 0),
)
"""What `kubectl get` shows: name, JSON path, type, priority."""
