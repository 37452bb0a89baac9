"""IPAddressPool (metallb.io/v1beta1): addresses that Services may be given."""

from typing import Annotated

from msgspec import Meta, field

from lb.api.meta import INT64, STATED, Selectors, Strict
from lb.api.rule import Rule, guarded

KIND = "IPAddressPool"
PLURAL = "ipaddresspools"
VERSION = "v1beta1"

NOT_EMPTY = Rule(
    "self.size() > 0",
    message="the pool has no addresses. Add a CIDR or a range, or delete the pool.",
)
A_RANGE = "self.contains('-')"
ENDS = "self.split('-', 2).map(end, end.trim())"
A_CIDR = "!self.contains('-') && self.contains('/')"
START = "self.split('/')[0].trim()"
LENGTH = "self.trim().split('/', 2)[1]"

ENDS_ARE_ADDRESSES = Rule(
    f"!({A_RANGE}) || {ENDS}.all(end, isIP(end))",
    message_expression=f"'what stands ' + (isIP({ENDS}[0]) ? 'after' : 'before')"
    " + ' the - is no IP address. Write two addresses, such as 192.0.2.10-192.0.2.20.'",
)
ENDS_ARE_OF_ONE_FAMILY = Rule(
    f"!({A_RANGE}) || !{ENDS}.all(end, isIP(end)) || ip({ENDS}[0]).family() == ip({ENDS}[1]).family()",
    message="the range starts in one IP family and ends in the other."
    " Write both ends in IPv4 or both in IPv6.",
)
ENDS_ARE_IN_ORDER = Rule(  # as far as they are of IPv4
    f"!({A_RANGE}) || !{ENDS}.all(end, isIP(end) && ip(end).family() == 4)"
    f" || [{ENDS}.map(end, end.split('.', 4).map(part, int(part)))].all(ends,"
    " ends[0][0] * 16777216 + ends[0][1] * 65536 + ends[0][2] * 256 + ends[0][3]"
    " <= ends[1][0] * 16777216 + ends[1][1] * 65536 + ends[1][2] * 256 + ends[1][3])",
    message_expression=f"'the range ends before it starts. Write ' + {ENDS}[1] + '-' + {ENDS}[0] + '.'",
)
CIDR_STARTS_WITH_ADDRESS = Rule(
    f"!({A_CIDR}) || isIP({START})",
    message="what stands before the / is no IP address. Write a CIDR such as 192.0.2.0/24 or 2001:db8::/120.",
)
CIDR_ENDS_WITH_LENGTH = Rule(
    f"!({A_CIDR}) || !isIP({START})"
    f" || {LENGTH}.matches('^[0-9]{{1,3}}$') && int({LENGTH}) <= (ip({START}).family() == 4 ? 32 : 128)",
    message_expression=f"'the prefix length of an ' + (ip({START}).family() == 4"
    " ? 'IPv4 CIDR is a number from 0 to 32' : 'IPv6 CIDR is a number from 0 to 128')"
    " + '. Write a CIDR such as 192.0.2.0/24 or 2001:db8::/120.'",
)
CIDR_OR_RANGE = Rule(
    "self.contains('-') || self.contains('/')",
    message_expression="isIP(self.trim()) ? 'an address without a prefix length is no range. Write '"
    " + self.trim() + (ip(self.trim()).family() == 4 ? '/32.' : '/128.')"
    " : 'this is neither a CIDR nor a range."
    " Write a CIDR such as 192.0.2.0/24 or 2001:db8::/120, or a range such as 192.0.2.10-192.0.2.20.'",
)
Address = Annotated[
    str,
    Meta(max_length=100),
    guarded(
        ENDS_ARE_ADDRESSES,
        ENDS_ARE_OF_ONE_FAMILY,
        ENDS_ARE_IN_ORDER,
        CIDR_STARTS_WITH_ADDRESS,
        CIDR_ENDS_WITH_LENGTH,
        CIDR_OR_RANGE,
    ),
]
"""In the words of `lb.config.ranges`."""


class ServiceAllocation(Strict, frozen=True):
    """IPAddressPool spec.serviceAllocation."""

    priority: Annotated[
        int, Meta(description="Pools with a lower number are tried first; 0 is tried last.")
    ] = 0
    namespaces: Annotated[
        tuple[str, ...], Meta(description="Namespaces whose Services may use the pool.")
    ] = ()
    namespace_selectors: Annotated[
        Selectors, Meta(description="Selectors, ORed, of namespaces whose Services may use the pool.")
    ] = ()
    service_selectors: Annotated[
        Selectors, Meta(description="Selectors, ORed, of Services that may use the pool.")
    ] = ()


class IPAddressPoolSpec(Strict, frozen=True):
    """IPAddressPool spec."""

    addresses: Annotated[
        tuple[Address, ...],
        guarded(NOT_EMPTY),
        Meta(
            max_length=10000,
            description="CIDRs (192.0.2.0/24) and ranges, both ends in (192.0.2.10-192.0.2.20).",
        ),
    ]
    auto_assign: Annotated[
        bool,
        STATED,
        Meta(description="Whether a Service that does not ask for the pool may get an address of it."),
    ] = True
    avoid_buggy_ips: Annotated[
        bool, STATED, Meta(description="Leave out IPv4 addresses that end in .0 or .255.")
    ] = field(name="avoidBuggyIPs", default=False)
    service_allocation: Annotated[
        ServiceAllocation | None, Meta(description="Which Services may use the pool.")
    ] = None


class IPAddressPoolStatus(Strict, frozen=True):
    """IPAddressPool status."""

    assigned_ipv4: Annotated[int, INT64, Meta(description="IPv4 addresses that Services have.")] = field(
        name="assignedIPv4"
    )
    assigned_ipv6: Annotated[int, INT64, Meta(description="IPv6 addresses that Services have.")] = field(
        name="assignedIPv6"
    )
    available_ipv4: Annotated[int, INT64, Meta(description="IPv4 addresses that are free.")] = field(
        name="availableIPv4"
    )
    available_ipv6: Annotated[int, INT64, Meta(description="IPv6 addresses that are free.")] = field(
        name="availableIPv6"
    )


COLUMNS = (
    ("Auto Assign", ".spec.autoAssign", "boolean", 0),
    ("Avoid Buggy IPs", ".spec.avoidBuggyIPs", "boolean", 0),
    ("Addresses", ".spec.addresses", "string", 0),
)
"""What `kubectl get` shows: name, JSON path, type, priority."""
