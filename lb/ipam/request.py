"""What one Service asks of the allocator (core/v1 ServiceSpec and MetalLB's annotations)."""

from collections.abc import Mapping

from msgspec import Struct, json

from lb.api.extension import SHARE_ACROSS_NAMESPACES
from lb.api.service import ADDRESS_POOL, ALLOW_SHARED_IP, LOAD_BALANCER_IPS, Service, TrafficPolicy
from lb.config.ranges import Address, parse_address
from lb.config.rejection import Reference, Rejection, named
from lb.config.services import annotation, annotation_key, key
from lb.ipam.space import Addresses
from lb.ipam.terms import Terms

PREFER_DUAL_STACK, REQUIRE_DUAL_STACK = "PreferDualStack", "RequireDualStack"
Versions = tuple[int, ...]


class Request(Struct, frozen=True, gc=False):
    """Addresses for the Service of `terms`.

    `wishes` are sets of IP versions, the best first: one of each version of the first set that can be had,
    all from one pool. `pool` and `addresses` are set where the Service insists on them. `labels` are the
    Service's: a pool may be kept for others.
    """

    terms: Terms
    wishes: tuple[Versions, ...]
    pool: str | None = None
    addresses: Addresses = ()
    labels: Mapping[str, str] = {}

    @property
    def service(self) -> str:
        """Its name, "namespace/name"."""
        return self.terms.service


def read_request(service: Service, shares_freely: bool = False) -> Request | Rejection:
    """What *service* asks for. With *shares_freely* a sharing key counts across namespaces, as in MetalLB."""
    reference = Reference("Service", service.metadata.name, service.metadata.namespace)
    wishes = _wishes(reference, service)
    if isinstance(wishes, Rejection):
        return wishes
    addresses = _addresses(reference, service)
    if isinstance(addresses, Rejection):
        return addresses
    if addresses:
        asked = tuple(sorted(each.version for each in addresses))
        if asked not in {tuple(sorted(each)) for each in wishes}:
            return _wrong_families(reference, service, wishes)
        wishes = (asked,)
    consent = service.metadata.annotations.get(SHARE_ACROSS_NAMESPACES)
    if consent not in (None, "true", "false"):
        where = f"metadata.annotations[{SHARE_ACROSS_NAMESPACES}]"
        reason = "this is neither true nor false"
        return Rejection(reference, where, consent, reason, "Write 'true' or 'false', in quotes.")
    terms = terms_of(service, shares_freely)
    pool = annotation(service.metadata.annotations, ADDRESS_POOL) or None
    return Request(terms, wishes, pool, addresses, service.metadata.labels)


def terms_of(service: Service, shares_freely: bool = False) -> Terms:
    """On what terms *service* shares its address, even if what it asks for is wrong; see `read_request`."""
    annotations, spec = service.metadata.annotations, service.spec
    sharing = annotation(annotations, ALLOW_SHARED_IP)
    if not sharing:
        return Terms(key(service))
    local = spec.external_traffic_policy == TrafficPolicy.LOCAL
    backend = json.encode(spec.selector or {}, order="deterministic").decode() if local else ""
    ports = frozenset((each.protocol, each.port) for each in spec.ports)
    is_open = shares_freely or annotations.get(SHARE_ACROSS_NAMESPACES) == "true"
    return Terms(key(service), sharing, backend, ports, is_open)


def _wishes(reference: Reference, service: Service) -> tuple[Versions, ...] | Rejection:
    spec = service.spec
    texts = spec.cluster_ips or (spec.cluster_ip,)
    versions = tuple(address.version for text in texts if (address := parse_address(text)) is not None)
    if not versions:
        return Rejection(
            reference,
            "spec.clusterIP",
            spec.cluster_ip,
            "a Service without a cluster IP has nothing that an external address could lead to",
            "Remove spec.clusterIP: None, or make the Service's type ClusterIP.",
        )
    if spec.ip_family_policy == REQUIRE_DUAL_STACK and len(versions) < 2:
        reason = "the Service has a cluster IP of one family only"
        remedy = "Give the cluster both families, or write PreferDualStack."
        return Rejection(reference, "spec.ipFamilyPolicy", spec.ip_family_policy, reason, remedy)
    if len(versions) < 2:
        return (versions,)
    if spec.ip_family_policy == PREFER_DUAL_STACK:
        return (4, 6), versions[:1], versions[1:]
    return ((4, 6),)


def _asked(service: Service) -> tuple[str, str] | None:
    """Where the Service asks for addresses, and the text there."""
    annotations = service.metadata.annotations
    listed = annotation(annotations, LOAD_BALANCER_IPS)
    if listed:
        return f"metadata.annotations[{annotation_key(annotations, LOAD_BALANCER_IPS)}]", listed
    if service.spec.load_balancer_ip:
        return "spec.loadBalancerIP", service.spec.load_balancer_ip
    return None


def _addresses(reference: Reference, service: Service) -> Addresses | Rejection:
    asked = _asked(service)
    if asked is None:
        return ()
    where, text = asked
    if service.spec.load_balancer_ip and where != "spec.loadBalancerIP":
        reason = f"spec.loadBalancerIP asks for {named(service.spec.load_balancer_ip)} as well"
        return Rejection(reference, where, text, reason, "Keep one of the two.")
    found: list[Address] = []
    for part in text.split(","):
        address = parse_address(part)
        if address is None:
            reason = (
                "this is no IP address" if "," not in text else f"{named(part.strip())!r} is no IP address"
            )
            remedy = (
                "Write one, such as 192.0.2.10 or 2001:db8::10, or one of each family with a comma between."
            )
            return Rejection(reference, where, text, reason, remedy)
        if any(each.version == address.version for each in found):
            reason = f"these are several addresses of IPv{address.version}"
            return Rejection(reference, where, text, reason, "Ask for one address of each family at most.")
        found.append(address)
    return tuple(found)


def _wrong_families(reference: Reference, service: Service, wishes: tuple[Versions, ...]) -> Rejection:
    where, text = _asked(service) or ("", "")
    families = " and ".join(f"IPv{version}" for version in wishes[0])
    reason = f"the Service's cluster IPs are {families}"
    remedy = "Ask for an address of each of these families and of no other, or change spec.ipFamilies."
    return Rejection(reference, where, text, reason, remedy)
