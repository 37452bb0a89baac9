"""All custom resources → `Config`, rejections, cautions. A bad object is left out, or kept as it was good."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from lb.api import bfd_profile, bgp_advertisement, bgp_peer, community, ip_address_pool, l2_advertisement
from lb.api.secret import Secret
from lb.config.bfd_profiles import read_bfd_profile
from lb.config.bgp_advertisements import RouteClaims, names_communities, read_bgp_advertisement, unfit_pools
from lb.config.cautions import cautions
from lb.config.communities import AliasClaims, read_community
from lb.config.community import Community
from lb.config.config import EMPTY, Aliases, Config
from lb.config.echo import IPv6Routes, ipv6_route, ipv6_routes
from lb.config.l2_advertisements import read_l2_advertisement
from lb.config.memory import Inputs, Memory
from lb.config.peer import BFDProfile
from lb.config.peers import NoSecret, PeerClaims, PeerText, complete_peer, peer_texts
from lb.config.pools import PoolClaims, read_pool, selects_namespaces
from lb.config.rejection import Caution, Finding, Reference, Rejection
from lb.config.resources import FIELD_OF, Objects, Resources, each_once, objects_of
from lb.config.seniority import NoClaims, settle

MOST = 20
"""Findings about one object that are listed; a person mends no more at a time."""
F = TypeVar("F", bound=Finding)
Read = Callable[..., Any]
InputsOf = dict[str, Inputs]
"""By object, what reading it depends on."""


class Parsed(Struct, frozen=True):
    """What custom resources say, everything that is wrong in them, and what their authors may not mean."""

    config: Config = EMPTY
    rejections: tuple[Rejection, ...] = ()
    cautions: tuple[Caution, ...] = ()


def parse(resources: Resources, last_good: Config = EMPTY, memory: Memory | None = None) -> Parsed:
    """*resources* as one configuration.

    Of an object that is refused, the form that *last_good* holds stays in force; nothing else is disturbed.
    The order in which objects are given makes no difference. *memory*, of earlier calls, saves time only.
    """
    remembered = Memory() if memory is None else memory
    given, rejections = each_once(resources)
    nodes = tuple(each.metadata.labels for each in given.nodes)

    def in_force(kind: str, inputs: InputsOf, read: Read, claims: Read = NoClaims, *claimed: Any) -> Any:
        good = getattr(last_good, FIELD_OF[kind])
        found = remembered.each(kind, inputs, read)
        objects = objects_of(given, kind)
        accepted, refused = remembered.once(f"{kind}s", settle, kind, objects, found, good, claims, claimed)
        rejections.extend(refused)
        return accepted

    pools = in_force(ip_address_pool.KIND, _with_namespaces(given), read_pool, PoolClaims)
    l2 = in_force(l2_advertisement.KIND, _alone(given.l2_advertisements), read_l2_advertisement)
    communities = in_force(community.KIND, _alone(given.communities), read_community, AliasClaims)
    named = _with_aliases(given, communities)
    bgp = in_force(bgp_advertisement.KIND, named, read_bgp_advertisement, RouteClaims, pools, nodes)
    unfit, more = remembered.once("unfit", unfit_pools, bgp, pools, _namespace(given))
    rejections.extend(more)
    profiles = in_force(bfd_profile.KIND, _alone(given.bfd_profiles), read_bfd_profile)
    texts = peer_texts(given.peers, remembered)
    echoing = any(each.echo_mode for each in profiles.values())
    routes = remembered.once("IPv6 routes", ipv6_routes, bgp, pools) if echoing else ()
    whole = _with_references(given, texts, profiles, routes)
    peers = in_force(bgp_peer.KIND, whole, complete_peer, PeerClaims, nodes)

    unread = frozenset(each.metadata.name for each in given.pools if each.metadata.name not in pools)
    config = Config(pools, l2, bgp, peers, profiles, communities, unfit, unread)
    told = cautions(given, config, remembered)
    return Parsed(config, tuple(_bounded(rejections, Rejection)), tuple(_bounded(told, Caution)))


def _namespace(given: Resources) -> str:
    return next((each.metadata.namespace for each in given.bgp_advertisements), "")


def _alone(objects: Objects) -> InputsOf:
    return {each.metadata.name: (each,) for each in objects}


def _with_namespaces(given: Resources) -> InputsOf:
    return {
        each.metadata.name: (each, given.namespaces if selects_namespaces(each) else ())
        for each in given.pools
    }


def _with_aliases(given: Resources, communities: Mapping[str, Aliases]) -> InputsOf:
    aliases: dict[str, Community] = {}
    for each in communities.values():
        aliases |= each.values
    return {
        each.metadata.name: (each, aliases if names_communities(each) else {})
        for each in given.bgp_advertisements
    }


def _with_references(
    given: Resources,
    texts: Mapping[str, PeerText | tuple[Rejection, ...]],
    profiles: Mapping[str, BFDProfile],
    routes: Iterable[IPv6Routes],
) -> InputsOf:
    def references(text: PeerText | tuple[Rejection, ...]) -> Inputs:
        if isinstance(text, tuple):
            return text, None, "", None
        profile = profiles.get(text.spec.bfd_profile)
        route = ipv6_route(text.reference.name, routes) if _echoes(profile) else ""
        return text, profile, route, _secret(given, text.secret)

    return {name: references(text) for name, text in texts.items()}


def _secret(given: Resources, name: str) -> Secret | NoSecret:
    if not name or given.secrets is None:
        return NoSecret.UNSEEN
    if name not in given.secrets:
        return NoSecret.ABSENT
    return given.secrets[name] or NoSecret.UNREAD


def _echoes(profile: BFDProfile | None) -> bool:
    return profile is not None and profile.echo_mode


def _bounded(findings: Iterable[F], kind: type[F]) -> Iterator[F]:
    """*findings*, of each object the first `MOST`, and then how many more there are."""
    seen: Counter[Reference] = Counter()
    for each in findings:
        seen[each.object] += 1
        if seen[each.object] <= MOST:
            yield each
    for reference, number in seen.items():
        if number > MOST:
            reason = f"{number - MOST} more faults are not listed"
            yield kind(reference, "spec", "...", reason, "Mend those that are, then look again.")
