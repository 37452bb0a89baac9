"""Service (core/v1): what a user asks for, and the address that we write back."""

from enum import StrEnum
from typing import Any

from msgspec import field

from lb.api.meta import ObjectMeta, Value

LOAD_BALANCER = "LoadBalancer"


class TrafficPolicy(StrEnum):
    """core/v1 ServiceExternalTrafficPolicy."""

    CLUSTER = "Cluster"
    LOCAL = "Local"


class ServicePort(Value, frozen=True):
    """core/v1 ServicePort."""

    port: int = 0
    protocol: str = "TCP"


class ServiceSpec(Value, frozen=True):
    """core/v1 ServiceSpec."""

    type: str = "ClusterIP"
    cluster_ip: str = field(name="clusterIP", default="")
    cluster_ips: tuple[str, ...] = field(name="clusterIPs", default=())
    ip_family_policy: str | None = None
    ports: tuple[ServicePort, ...] = ()
    selector: dict[str, str] | None = None
    external_traffic_policy: str = TrafficPolicy.CLUSTER
    load_balancer_ip: str = field(name="loadBalancerIP", default="")
    load_balancer_class: str | None = None
    health_check_node_port: int = 0


class LoadBalancerIngress(Value, frozen=True):
    """core/v1 LoadBalancerIngress: where the Service is reached from outside.

    `ip_mode` says whether nodes take packets to `ip` as they come; absent, they do (KEP-1860). `ports` tell
    of ports in trouble (PortStatus): we never do.
    """

    ip: str = ""
    hostname: str = ""
    ip_mode: str = "VIP"
    ports: tuple[Any, ...] = ()


class LoadBalancerStatus(Value, frozen=True):
    """core/v1 LoadBalancerStatus."""

    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceCondition(Value, frozen=True):
    """meta/v1 Condition of a Service. `last_transition_time` is RFC 3339 in UTC.

    The API takes any conditions of a Service, also without a time, which it then serves as null, and several
    of one type.
    """

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: str | None = None


class ServiceStatus(Value, frozen=True):
    """core/v1 ServiceStatus."""

    load_balancer: LoadBalancerStatus = LoadBalancerStatus()
    conditions: tuple[ServiceCondition, ...] = ()


class Service(Value, frozen=True):
    """core/v1 Service."""

    metadata: ObjectMeta
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()


PREFIX = "metallb.io/"
DEPRECATED_DOMAIN = "metallb.universe.tf"
DEPRECATED_PREFIX = DEPRECATED_DOMAIN + "/"
ADDRESS_POOL = "address-pool"
LOAD_BALANCER_IPS = "loadBalancerIPs"
ALLOW_SHARED_IP = "allow-shared-ip"
POOL_OF_ADDRESS = "ip-allocated-from-pool"
ALLOCATED_FROM_POOL = PREFIX + POOL_OF_ADDRESS
DEPRECATED_ALLOCATED_FROM_POOL = DEPRECATED_PREFIX + POOL_OF_ADDRESS
GATE_ON_HEALTH_CHECK = "anvil-lb.io/gate-on-health-check"
"""Annotation that, with value "true", keeps a node from announcing until its kube-proxy is ready to serve."""
FENCED = "anvil-lb.io/fenced"
"""Annotation: the resourceVersion that was the Service's before it was given a new one by this annotation."""
