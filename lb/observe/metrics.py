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
    Histogram,
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
class LeaderMetrics:
    """Whether a controller is the one that allocates, and how fast it does. Not MetalLB's."""

    leads: Gauge
    allocation: Histogram

    @classmethod
    def of(cls, registry: CollectorRegistry) -> Self:
        """Register them in *registry*."""
        prefix = "anvil_lb_controller_"
        return cls(
            Gauge(prefix + "leads_bool", "1: this replica allocates", registry=registry),
            Histogram(
                prefix + "allocation_seconds",
                "From a Service seen without an address to its status written",
                buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
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
class ConflictMetrics:
    """Hosts that are no speakers and use addresses of ours. Not MetalLB's."""

    in_conflict: Gauge
    """Label: ip."""
    conflicts: Counter

    @classmethod
    def of(cls, registry: CollectorRegistry) -> Self:
        """Register them in *registry*."""
        prefix = "anvil_lb_speaker_"
        text = "1: another host speaks for an address that is this node's to announce"
        return cls(
            Gauge(prefix + "address_conflict_bool", text, ["ip"], registry=registry),
            Counter(prefix + "address_conflicts", "Address conflicts that began", registry=registry),
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
