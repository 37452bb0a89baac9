"""Metrics under MetalLB's names and labels, so that people's dashboards and alerts go on working.

Nothing is global: a process makes one registry, and in it the groups that it needs. What the numbers are is
the caller's to say.
"""

from dataclasses import dataclass
from typing import Self

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)


def process_registry() -> CollectorRegistry:
    """A registry that tells the memory, CPU, descriptors and garbage collections of this process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


@dataclass(frozen=True)
class AllocatorMetrics:
    """How full each pool is. Gauges with the label `pool`; remove a pool's when it is gone."""

    addresses: Gauge
    ipv4_addresses: Gauge
    ipv6_addresses: Gauge
    in_use: Gauge
    ipv4_in_use: Gauge
    ipv6_in_use: Gauge
    services: Gauge

    @classmethod
    def of(cls, registry: CollectorRegistry) -> Self:
        """Register them in *registry*."""

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"metallb_allocator_{name}_total", text, ["pool"], registry=registry)

        return cls(
            addresses=gauge("addresses", "Usable addresses of a pool"),
            ipv4_addresses=gauge("ipv4_addresses", "Usable IPv4 addresses of a pool"),
            ipv6_addresses=gauge("ipv6_addresses", "Usable IPv6 addresses of a pool"),
            in_use=gauge("addresses_in_use", "Addresses of a pool that Services have"),
            ipv4_in_use=gauge("ipv4_addresses_in_use", "IPv4 addresses of a pool that Services have"),
            ipv6_in_use=gauge("ipv6_addresses_in_use", "IPv6 addresses of a pool that Services have"),
            services=gauge("services_allocated", "Services that have an address of a pool"),
        )

    def remove(self, pool: str) -> None:
        """The pool is gone: tell nothing of it."""
        for gauge in vars(self).values():
            gauge.remove_by_labels({"pool": pool})


@dataclass(frozen=True)
class ClientMetrics:
    """What a process does with the API server, and whether it has a valid configuration."""

    updates: Counter
    update_errors: Counter
    config_loaded: Gauge
    config_stale: Gauge

    @classmethod
    def of(cls, registry: CollectorRegistry) -> Self:
        """Register them in *registry*."""
        prefix = "metallb_k8s_client_"
        return cls(
            updates=Counter(prefix + "updates", "Updates of objects handled", registry=registry),
            update_errors=Counter(
                prefix + "update_errors", "Updates of objects that failed", registry=registry
            ),
            config_loaded=Gauge(
                prefix + "config_loaded_bool", "1: a configuration is in use", registry=registry
            ),
            config_stale=Gauge(
                prefix + "config_stale_bool",
                "1: the present one is wrong, an older is used on",
                registry=registry,
            ),
        )


@dataclass(frozen=True)
class SpeakerMetrics:
    """Which addresses this node announces."""

    announced: Gauge
    """Labels: service (`namespace/name`), protocol, node, ip."""

    @classmethod
    def of(cls, registry: CollectorRegistry) -> Self:
        """Register them in *registry*."""
        labels = ["service", "protocol", "node", "ip"]
        return cls(
            Gauge("metallb_speaker_announced", "1: announced from this node", labels, registry=registry)
        )


@dataclass(frozen=True)
class Layer2Metrics:
    """What is said on the segment. Only ever incremented; label `ip`.

    Gauges by type: MetalLB's names do not end in `_total`, as those of counters have to.
    """

    requests_received: Gauge
    responses_sent: Gauge
    gratuitous_sent: Gauge

    @classmethod
    def of(cls, registry: CollectorRegistry) -> Self:
        """Register them in *registry*."""
        prefix = "metallb_layer2_"
        return cls(
            Gauge(prefix + "requests_received", "Requests for an address of ours", ["ip"], registry=registry),
            Gauge(prefix + "responses_sent", "Answers to requests", ["ip"], registry=registry),
            Gauge(prefix + "gratuitous_sent", "Announcements without a request", ["ip"], registry=registry),
        )
