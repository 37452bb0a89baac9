"""The election: of the nodes that may announce, the one that does. Every node elects the same.

Services that share an address are judged together, so that one node answers for it. The order is MetalLB's,
so that a migration moves no address: preference score, then sha256(nodeName + "#" + address). Before these
comes where packets can be served, and between them that an address stays with a node that serves it.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256

from msgspec import Struct

from lb.announce.case import Case
from lb.announce.claims import Claims
from lb.announce.contest import Contest, Merit
from lb.announce.electorate import Electorate
from lb.announce.why import Why
from lb.config.ranges import Address


def rank(node: str, address: Address) -> bytes:
    """The lowest rank wins among those of equal merit."""
    return sha256(f"{node}#{address}".encode()).digest()


def first_by_rank(nodes: Iterable[str], address: Address) -> str | None:
    """The one of *nodes* that ranks first for *address*; None where there are none."""
    return min(nodes, key=lambda node: rank(node, address), default=None)


class Election(Struct, frozen=True, eq=False):
    """Who won, if anybody; `holders` are those of the best that served an address of the Services before."""

    winner: str | None
    contest: Contest
    holders: frozenset[str]

    def losers(self, case: Case) -> Iterator[tuple[str, Why]]:
        """Why each node but the winner does not announce *case*, one of those that were judged."""
        highest = self.contest.merit(self.winner) if self.winner else None
        for node in self.contest.electorate.surroundings.nodes:
            if node != self.winner:
                yield node, self._why(node, case, highest)

    def _why(self, node: str, case: Case, highest: Merit | None) -> Why:
        its = self.contest.merit(node)
        if its is None or highest is None:
            return self._unfit(node, case)
        if (its.staying, its.serving) < (highest.staying, highest.serving):
            return Why.TERMINATING if its.serving >= highest.serving else Why.SERVES_FEWER
        if its < highest:
            return Why.NO_IPV6 if its.score.versions < highest.score.versions else Why.LESS_PREFERRED
        return Why.NOT_HOLDER if self.holders and node not in self.holders else Why.OUTRANKED

    def _unfit(self, node: str, case: Case) -> Why:
        why = self.contest.slate(case).standing[node]
        if why not in (Why.ELIGIBLE, Why.EXCLUDED):
            return why
        if self.contest.reach(case, node) is None:
            return Why.NOT_HEALTHY if node in (case.local or ()) else Why.NO_LOCAL_ENDPOINT
        return Why.EXCLUDED if why is Why.EXCLUDED else Why.NOT_FOR_OTHERS


def elect(electorate: Electorate, claims: Claims, cases: Iterable[Case]) -> Election:
    """Choose who announces *cases*, at least one, by the rank for the lowest of their first addresses.

    Of nodes of equal merit one keeps what it serves, and the first by rank of several that do.
    """
    contest = Contest(electorate, tuple(cases))
    first = min((case.addresses[0] for case in contest.cases), key=lambda each: (each.version, each))
    holders = _holders(contest, claims) if electorate.surroundings.is_sticky else frozenset()
    return Election(first_by_rank(holders or contest.best, first), contest, holders)


def _holders(contest: Contest, claims: Claims) -> frozenset[str]:
    """Those of the best whose claims count.

    Those of a speaker that has just started do not: where all start at the same time, such as after an
    installation, the first of them would keep everything.
    """
    claiming = claims.holders(each for case in contest.cases for each in case.addresses)
    return frozenset(node for node in claiming & contest.best if not contest.electorate.is_fresh(node))
