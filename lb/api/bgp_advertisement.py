"""BGPAdvertisement (metallb.io/v1beta1): which pools are advertised to BGP peers, from where, and how."""

from typing import Annotated

from msgspec import Meta, field

from lb.api.community import IN_BOUNDS, IN_FORM
from lb.api.meta import INT32, INT64, STATED, Selectors, Strict
from lb.api.rule import Rule, guarded

KIND = "BGPAdvertisement"
PLURAL = "bgpadvertisements"
VERSION = "v1beta1"

AN_IPV4_LENGTH = Rule("self <= 32", message="a prefix length is a number from 1 to 32. Write 32 for none.")
AN_IPV6_LENGTH = Rule(
    "self >= 1 && self <= 128",
    message="a prefix length is a number from 1 to 128. Write 128 for none.",
)
A_NAME = "!self.contains(':')"
A_COMMUNITY_OR_NAME = guarded(
    Rule(f"{A_NAME} || ({IN_FORM.rule})", message_expression=IN_FORM.message_expression),
    Rule(f"{A_NAME} || ({IN_BOUNDS.rule})", message_expression=IN_BOUNDS.message_expression),
)
NO_COMMUNITY_TWICE = Rule(
    "self.all(each, self.exists_one(other, other == each))",
    message_expression="self.filter(each, !self.exists_one(other, other == each))[0]"
    " + ' stands there twice. List each community once.'",
)
NEVER_AN_AGGREGATE = (
    "with spec.serviceSelectors, a Service's own address is advertised, never an aggregate."
    " Remove one of the two."
)
RULES = (
    Rule(
        "!has(self.serviceSelectors) || self.serviceSelectors.size() == 0"
        " || !has(self.aggregationLength) || self.aggregationLength == 32",
        message=NEVER_AN_AGGREGATE,
        field_path=".aggregationLength",
    ),
    Rule(
        "!has(self.serviceSelectors) || self.serviceSelectors.size() == 0"
        " || !has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128",
        message=NEVER_AN_AGGREGATE,
        field_path=".aggregationLengthV6",
    ),
)
"""What holds of a spec as a whole."""


class BGPAdvertisementSpec(Strict, frozen=True):
    """BGPAdvertisement spec."""

    aggregation_length: (
        Annotated[
            int,
            INT32,
            STATED,
            guarded(AN_IPV4_LENGTH),
            Meta(ge=1, description="Prefix length that IPv4 routes are aggregated to."),
        ]
        | None
    ) = 32
    aggregation_length_v6: (
        Annotated[
            int,
            INT32,
            STATED,
            guarded(AN_IPV6_LENGTH),
            Meta(description="Prefix length that IPv6 routes are aggregated to."),
        ]
        | None
    ) = field(name="aggregationLengthV6", default=128)
    local_pref: Annotated[
        int,
        # MetalLB's int32 leaves the upper half out where Kubernetes takes it at its word, from 1.36 on.
        INT64,
        Meta(ge=0, le=4294967295, description="LOCAL_PREF towards internal peers; 0: none is set."),
    ] = 0
    as_path_prepend: (
        Annotated[
            int,
            INT32,
            Meta(ge=1, le=10, description="How often our AS number is prepended to AS_PATH in addition."),
        ]
        | None
    ) = None
    communities: Annotated[
        tuple[Annotated[str, Meta(max_length=253), A_COMMUNITY_OR_NAME], ...],
        guarded(NO_COMMUNITY_TWICE),
        Meta(
            max_length=128,
            description="Communities (65000:1, large:1:2:3), or names that a Community object defines.",
        ),
    ] = ()
    ip_address_pools: Annotated[
        tuple[str, ...], Meta(description="Pools by name. With no name and no selector: all pools.")
    ] = ()
    ip_address_pool_selectors: Annotated[
        Selectors, Meta(description="Selectors, ORed, of pools by their labels.")
    ] = ()
    node_selectors: Annotated[
        Selectors, Meta(description="Selectors, ORed, of nodes that advertise. None: all.")
    ] = ()
    service_selectors: Annotated[
        Selectors, Meta(description="Selectors, ORed, of Services to advertise. None: all.")
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
