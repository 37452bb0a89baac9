"""Reading a Service: whether it is ours to serve, and what its annotations and status say."""

from collections.abc import Mapping
from difflib import get_close_matches

from lb.api.extension import OURS, SHARE_ACROSS_NAMESPACES
from lb.api.service import (
    ADDRESS_POOL,
    ALLOCATED_FROM_POOL,
    ALLOW_SHARED_IP,
    DEPRECATED_ALLOCATED_FROM_POOL,
    DEPRECATED_DOMAIN,
    DEPRECATED_PREFIX,
    FENCED,
    GATE_ON_HEALTH_CHECK,
    LOAD_BALANCER,
    LOAD_BALANCER_IPS,
    PREFIX,
    Service,
)
from lb.config.ranges import Address, parse_address

NOTES = {ALLOCATED_FROM_POOL, FENCED}
"""Annotations that we write."""
KNOWN = NOTES | {
    GATE_ON_HEALTH_CHECK,
    SHARE_ACROSS_NAMESPACES,
    *(PREFIX + name for name in (ADDRESS_POOL, LOAD_BALANCER_IPS, ALLOW_SHARED_IP)),
}


def key(service: Service) -> str:
    """The name that *service* goes by in our tables: "namespace/name"."""
    return f"{service.metadata.namespace}/{service.metadata.name}"


def is_ours(service: Service, load_balancer_class: str | None) -> bool:
    """Whether a load balancer of this class (None: the cluster's default one) is to serve *service*."""
    return (
        service.spec.type == LOAD_BALANCER
        and service.metadata.deletion_timestamp is None
        and is_of_class(service, load_balancer_class)
    )


def is_of_class(service: Service, load_balancer_class: str | None) -> bool:
    """Whether *service* asks for a load balancer of this class; none, or an empty one, is the default's."""
    return (service.spec.load_balancer_class or None) == load_balancer_class


def status_addresses(service: Service) -> tuple[Address, ...]:
    """The addresses that *service*'s status names, of each IP version the first; garbage is passed over."""
    found: dict[int, Address] = {}
    for each in service.status.load_balancer.ingress:
        address = parse_address(each.ip)
        if address is not None:
            found.setdefault(address.version, address)
    return tuple(found.values())


def annotation(annotations: Mapping[str, str], name: str) -> str | None:
    """The value of MetalLB's annotation *name*."""
    return annotations.get(annotation_key(annotations, name))


def annotation_key(annotations: Mapping[str, str], name: str) -> str:
    """The key that annotation *name* goes by; `metallb.io/` wins over its deprecated twin."""
    deprecated = DEPRECATED_PREFIX + name
    return deprecated if deprecated in annotations and PREFIX + name not in annotations else PREFIX + name


def deprecated(annotations: Mapping[str, str]) -> dict[str, str]:
    """The deprecated keys of *annotations*, sorted, each with what to do about it: a sentence."""
    return {
        key: _remedy(key, annotations) for key in sorted(annotations) if key.startswith(DEPRECATED_DOMAIN)
    }


def unknown(annotations: Mapping[str, str]) -> dict[str, str]:
    """The keys of *annotations* that look like ours or MetalLB's and are not, sorted, with what to do."""
    return {
        key: f"Nothing reads it: write {_alike(key)}, or remove it."
        for key in sorted(annotations)
        if key.startswith((OURS, PREFIX)) and key not in KNOWN
    }


def _alike(key: str) -> str:
    theirs = sorted(KNOWN - NOTES)
    meant = get_close_matches(key, theirs, n=1, cutoff=0.75)
    return meant[0] if meant else f"one of {', '.join(theirs)}"


def _remedy(key: str, annotations: Mapping[str, str]) -> str:
    name = key.removeprefix(DEPRECATED_PREFIX)
    instead = PREFIX + name
    if key == DEPRECATED_ALLOCATED_FROM_POOL:
        return f"It is ours to write, is removed, and stands in {instead} now."
    if name not in (ADDRESS_POOL, LOAD_BALANCER_IPS, ALLOW_SHARED_IP):
        return "Nothing reads it: remove it."
    if instead in annotations:
        return f"Remove it: {instead} is there too, and counts."
    return f"Use {instead} in its place."
