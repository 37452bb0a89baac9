"""BGPAdvertisements: which are accepted, and what is wrong with the others."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from ipaddress import summarize_address_range

from msgspec import Struct

from lb.api.bgp_advertisement import KIND, BGPAdvertisementSpec
from lb.api.custom_resource import CustomResource
from lb.api.node import Node
from lb.config.community import Community, parse_community
from lb.config.config import BGPAdvertisement, Pool
from lb.config.coverage import covered
from lb.config.names import create_or_correct, repeated
from lb.config.ranges import AddressRange
from lb.config.rejection import Malformed, Reference, Rejection
from lb.config.selectors import faulty_selectors, matches_any
from lb.config.seniority import reference_to
from lb.config.spec import decode

MOST_COMMUNITIES = 63
"""Of one route: as many fit into the COMMUNITIES attribute with a length of one octet (RFC 4271, 4.3)."""


def read_bgp_advertisement(
    each: CustomResource, aliases: Mapping[str, Community]
) -> BGPAdvertisement | tuple[Rejection, ...]:
    """What *each* says, where *aliases* are the names of communities."""
    reference = reference_to(KIND, each)
    spec = decode(reference, each.spec, BGPAdvertisementSpec)
    if isinstance(spec, tuple):
        return spec
    found = [_community(reference, at, text, aliases) for at, text in enumerate(spec.communities)]
    communities = sorted({each for each in found if isinstance(each, Community)})
    wrong = [
        *_faulty_lengths(reference, spec),
        *(each for each in found if isinstance(each, Rejection)),
        *_faulty_lists(reference, spec, communities),
    ]
    return tuple(wrong) or BGPAdvertisement(each.metadata.name, spec, tuple(communities))


def names_communities(each: CustomResource) -> bool:
    """Whether what *each* says depends on the names of communities. May be wrongly true."""
    return b"communities" in bytes(each.spec)


def _community(
    reference: Reference, at: int, text: str, aliases: Mapping[str, Community]
) -> Community | Rejection:
    where = f"spec.communities[{at}]"
    if ":" not in text:
        reason = "no Community object gives this name"
        remedy = create_or_correct("Community", text, aliases.keys())
        return aliases.get(text) or Rejection(reference, where, text, reason, remedy, waits=True)
    community = parse_community(text)
    if isinstance(community, Malformed):
        return Rejection(reference, where, text, community.reason, community.remedy)
    return community


def _faulty_lengths(reference: Reference, spec: BGPAdvertisementSpec) -> Iterator[Rejection]:
    for field, length, longest in (
        ("spec.aggregationLength", spec.aggregation_length, 32),
        ("spec.aggregationLengthV6", spec.aggregation_length_v6, 128),
    ):
        if length is None:
            continue
        if not 1 <= length <= longest:
            reason, remedy = f"a prefix length is a number from 1 to {longest}", f"Write {longest} for none."
            yield Rejection(reference, field, length, reason, remedy)
        elif spec.service_selectors and length != longest:
            reason = "with spec.serviceSelectors, a Service's own address is advertised, never an aggregate"
            yield Rejection(reference, field, length, reason, "Remove one of the two.")


def _faulty_lists(
    reference: Reference, spec: BGPAdvertisementSpec, communities: list[Community]
) -> Iterator[Rejection]:
    yield from repeated(reference, "spec.communities", spec.communities)
    if len(communities) > MOST_COMMUNITIES:
        reason = f"a route can carry {MOST_COMMUNITIES} communities, and these are {len(communities)}"
        yield Rejection(reference, "spec.communities", "...", reason, "Remove some.")
    yield from repeated(reference, "spec.ipAddressPools", spec.ip_address_pools)
    yield from faulty_selectors(reference, "spec.ipAddressPoolSelectors", spec.ip_address_pool_selectors)
    yield from faulty_selectors(reference, "spec.nodeSelectors", spec.node_selectors)
    yield from faulty_selectors(reference, "spec.serviceSelectors", spec.service_selectors)
    yield from repeated(reference, "spec.peers", spec.peers)


def unfit_pools(
    advertisements: Mapping[str, BGPAdvertisement], pools: Mapping[str, Pool], namespace: str
) -> tuple[frozenset[tuple[str, str]], list[Rejection]]:
    """Each pair of an advertisement and a pool that its aggregates would reach beyond, and why."""
    unfit: dict[tuple[str, str], Rejection] = {}
    labels = {name: pool.labels for name, pool in pools.items()}
    for each in advertisements.values():
        lengths = {version: each.aggregation_length(version) for version in (4, 6)}
        if lengths == {4: 32, 6: 128}:
            continue
        for name in sorted(covered(each.spec, labels)):
            for span in pools[name].ranges:
                if (length := lengths[span.version]) < _shortest_prefix(span):
                    reference = Reference(KIND, each.name, namespace)
                    unfit[each.name, name] = _reaches_beyond(reference, span, name, length)
    return frozenset(unfit), list(unfit.values())


def _shortest_prefix(span: AddressRange) -> int:
    blocks = summarize_address_range(span.address(span.first), span.address(span.last))
    return min(block.prefixlen for block in blocks)


def _reaches_beyond(reference: Reference, span: AddressRange, pool: str, length: int) -> Rejection:
    return Rejection(
        reference,
        "spec.aggregationLength" if span.version == 4 else "spec.aggregationLengthV6",
        length,
        f"it is shorter than the prefixes of {span}: the routes would lead beyond IPAddressPool {pool},"
        " so they are not sent",
        "Write a longer one, or take the pool out of spec.ipAddressPools.",
    )


class Attributes(Struct, frozen=True):
    """Path attributes that two advertisements of one route have to agree on."""

    local_pref: int
    as_path_prepend: int | None


class RouteClaims:
    """The routes of the advertisements in force: to a peer, a node sends a route with one set of attributes.

    Where Services are selected it is judged Service by Service when they are advertised.
    """

    @staticmethod
    def are_apart(wanted: Collection[BGPAdvertisement]) -> bool:
        """Whether all of *wanted* send the same attributes."""
        return len({_attributes(each) for each in wanted if not each.spec.service_selectors}) < 2

    def __init__(self, pools: Mapping[str, Pool], nodes: Iterable[Node]) -> None:
        self._pools = pools
        self._nodes: list[Mapping[str, str]] = [each.metadata.labels for each in nodes]
        self._in_force: dict[Attributes, list[BGPAdvertisement]] = {}

    @cached_property
    def _labels(self) -> dict[str, Mapping[str, str]]:
        return {name: pool.labels for name, pool in self._pools.items()}

    def collisions(self, reference: Reference, wanted: BGPAdvertisement) -> list[Rejection]:
        """Each advertisement in force that sends a route of *wanted* with other attributes."""
        if wanted.spec.service_selectors:
            return []
        mine = _attributes(wanted)
        return [
            _disagreement(reference, mine, theirs, other, pool)
            for theirs, others in self._in_force.items()
            if theirs != mine
            for other in others
            if (pool := self._common_route(wanted, other)) is not None
        ]

    def add(self, accepted: BGPAdvertisement) -> None:
        """*accepted* is in force."""
        if not accepted.spec.service_selectors:
            self._in_force.setdefault(_attributes(accepted), []).append(accepted)

    def _common_route(self, one: BGPAdvertisement, other: BGPAdvertisement) -> str | None:
        """A pool that both advertise in the same prefixes, from a common node to a common peer."""
        peers = one.spec.peers, other.spec.peers
        if all(peers) and not set(peers[0]) & set(peers[1]):
            return None
        if self._nodes and not any(_selects(one, node) and _selects(other, node) for node in self._nodes):
            return None
        versions = {v for v in (4, 6) if one.aggregation_length(v) == other.aggregation_length(v)}
        common = covered(one.spec, self._labels) & covered(other.spec, self._labels)
        return next(
            (
                name
                for name in sorted(common)
                if any(span.version in versions for span in self._pools[name].ranges)
            ),
            None,
        )


def _attributes(each: BGPAdvertisement) -> Attributes:
    return Attributes(each.spec.local_pref, each.spec.as_path_prepend)


def _selects(each: BGPAdvertisement, node: Mapping[str, str]) -> bool:
    return not each.spec.node_selectors or matches_any(each.spec.node_selectors, node)


def _disagreement(
    reference: Reference, mine: Attributes, theirs: Attributes, other: BGPAdvertisement, pool: str
) -> Rejection:
    if mine.local_pref != theirs.local_pref:
        where, value, its = "spec.localPref", mine.local_pref, theirs.local_pref
    else:
        where, value, its = "spec.asPathPrepend", mine.as_path_prepend or 0, theirs.as_path_prepend or 0
    reason = f"BGPAdvertisement {other.name} sends the same routes, of IPAddressPool {pool}, with {its}"
    return Rejection(
        reference, where, value, reason, "Write the same value in both, or keep their peers or nodes apart."
    )
