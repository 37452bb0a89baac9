"""What is accepted, and probably not what its author meant: names and selectors of nothing, and so on.

MetalLB accepts all of this in silence. It becomes a warning of `kubectl apply`.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from lb.api import bgp_advertisement, bgp_peer, ip_address_pool, l2_advertisement
from lb.api.bgp_advertisement import BGPAdvertisementSpec
from lb.api.custom_resource import CustomResource
from lb.api.extension import DRAIN, FIELDS_OF_V1BETA2, OURS, PROTECT
from lb.api.l2_advertisement import L2AdvertisementSpec
from lb.api.meta import LabelSelector
from lb.config.config import Config
from lb.config.coverage import covered
from lb.config.ground import survey
from lb.config.memory import Memory
from lb.config.names import unknown
from lb.config.peer import Peer
from lb.config.pool_cautions import about_pool
from lb.config.rejection import Caution, Reference
from lb.config.resources import FIELD_OF, Resources, objects_of
from lb.config.selectors import Labels, matches

ANNOTATIONS = {ip_address_pool.KIND: {DRAIN, PROTECT}, bgp_peer.KIND: {FIELDS_OF_V1BETA2}}
"""By kind, those of our annotations that it may carry."""
Several = Iterable[Labels]


def cautions(resources: Resources, config: Config, memory: Memory) -> list[Caution]:
    """All of *config*, in the order of kinds and names."""
    nodes = tuple(each.metadata.labels for each in resources.nodes)
    pools = {name: pool.labels for name, pool in config.pools.items()}
    found = [
        *_each_pool(resources, config, pools, memory),
        *_l2_advertisements(config, pools, nodes, _references(resources, l2_advertisement.KIND)),
        *_bgp_advertisements(config, pools, nodes, _references(resources, bgp_advertisement.KIND)),
    ]
    inputs = {
        each.metadata.name: (each, peer, nodes)
        for each in resources.peers
        if (peer := config.peers.get(each.metadata.name)) is not None
    }
    found += chain.from_iterable(memory.each("cautions of BGPPeer", inputs, _about_peer).values())
    annotated = memory.each("annotations", _annotated(resources), _unknown_annotations)
    return found + list(chain.from_iterable(annotated.values()))


def _references(resources: Resources, kind: str) -> dict[str, Reference]:
    return {
        each.metadata.name: Reference(kind, each.metadata.name, each.metadata.namespace)
        for each in objects_of(resources, kind)
    }


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
    namespaces = {each.metadata.name: each.metadata.labels for each in resources.namespaces}
    inputs = {
        each.metadata.name: (each, pool, name in by_l2, name in by_bgp, ground, namespaces)
        for each in resources.pools
        if (pool := config.pools.get(name := each.metadata.name)) is not None
    }
    return chain.from_iterable(memory.each("cautions of IPAddressPool", inputs, about_pool).values())


def _l2_advertisements(
    config: Config, pools: Mapping[str, Labels], nodes: Several, references: Mapping[str, Reference]
) -> Iterator[Caution]:
    for name, each in config.l2_advertisements.items():
        yield from _about_selection(references[name], each.spec, pools, nodes)
        preferences = [preferred.preference for preferred in each.spec.preferred_node_selectors]
        path = "spec.preferredNodeSelectors"
        yield from _matching_nothing(references[name], path, preferences, nodes, "node", ".preference")


def _bgp_advertisements(
    config: Config, pools: Mapping[str, Labels], nodes: Several, references: Mapping[str, Reference]
) -> Iterator[Caution]:
    for name, each in config.bgp_advertisements.items():
        yield from _about_selection(references[name], each.spec, pools, nodes)
        yield from unknown(references[name], "spec.peers", each.spec.peers, bgp_peer.KIND, config.peers)


def _about_selection(
    reference: Reference,
    spec: L2AdvertisementSpec | BGPAdvertisementSpec,
    pools: Mapping[str, Labels],
    nodes: Several,
) -> Iterator[Caution]:
    path, kind = "spec.ipAddressPools", ip_address_pool.KIND
    yield from unknown(reference, path, spec.ip_address_pools, kind, pools.keys())
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
    reference = Reference(bgp_peer.KIND, each.metadata.name, each.metadata.namespace)
    return list(_matching_nothing(reference, "spec.nodeSelectors", peer.node_selectors, nodes, "node"))


def _annotated(resources: Resources) -> dict[tuple[str, str], tuple[str, CustomResource]]:
    return {
        (kind, each.metadata.name): (kind, each)
        for kind in FIELD_OF
        for each in objects_of(resources, kind)
        if each.metadata.annotations
    }


def _unknown_annotations(kind: str, each: CustomResource) -> list[Caution]:
    reference = Reference(kind, each.metadata.name, each.metadata.namespace)
    known = ANNOTATIONS.get(kind, set())
    remedy = f"Write one of {', '.join(sorted(known))}." if known else "Remove it."
    return [
        Caution(reference, f"metadata.annotations[{key}]", value, "no such annotation is known here", remedy)
        for key, value in sorted(each.metadata.annotations.items())
        if key.startswith(OURS) and key not in known
    ]
