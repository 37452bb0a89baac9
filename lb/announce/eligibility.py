"""Eligibility: whether a node may announce, as far as that does not depend on the Service's endpoints."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from lb.announce.bulletin import Bulletin
from lb.announce.why import Why
from lb.api.node import DRAIN, EXCLUDE_FROM_LOAD_BALANCERS, NETWORK_UNAVAILABLE, OUT_OF_SERVICE, Node
from lb.config.config import L2Advertisement
from lb.config.selectors import matches, matches_any


class Surroundings(Struct, frozen=True):
    """What elections depend on besides the Services.

    Nodes by name, those with a ready speaker, and what they last told, but for their claims, which are in
    `Claims`; against one that told nothing yet, nothing is held. `ignores_exclusion` and `is_sticky` are
    flags of the speakers.
    """

    nodes: Mapping[str, Node]
    ready: frozenset[str]
    bulletins: Mapping[str, Bulletin] = {}
    ignores_exclusion: bool = False
    is_sticky: bool = True


def hindrance(node: Node, surroundings: Surroundings) -> Why | None:
    """Why *node* may announce nothing at all; None where it may, unless `excludes` says otherwise."""
    if node.metadata.name not in surroundings.ready:
        return Why.NO_SPEAKER
    if _has_no_network(node):
        return Why.NETWORK_UNAVAILABLE
    if _is_out_of_service(node):
        return Why.OUT_OF_SERVICE
    return Why.DRAINED if node.metadata.labels.get(DRAIN) == "true" else None


def excludes(node: Node, surroundings: Surroundings) -> bool:
    """Whether *node* is kept from announcing by its label alone."""
    return EXCLUDE_FROM_LOAD_BALANCERS in node.metadata.labels and not surroundings.ignores_exclusion


def is_alike(one: Node, other: Node) -> bool:
    """Whether elections see no difference between the two, nor do speakers that look for each other."""
    return (
        one.metadata.labels == other.metadata.labels
        and one.status.addresses == other.status.addresses
        and _has_no_network(one) == _has_no_network(other)
        and _is_out_of_service(one) == _is_out_of_service(other)
    )


def _has_no_network(node: Node) -> bool:
    return any(each.type == NETWORK_UNAVAILABLE and each.status == "True" for each in node.status.conditions)


def _is_out_of_service(node: Node) -> bool:
    return any(taint.key == OUT_OF_SERVICE for taint in node.spec.taints)


def selects(advertisement: L2Advertisement, node: Node) -> bool:
    """Whether *node* may announce as far as *advertisement* is concerned."""
    selectors = advertisement.spec.node_selectors
    return not selectors or matches_any(selectors, node.metadata.labels)


def score(selecting: Iterable[L2Advertisement], node: Node) -> int:
    """The sum of the weights by which the advertisements *selecting* it prefer *node*."""
    return sum(
        preferred.weight
        for each in selecting
        for preferred in each.spec.preferred_node_selectors
        if matches(preferred.preference, node.metadata.labels)
    )


def interfaces(selecting: Iterable[L2Advertisement]) -> frozenset[str] | None:
    """The interfaces on which a node announces by the advertisements *selecting* it; None: all."""
    named = [each.spec.interfaces for each in selecting]
    return frozenset().union(*named) if all(named) else None


def has_interface(allowed: frozenset[str] | None, version: int, bulletin: Bulletin | None) -> bool:
    """Whether a node that told *bulletin* can announce in IP *version* on one of those *allowed*."""
    if bulletin is None:
        return True
    usable = bulletin.ipv6 if version == 6 else bulletin.interfaces
    return bool(usable if allowed is None else usable & allowed)
