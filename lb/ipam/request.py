"""What one Service asks of the allocator (core/v1 ServiceSpec and MetalLB's annotations)."""

from collections.abc import Mapping

from msgspec import Struct

from lb.api.service import ADDRESS_POOL, LOAD_BALANCER_IPS, Service
from lb.config.ranges import Address, parse_address
from lb.config.rejection import Reference, Rejection, named
from lb.config.services import annotation, annotation_key, key

REQUIRE_DUAL_STACK = "RequireDualStack"


class Request(Struct, frozen=True):
    """An address for the Service *service* ("namespace/name").

    `versions` are the IP versions that serve it, in the order it prefers; `pool` and `address` are set where
    it insists on one. `namespace` and `labels` are the Service's: a pool may be kept for others.
    """

    service: str
    versions: tuple[int, ...]
    pool: str | None = None
    address: Address | None = None
    namespace: str = ""
    labels: Mapping[str, str] = {}


def read_request(service: Service) -> Request | Rejection:
    """What *service* asks for."""
    reference = Reference("Service", service.metadata.name, service.metadata.namespace)
    versions = _versions(service)
    if not versions:
        return Rejection(
            reference,
            "spec.clusterIP",
            service.spec.cluster_ip,
            "a Service without a cluster IP has nothing that an external address could lead to",
            "Remove spec.clusterIP: None, or make the Service's type ClusterIP.",
        )
    if service.spec.ip_family_policy == REQUIRE_DUAL_STACK:
        return Rejection(
            reference,
            "spec.ipFamilyPolicy",
            service.spec.ip_family_policy,
            "two addresses for one Service are not supported yet",
            "Write PreferDualStack or SingleStack, and the Service gets one address.",
        )
    address = _address(reference, service)
    if isinstance(address, Rejection):
        return address
    if address is not None and address.version not in versions:
        families = " and ".join(f"IPv{version}" for version in versions)
        where, text = _asked(service) or ("", "")
        return Rejection(
            reference,
            where,
            text,
            f"the Service's cluster IPs are {families}",
            "Ask for an address of that family, or change spec.ipFamilies.",
        )
    pool = annotation(service.metadata.annotations, ADDRESS_POOL) or None
    metadata = service.metadata
    return Request(key(service), versions, pool, address, metadata.namespace, metadata.labels)


def _versions(service: Service) -> tuple[int, ...]:
    texts = service.spec.cluster_ips or (service.spec.cluster_ip,)
    return tuple(address.version for text in texts if (address := parse_address(text)) is not None)


def _asked(service: Service) -> tuple[str, str] | None:
    """Where the Service asks for an address, and the text there."""
    annotations = service.metadata.annotations
    listed = annotation(annotations, LOAD_BALANCER_IPS)
    if listed:
        return f"metadata.annotations[{annotation_key(annotations, LOAD_BALANCER_IPS)}]", listed
    if service.spec.load_balancer_ip:
        return "spec.loadBalancerIP", service.spec.load_balancer_ip
    return None


def _address(reference: Reference, service: Service) -> Address | Rejection | None:
    asked = _asked(service)
    if asked is None:
        return None
    where, text = asked
    if service.spec.load_balancer_ip and where != "spec.loadBalancerIP":
        reason = f"spec.loadBalancerIP asks for {named(service.spec.load_balancer_ip)} as well"
        return Rejection(reference, where, text, reason, "Keep one of the two.")
    if "," in text:
        reason = "two addresses for one Service are not supported yet"
        return Rejection(reference, where, text, reason, "Ask for one address.")
    return parse_address(text) or Rejection(
        reference, where, text, "this is no IP address", "Write one, such as 192.0.2.10 or 2001:db8::10."
    )
