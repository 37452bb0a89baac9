"""The nodes as they stand for all elections of one moment: what many Services ask is computed once."""

from collections.abc import Mapping
from functools import cached_property

from msgspec import Struct

from lb.announce.bulletin import Bulletin
from lb.announce.eligibility import (
    Surroundings,
    excludes,
    has_interface,
    hindrance,
    interfaces,
    score,
    selects,
)
from lb.announce.why import Why
from lb.api.node import Node
from lb.config.config import Config, L2Advertisement

Advertisements = tuple[L2Advertisement, ...]
Versions = frozenset[int]
"""IP versions."""
NOTHING_TOLD = Bulletin()


class Score(Struct, frozen=True, order=True):
    """The highest wins: of how many IP versions a node can announce addresses, then its preference."""

    versions: int
    preference: int


class Slate(Struct, frozen=True):
    """How each node stands under a set of advertisements, for addresses of `versions`; endpoints apart.

    `score` has those that are `ELIGIBLE`, `best` those of them with the highest, and `interfaces` where each
    of them announces; None: on all.
    """

    advertisements: Advertisements
    versions: Versions
    standing: Mapping[str, Why]
    score: Mapping[str, Score]
    best: frozenset[str]
    interfaces: Mapping[str, frozenset[str] | None]


class Electorate:
    """What *config* and *surroundings* say, neither of which may change while this is in use."""

    def __init__(self, config: Config, surroundings: Surroundings) -> None:
        self.config = config
        self.surroundings = surroundings
        self._slates: dict[tuple[tuple[str, ...], Versions], Slate] = {}

    def is_like(self, other: "Electorate") -> bool:
        """Whether elections that were held before *other* come out the same here, as far as nodes matter."""
        return (
            self.config == other.config
            and self.own_addresses == other.own_addresses
            and self._told == other._told
            and all(self.slate(each.advertisements, each.versions) == each for each in other._slates.values())
        )

    @cached_property
    def _told(self) -> dict[str, tuple[frozenset[int], bool]]:
        return {
            name: (each.healthy, each.is_fresh)
            for name, each in self.surroundings.bulletins.items()
            if each.healthy or each.is_fresh
        }

    @cached_property
    def own_addresses(self) -> frozenset[str]:
        """The nodes' own addresses."""
        return frozenset(
            each.address for node in self.surroundings.nodes.values() for each in node.status.addresses
        )

    @cached_property
    def _hindrances(self) -> dict[str, Why | None]:
        return {name: hindrance(node, self.surroundings) for name, node in self.surroundings.nodes.items()}

    def slate(self, advertisements: Advertisements, versions: Versions) -> Slate:
        """How the nodes stand under *advertisements*, which are of `config`, for addresses of *versions*."""
        key = tuple(each.name for each in advertisements), versions
        slate = self._slates.get(key)
        if slate is None:
            slate = self._slates[key] = self._drawn_up(advertisements, versions)
        return slate

    def _drawn_up(self, advertisements: Advertisements, versions: Versions) -> Slate:
        standing: dict[str, Why] = {}
        scores: dict[str, Score] = {}
        on: dict[str, frozenset[str] | None] = {}
        for name, node in self.surroundings.nodes.items():
            selecting = [each for each in advertisements if selects(each, node)]
            can = self._versions(name, selecting, versions)
            standing[name] = self._why(node, selecting, can)
            if standing[name] is Why.ELIGIBLE:
                scores[name] = Score(can, score(selecting, node))
                on[name] = interfaces(selecting)
        highest = max(scores.values(), default=None)
        best = frozenset(name for name, each in scores.items() if each == highest)
        return Slate(advertisements, versions, standing, scores, best, on)

    def _versions(self, name: str, selecting: list[L2Advertisement], versions: Versions) -> int:
        """Of how many of *versions* the node *name* can announce addresses."""
        allowed, told = interfaces(selecting), self.surroundings.bulletins.get(name)
        return sum(has_interface(allowed, version, told) for version in versions)

    def _why(self, node: Node, selecting: list[L2Advertisement], versions: int) -> Why:
        if not selecting:
            return Why.NOT_SELECTED
        hindered = self._hindrances[node.metadata.name]
        if hindered is not None:
            return hindered
        if not versions:
            return Why.NO_INTERFACE
        return Why.EXCLUDED if excludes(node, self.surroundings) else Why.ELIGIBLE

    def is_fresh(self, name: str) -> bool:
        """Whether the node *name* told that its speaker has just started."""
        return self.surroundings.bulletins.get(name, NOTHING_TOLD).is_fresh

    def is_healthy(self, name: str, port: int) -> bool:
        """Whether the node *name* told that its kube-proxy answers 200 at *port*."""
        return port in self.surroundings.bulletins.get(name, NOTHING_TOLD).healthy
