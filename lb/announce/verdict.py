"""The whole answer for one Service: who announces its address, where, and why not the others."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from lb.announce.election import Election, elect
from lb.announce.eligibility import Surroundings, interfaces, score, serving_endpoints, standing
from lb.announce.why import Why, WhyNobody
from lb.api.endpoint_slice import EndpointSlice
from lb.api.service import POOL_OF_ADDRESS, Service, TrafficPolicy
from lb.config.config import Config, L2Advertisement
from lb.config.ranges import Address
from lb.config.selectors import Labels, matches_any
from lb.config.services import annotation, is_ours, status_addresses


class Announced(Struct, frozen=True):
    """*address* is announced by `election.winner` on `interfaces` (None: all of that node)."""

    address: Address
    election: Election
    interfaces: frozenset[str] | None

    def __str__(self) -> str:
        return explain(self.election)


class Silent(Struct, frozen=True):
    """Nobody announces, and why; `standing` where each node was looked at."""

    why: WhyNobody
    standing: dict[str, Why] = {}

    def __str__(self) -> str:
        nodes = "".join(f"; node {name} {why}" for name, why in self.standing.items())
        return f"{self.why}{nodes}"


Verdict = Announced | Silent


def judge(
    config: Config,
    surroundings: Surroundings,
    service: Service,
    slices: Iterable[EndpointSlice],
    load_balancer_class: str | None,
) -> Verdict:
    """Who announces *service*, whose EndpointSlices are *slices*."""
    if not is_ours(service, load_balancer_class):
        return Silent(WhyNobody.NOT_OURS)
    addresses = status_addresses(service)
    if not addresses:
        return Silent(WhyNobody.NO_ADDRESS)
    address = min(addresses, key=lambda each: each.version)
    if address.version != 4:
        return Silent(WhyNobody.NO_NDP)
    if _is_a_node_s(address, surroundings):
        return Silent(WhyNobody.NODE_ADDRESS)
    pools = _pools(config, service, address)
    if not pools:
        return Silent(WhyNobody.NO_POOL)
    advertisements = _covering(config, pools, service)
    if not advertisements:
        return Silent(WhyNobody.NO_ADVERTISEMENT)
    endpoints = serving_endpoints(slices)
    if not endpoints:
        return Silent(WhyNobody.NO_ENDPOINT)
    local = service.spec.external_traffic_policy == TrafficPolicy.LOCAL
    local_nodes = frozenset(each.node_name for each in endpoints if each.node_name) if local else None
    return _elect(surroundings, address, advertisements, local_nodes)


def _is_a_node_s(address: Address, surroundings: Surroundings) -> bool:
    text = str(address)
    return any(each.address == text for node in surroundings.nodes.values() for each in node.status.addresses)


def _pools(config: Config, service: Service, address: Address) -> dict[str, Labels]:
    """The pool of *address* with its labels; outside all pools, those that cannot be read and may hold it."""
    pool = config.pool_of(address)
    if pool is not None:
        return {pool.name: pool.labels}
    noted = annotation(service.metadata.annotations, POOL_OF_ADDRESS)
    return {name: {} for name in config.unread if noted in (None, name)}


def _covering(config: Config, pools: Mapping[str, Labels], service: Service) -> list[L2Advertisement]:
    return [
        each
        for each in config.l2_advertisements.values()
        if any(each.covers(name, labels) for name, labels in pools.items())
        and (
            not each.spec.service_selectors
            or matches_any(each.spec.service_selectors, service.metadata.labels)
        )
    ]


def _elect(
    surroundings: Surroundings,
    address: Address,
    advertisements: list[L2Advertisement],
    local_nodes: frozenset[str] | None,
) -> Verdict:
    nodes = surroundings.nodes
    places = standing(surroundings, advertisements, local_nodes)
    election = elect(address, places, {name: score(advertisements, node) for name, node in nodes.items()})
    if election.winner is None:
        return Silent(WhyNobody.NO_NODE, election.standing)
    return Announced(address, election, interfaces(advertisements, nodes[election.winner]))


def explain(election: Election) -> str:
    """In words, why the winner of *election* announces and each other node does not."""
    others = [f"node {name} {why}" for name, why in election.standing.items() if name != election.winner]
    return "; ".join([f"node {election.winner} ranks first of those that may", *others])
