"""Eligibility: which nodes may announce a Service's address, each with the first reason why not."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from lb.announce.why import Why
from lb.api.endpoint_slice import Endpoint, EndpointSlice
from lb.api.node import EXCLUDE_FROM_LOAD_BALANCERS, NETWORK_UNAVAILABLE, Node
from lb.config.config import L2Advertisement
from lb.config.selectors import matches, matches_any


class Surroundings(Struct, frozen=True):
    """What eligibility depends on besides the Service: nodes by name, and those with a ready speaker."""

    nodes: Mapping[str, Node]
    ready: frozenset[str]


def serving_endpoints(slices: Iterable[EndpointSlice]) -> list[Endpoint]:
    """The endpoints that can serve: ready, of unknown readiness, or terminating but still serving."""
    return [
        endpoint
        for each in slices
        for endpoint in each.endpoints or ()
        if endpoint.addresses and _serves(endpoint)
    ]


def _serves(endpoint: Endpoint) -> bool:
    return endpoint.conditions.ready is not False or endpoint.conditions.serving is True


def standing(
    surroundings: Surroundings,
    advertisements: Iterable[L2Advertisement],
    local_nodes: frozenset[str] | None,
) -> dict[str, Why]:
    """Why each node may or may not announce.

    *local_nodes* are the nodes with a serving endpoint where only those may (externalTrafficPolicy Local),
    and None where all may.
    """
    selected = list(advertisements)

    def why(node: Node) -> Why:
        if not any(selects(each, node) for each in selected):
            return Why.NOT_SELECTED
        if node.metadata.name not in surroundings.ready:
            return Why.NO_SPEAKER
        if any(each.type == NETWORK_UNAVAILABLE and each.status == "True" for each in node.status.conditions):
            return Why.NETWORK_UNAVAILABLE
        if EXCLUDE_FROM_LOAD_BALANCERS in node.metadata.labels:
            return Why.EXCLUDED
        if local_nodes is not None and node.metadata.name not in local_nodes:
            return Why.NO_LOCAL_ENDPOINT
        return Why.ELIGIBLE

    return {name: why(node) for name, node in surroundings.nodes.items()}


def selects(advertisement: L2Advertisement, node: Node) -> bool:
    """Whether *node* may announce as far as *advertisement* is concerned."""
    selectors = advertisement.spec.node_selectors
    return not selectors or matches_any(selectors, node.metadata.labels)


def score(advertisements: Iterable[L2Advertisement], node: Node) -> int:
    """The sum of the weights by which *advertisements* that select *node* prefer it."""
    return sum(
        preferred.weight
        for each in advertisements
        if selects(each, node)
        for preferred in each.spec.preferred_node_selectors
        if matches(preferred.preference, node.metadata.labels)
    )


def interfaces(advertisements: Iterable[L2Advertisement], node: Node) -> frozenset[str] | None:
    """The interfaces of *node* to announce on; None: all."""
    named = [each.spec.interfaces for each in advertisements if selects(each, node)]
    return frozenset().union(*named) if all(named) else None
