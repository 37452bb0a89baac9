"""IPAddressPool (metallb.io/v1beta1): addresses that Services may be given."""

from typing import Annotated

from msgspec import Meta, field

from lb.api.meta import LabelSelector, Strict

KIND = "IPAddressPool"
PLURAL = "ipaddresspools"
VERSION = "v1beta1"


class ServiceAllocation(Strict, frozen=True):
    """IPAddressPool spec.serviceAllocation."""

    priority: Annotated[
        int, Meta(description="Pools with a lower number are tried first; 0 is tried last.")
    ] = 0
    namespaces: Annotated[
        tuple[str, ...], Meta(description="Namespaces whose Services may use the pool.")
    ] = ()
    namespace_selectors: Annotated[
        tuple[LabelSelector, ...],
        Meta(description="Selectors, ORed, of namespaces whose Services may use the pool."),
    ] = ()
    service_selectors: Annotated[
        tuple[LabelSelector, ...], Meta(description="Selectors, ORed, of Services that may use the pool.")
    ] = ()


class IPAddressPoolSpec(Strict, frozen=True):
    """IPAddressPool spec."""

    addresses: Annotated[
        tuple[str, ...],
        Meta(description="CIDRs (192.0.2.0/24) and ranges, both ends in (192.0.2.10-192.0.2.20)."),
    ]
    auto_assign: Annotated[
        bool, Meta(description="Whether a Service that does not ask for the pool may get an address of it.")
    ] = True
    avoid_buggy_ips: Annotated[bool, Meta(description="Leave out IPv4 addresses that end in .0 or .255.")] = (
        field(name="avoidBuggyIPs", default=False)
    )
    service_allocation: Annotated[
        ServiceAllocation | None, Meta(description="Which Services may use the pool.")
    ] = None


class IPAddressPoolStatus(Strict, frozen=True):
    """IPAddressPool status."""

    assigned_ipv4: Annotated[int, Meta(description="IPv4 addresses that Services have.")] = field(
        name="assignedIPv4"
    )
    assigned_ipv6: Annotated[int, Meta(description="IPv6 addresses that Services have.")] = field(
        name="assignedIPv6"
    )
    available_ipv4: Annotated[int, Meta(description="IPv4 addresses that are free.")] = field(
        name="availableIPv4"
    )
    available_ipv6: Annotated[int, Meta(description="IPv6 addresses that are free.")] = field(
        name="availableIPv6"
    )


COLUMNS = (
    ("Auto Assign", ".spec.autoAssign", "boolean", 0),
    ("Avoid Buggy IPs", ".spec.avoidBuggyIPs", "boolean", 0),
    ("Addresses", ".spec.addresses", "string", 0),
)
"""What `kubectl get` shows: name, JSON path, type, priority."""
