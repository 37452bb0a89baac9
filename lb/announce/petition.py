"""A Service that asks to be announced, and what is to be said of it before any node is looked at."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from lb.announce.case import Case, Endpoints
from lb.announce.electorate import Electorate
from lb.announce.why import WhyNobody
from lb.api.service import GATE_ON_HEALTH_CHECK, POOL_OF_ADDRESS, Service, TrafficPolicy
from lb.config.config import Config, L2Advertisement
from lb.config.ranges import Address
from lb.config.selectors import Labels, matches_any
from lb.config.services import annotation, is_ours, status_addresses


class Petition(Struct, frozen=True):
    """A Service that asks to be announced, and where it is served."""

    service: Service
    endpoints: Endpoints


def hear(electorate: Electorate, petition: Petition, load_balancer_class: str | None) -> Case | WhyNobody:
    """What elections are to decide about *petition*, or why it is not to be announced at all."""
    service, endpoints = petition.service, petition.endpoints
    if not is_ours(service, load_balancer_class):
        return WhyNobody.NOT_OURS
    assigned = status_addresses(service)
    if not assigned:
        return WhyNobody.NO_ADDRESS
    free = [each for each in assigned if str(each) not in electorate.own_addresses]
    if not free:
        return WhyNobody.NODE_ADDRESS
    pools = {each: _pools(electorate.config, service, each) for each in free}
    if not any(pools.values()):
        return WhyNobody.NO_POOL
    covering = {each: _covering(electorate.config, pools[each], service) for each in free}
    addresses = tuple(each for each in free if covering[each])
    if not addresses:
        return _unadvertised(electorate.config, pools.values())
    if not endpoints.exist:
        return WhyNobody.NO_ENDPOINT
    named = {each.name: each for address in addresses for each in covering[address]}
    return Case(addresses, tuple(named.values()), *_locality(service, endpoints))


def _unadvertised(config: Config, pools: Iterable[Mapping[str, Labels]]) -> WhyNobody:
    names = {name: labels for each in pools for name, labels in each.items()}
    if any(each.covers(*pool) for each in config.bgp_advertisements.values() for pool in names.items()):
        return WhyNobody.LEFT_TO_BGP
    return WhyNobody.NO_ADVERTISEMENT


def _locality(service: Service, endpoints: Endpoints) -> tuple[Mapping[str, bool] | None, int]:
    if service.spec.external_traffic_policy != TrafficPolicy.LOCAL:
        return None, 0
    gated = service.metadata.annotations.get(GATE_ON_HEALTH_CHECK) == "true"
    return endpoints.on, service.spec.health_check_node_port if gated else 0


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
