"""What is accepted, and probably not what its author meant: names and selectors of nothing, and so on.

MetalLB accepts all of this in silence. It becomes a warning of `kubectl apply`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain
from operator import attrgetter
from typing import Any

from lb.api import bgp_advertisement, bgp_peer, ip_address_pool, l2_advertisement
from lb.api.bgp_advertisement import BGPAdvertisementSpec
from lb.api.bgp_peer import BGPPeerSpec
from lb.api.custom_resource import CustomResource
from lb.api.extension import DRAIN, FIELDS_OF_V1BETA2, OURS, PROTECT, QUARANTINE
from lb.api.l2_advertisement import L2AdvertisementSpec
from lb.api.meta import LabelSelector
from lb.api.namespace import Namespace
from lb.config.config import BGPAdvertisement, Config, L2Advertisement, Pool
from lb.config.coverage import covered
from lb.config.ground import survey
from lb.config.memory import Memory
from lb.config.names import unknown
from lb.config.peer import Peer
from lb.config.pool_cautions import about_pool
from lb.config.rejection import Caution, Reference
from lb.config.resources import FIELD_OF, Resources, objects_of
from lb.config.selectors import Labels, matches
from lb.config.seniority import reference_to
from lb.config.spec import decode, mentions

ANNOTATIONS = {ip_address_pool.KIND: {DRAIN, PROTECT, QUARANTINE}, bgp_peer.KIND: {FIELDS_OF_V1BETA2}}
"""By kind, those of our annotations that it may carry."""
Several = Iterable[Labels]


def cautions(resources: Resources, config: Config, memory: Memory) -> list[Caution]:
    """All of *config*, in the order of kinds and names."""
    nodes = tuple(each.metadata.labels for each in resources.nodes)
    pools = {name: pool.labels for name, pool in config.pools.items()}
    known = config.pools.keys() | config.unread
    names = frozenset(each.metadata.name for each in resources.peers)

    def each_of(kind: str, about: Callable[..., list[Caution]], *others: Any) -> Iterable[Caution]:
        accepted = getattr(config, FIELD_OF[kind])
        inputs = {
            each.metadata.name: (each, accepted[each.metadata.name], *others)
            for each in objects_of(resources, kind)
            if each.metadata.name in accepted
        }
        return chain.from_iterable(memory.each(f"cautions of {kind}", inputs, about).values())

    found = chain(
        _each_pool(resources, config, pools, memory),
        each_of(l2_advertisement.KIND, _about_l2_advertisement, pools, known, nodes),
        each_of(bgp_advertisement.KIND, _about_bgp_advertisement, pools, known, nodes, names),
        each_of(bgp_peer.KIND, _about_peer, nodes),
        *memory.each("annotations", _annotated(resources), _unknown_annotations).values(),
    )
    return sorted(found, key=attrgetter("object"))


def _each_pool(
    resources: Resources, config: Config, pools: Mapping[str, Labels], memory: Memory
) -> Iterator[Caution]:
    ground = memory.once("ground", survey, resources.nodes, resources.service_cidrs, resources.subnets)
    by_l2: frozenset[str] = frozenset().union(
        *(covered(each.spec, pools) for each in config.l2_advertisements.values())
    )
    by_bgp: frozenset[str] = frozenset().union(
        *(covered(each.spec, pools) for each in config.bgp_advertisements.values())
    )
    namespaces = memory.once("namespaces", _by_name, resources.namespaces)
    inputs = {
        each.metadata.name: (each, pool, name in by_l2, name in by_bgp, ground, _bearing(pool, namespaces))
        for each in resources.pools
        if (pool := config.pools.get(name := each.metadata.name)) is not None
    }
    return chain.from_iterable(memory.each("cautions of IPAddressPool", inputs, about_pool).values())


def _by_name(namespaces: Iterable[Namespace]) -> dict[str, Labels]:
    return {each.metadata.name: each.metadata.labels for each in namespaces}


def _bearing(pool: Pool, namespaces: Mapping[str, Labels]) -> Mapping[str, Labels]:
    """*namespaces*, where they bear on *pool*."""
    return namespaces if pool.reservation is not None and pool.reservation.namespaces is not None else {}


def _about_l2_advertisement(
    each: CustomResource,
    accepted: L2Advertisement,
    pools: Mapping[str, Labels],
    known: Collection[str],
    nodes: Several,
) -> list[Caution]:
    reference = reference_to(l2_advertisement.KIND, each)
    preferences = [preferred.preference for preferred in accepted.spec.preferred_node_selectors]
    path = "spec.preferredNodeSelectors"
    return [
        *_about_selection(reference, accepted.spec, pools, known, nodes),
        *_matching_nothing(reference, path, preferences, nodes, "node", ".preference"),
    ]


def _about_bgp_advertisement(
    each: CustomResource,
    accepted: BGPAdvertisement,
    pools: Mapping[str, Labels],
    known: Collection[str],
    nodes: Several,
    peers: Collection[str],
) -> list[Caution]:
    reference = reference_to(bgp_advertisement.KIND, each)
    return [
        *_about_selection(reference, accepted.spec, pools, known, nodes),
        *unknown(reference, "spec.peers", accepted.spec.peers, bgp_peer.KIND, peers),
    ]


def _about_selection(
    reference: Reference,
    spec: L2AdvertisementSpec | BGPAdvertisementSpec,
    pools: Mapping[str, Labels],
    known: Collection[str],
    nodes: Several,
) -> Iterator[Caution]:
    path, kind = "spec.ipAddressPools", ip_address_pool.KIND
    yield from unknown(reference, path, spec.ip_address_pools, kind, known)
    path, selectors = "spec.ipAddressPoolSelectors", spec.ip_address_pool_selectors
    yield from _matching_nothing(reference, path, selectors, pools.values(), kind)
    yield from _matching_nothing(reference, "spec.nodeSelectors", spec.node_selectors, nodes, "node")


def _matching_nothing(
    reference: Reference,
    path: str,
    selectors: Iterable[LabelSelector],
    among: Several,
    what: str,
    field: str = "",
) -> Iterator[Caution]:
    for at, selector in enumerate(selectors):
        if not any(matches(selector, labels) for labels in among):
            reason = f"it matches no {what} at present"
            remedy = f"Correct it, or label what it is meant for: kubectl label {what.lower()}."
            yield Caution(reference, f"{path}[{at}]{field}", selector, reason, remedy)


def _about_peer(each: CustomResource, peer: Peer, nodes: Several) -> list[Caution]:
    reference = reference_to(bgp_peer.KIND, each)
    found = list(_matching_nothing(reference, "spec.nodeSelectors", peer.node_selectors, nodes, "node"))
    spec = decode(reference, each.spec, BGPPeerSpec) if mentions(each, "disableMP") else None
    if isinstance(spec, BGPPeerSpec) and spec.disable_mp:
        reason, remedy = "it is deprecated and has no effect", "Remove it; see spec.dualStackAddressFamily."
        found.append(Caution(reference, "spec.disableMP", True, reason, remedy))
    return found


def _annotated(resources: Resources) -> dict[tuple[str, str], tuple[str, CustomResource]]:
    return {
        (kind, each.metadata.name): (kind, each)
        for kind in FIELD_OF
        for each in objects_of(resources, kind)
        if each.metadata.annotations
    }


def _unknown_annotations(kind: str, each: CustomResource) -> list[Caution]:
    reference = reference_to(kind, each)
    known = ANNOTATIONS.get(kind, set())
    remedy = f"Write one of {', '.join(sorted(known))}." if known else "Remove it."
    return [
        Caution(reference, f"metadata.annotations[{key}]", value, "no such annotation is known here", remedy)
        for key, value in sorted(each.metadata.annotations.items())
        if key.startswith(OURS) and key not in known
    ]
