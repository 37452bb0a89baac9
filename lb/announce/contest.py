"""What each node has to offer the Services that are judged together, before rank and habit decide."""

from collections.abc import Iterable
from functools import cached_property

from msgspec import Struct

from lb.announce.case import Case
from lb.announce.electorate import Electorate, Score, Slate
from lb.announce.why import Why


class Merit(Struct, frozen=True, order=True):
    """The highest wins.

    How many of the Services the node serves by endpoints that are there to stay, how many by whatever
    endpoint, and its score.
    """

    staying: int
    serving: int
    score: Score


class Contest(Struct, frozen=True, eq=False, dict=True):
    """*cases*, at least one, before *electorate*."""

    electorate: Electorate
    cases: tuple[Case, ...]

    @cached_property
    def _slates(self) -> tuple[Slate, ...]:
        """One for each set of advertisements."""
        return tuple({id(each): each for each in map(self.slate, self.cases)}.values())

    def slate(self, case: Case) -> Slate:
        """How nodes stand for *case* alone."""
        return self.electorate.slate(case.advertisements, case.versions)

    @cached_property
    def _joint(self) -> Slate:
        """Under all advertisements; its scores are those of the preferences of them all."""
        if len(self._slates) == 1:
            return self._slates[0]
        named = {each.name: each for case in self.cases for each in case.advertisements}
        versions = frozenset(version for case in self.cases for version in case.versions)
        return self.electorate.slate(tuple(named.values()), versions)

    @cached_property
    def best(self) -> frozenset[str]:
        """The nodes of the highest merit."""
        if len(self._slates) == 1 and all(case.local is None for case in self.cases):
            return self._joint.best
        merits = {node: each for node in self._reached if (each := self.merit(node)) is not None}
        highest = max(merits.values(), default=None)
        return frozenset(node for node, each in merits.items() if each == highest)

    @property
    def _reached(self) -> Iterable[str]:
        """The nodes that may be able to serve one of the Services."""
        if any(case.local is None for case in self.cases):
            return self._joint.score
        return {node for case in self.cases for node in case.local or ()}

    def merit(self, node: str) -> Merit | None:
        """What *node* has to offer; None where it may not announce one of the Services, or can serve none."""
        if any(slate.standing.get(node) is not Why.ELIGIBLE for slate in self._slates):
            return None
        reaches = [self.reach(case, node) for case in self.cases]
        serving = sum(each is not None for each in reaches)
        return Merit(sum(map(bool, reaches)), serving, self._joint.score[node]) if serving else None

    def reach(self, case: Case, node: str) -> bool | None:
        """Whether the endpoints by which *node* serves *case* are there to stay; None: it cannot serve it.

        kube-proxy's health check tells only of endpoints that stay (KEP-1669), so a node with others is let
        through: it serves already.
        """
        if case.local is None:
            return True
        stays = case.local.get(node)
        if stays and case.gate and not self.electorate.is_healthy(node, case.gate):
            return None
        return stays
