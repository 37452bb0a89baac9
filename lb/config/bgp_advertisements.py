"""BGPAdvertisements: which are accepted, and what is wrong with the others."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from ipaddress import summarize_address_range

from msgspec import Struct

from lb.api.bgp_advertisement import KIND, BGPAdvertisementSpec
from lb.api.custom_resource import CustomResource
from lb.config.community import Community, parse_community
from lb.config.config import BGPAdvertisement, Pool
from lb.config.coverage import covered
from lb.config.names import create_or_correct, repeated
from lb.config.ranges import AddressRange
from lb.config.rejection import Malformed, Reference, Rejection
from lb.config.selectors import Labels, faulty_selectors, matches_any
from lb.config.seniority import reference_to
from lb.config.spec import decode, mentions

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
    return mentions(each, "communities")


def _community(
    reference: Reference, at: int, text: str, aliases: Mapping[str, Community]
) -> Community | Rejection:
    where = f"spec.communities[{at}]"
    if text in aliases:
        return aliases[text]
    if ":" not in text:
        reason = "no Community object gives this name"
        remedy = create_or_correct("Community", text, aliases.keys())
        return Rejection(reference, where, text, reason, remedy, waits=True)
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

    Where Services are selected it is judged Service by Service when they are advertised. Of *nodes*, the
    labels.
    """

    @staticmethod
    def are_apart(wanted: Collection[BGPAdvertisement]) -> bool:
        """Whether all of *wanted* send the same attributes."""
        return len({_attributes(each) for each in wanted if not each.spec.service_selectors}) < 2

    def __init__(self, pools: Mapping[str, Pool], nodes: tuple[Labels, ...]) -> None:
        self._pools = pools
        self._nodes = nodes
        self._about: defaultdict[str, list[BGPAdvertisement]] = defaultdict(list)

    @cached_property
    def _labels(self) -> dict[str, Labels]:
        return {name: pool.labels for name, pool in self._pools.items()}

    def collisions(self, reference: Reference, wanted: BGPAdvertisement) -> list[Rejection]:
        """Each advertisement in force that sends a route of *wanted* with other attributes."""
        if wanted.spec.service_selectors:
            return []
        others: dict[str, tuple[BGPAdvertisement, str]] = {}
        for pool in sorted(covered(wanted.spec, self._labels)):
            for other in self._about[pool]:
                if other.name not in others and self._collide(wanted, other, self._pools[pool]):
                    others[other.name] = other, pool
        return [_disagreement(reference, wanted, *others[name]) for name in sorted(others)]

    def add(self, accepted: BGPAdvertisement) -> None:
        """*accepted* is in force."""
        if not accepted.spec.service_selectors:
            for pool in covered(accepted.spec, self._labels):
                self._about[pool].append(accepted)

    def _collide(self, one: BGPAdvertisement, other: BGPAdvertisement, pool: Pool) -> bool:
        """Whether both send routes of *pool* in the same prefixes, from a common node to a common peer."""
        peers = one.spec.peers, other.spec.peers
        return (
            _attributes(one) != _attributes(other)
            and not (all(peers) and set(peers[0]).isdisjoint(peers[1]))
            and any(
                one.aggregation_length(version) == other.aggregation_length(version)
                for version in {span.version for span in pool.ranges}
            )
            and (
                not self._nodes or any(_selects(one, node) and _selects(other, node) for node in self._nodes)
            )
        )


def _attributes(each: BGPAdvertisement) -> Attributes:
    return Attributes(each.spec.local_pref, each.spec.as_path_prepend)


def _selects(each: BGPAdvertisement, node: Labels) -> bool:
    return not each.spec.node_selectors or matches_any(each.spec.node_selectors, node)


def _disagreement(
    reference: Reference, wanted: BGPAdvertisement, other: BGPAdvertisement, pool: str
) -> Rejection:
    mine, theirs = _attributes(wanted), _attributes(other)
    if mine.local_pref != theirs.local_pref:
        where, value, its = "spec.localPref", mine.local_pref, theirs.local_pref
    else:
        where, value, its = "spec.asPathPrepend", mine.as_path_prepend or 0, theirs.as_path_prepend or 0
    reason = f"BGPAdvertisement {other.name} sends the same routes, of IPAddressPool {pool}, with {its}"
    return Rejection(
        reference, where, value, reason, "Write the same value in both, or keep their peers or nodes apart."
    )
