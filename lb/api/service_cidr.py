"""ServiceCIDR (networking.k8s.io/v1, KEP-1880): the addresses that clusterIPs are taken from."""

from lb.api.meta import ObjectMeta, Value


class ServiceCIDRSpec(Value, frozen=True):
    """networking/v1 ServiceCIDRSpec."""

    cidrs: tuple[str, ...] = ()


class ServiceCIDR(Value, frozen=True):
    """networking/v1 ServiceCIDR."""

    metadata: ObjectMeta
    spec: ServiceCIDRSpec = ServiceCIDRSpec()
