"""The whole answer for a Service: who announces its addresses, where, and why not the others."""

from collections.abc import Mapping
from itertools import islice

from msgspec import Struct

from lb.announce.case import Case
from lb.announce.claims import Claims
from lb.announce.election import Election, elect
from lb.announce.electorate import Electorate
from lb.announce.petition import Petition, hear
from lb.announce.why import Why, WhyNobody
from lb.config.ranges import Address

FEW = 8
"""Nodes that an explanation in words names at most, besides the winner."""


class Announced(Struct, frozen=True, eq=False):
    """The addresses of `case` are announced by node `winner` on `interfaces` (None: all of that node)."""

    winner: str
    interfaces: frozenset[str] | None
    case: Case
    election: Election

    @property
    def addresses(self) -> tuple[Address, ...]:
        """All that are announced, in the order of the Service's status."""
        return self.case.addresses

    @property
    def outcome(self) -> object:
        """What is to be done by it, whatever the reasons; equal where the same is."""
        return self.winner, self.interfaces, self.addresses

    @property
    def standing(self) -> dict[str, Why]:
        """Why each node does or does not announce."""
        return {self.winner: Why.ELIGIBLE, **dict(self.election.losers(self.case))}

    def __str__(self) -> str:
        kept = self.winner in self.election.holders
        reason = "keeps the address, which it serves already" if kept else "ranks first of those that may"
        serves = self.election.contest.reach(self.case, self.winner) is not None
        lacks = "" if serves else ", for Services that share the address with this one, which it cannot serve"
        return f"node {self.winner} {reason}{lacks}{_listed(self.case, self.election)}"


class Silent(Struct, frozen=True, eq=False):
    """Nobody announces, and why; with the election if there was one, which nobody won."""

    why: WhyNobody
    case: Case | None = None
    election: Election | None = None

    @property
    def outcome(self) -> object:
        """As in `Announced`."""
        return self.why

    @property
    def standing(self) -> dict[str, Why]:
        """Why each node does not announce; empty where none was looked at."""
        return dict(self.election.losers(self.case)) if self.case and self.election else {}

    def __str__(self) -> str:
        return f"{self.why}{_listed(self.case, self.election) if self.case and self.election else ''}"


Verdict = Announced | Silent


def _listed(case: Case, election: Election) -> str:
    told = "".join(f"; node {node} {why}" for node, why in islice(election.losers(case), FEW))
    more = len(election.contest.electorate.surroundings.nodes) - FEW - (election.winner is not None)
    return f"{told}; {more} more nodes, see the debug endpoint" if more > 0 else told


def judge(
    electorate: Electorate,
    claims: Claims,
    group: Mapping[str, Petition],
    load_balancer_class: str | None,
) -> dict[str, Verdict]:
    """Who announces each Service of *group*: all that share an address, directly or through others, by key.

    One that is not to be announced for reasons of its own, such as that it has no endpoint, binds nobody:
    packets for it that reach the address are its own affair.
    """
    heard = {key: hear(electorate, group[key], load_balancer_class) for key in sorted(group)}
    cases = [each for each in heard.values() if isinstance(each, Case)]
    election = elect(electorate, claims, cases) if cases else None
    return {
        key: _verdict(each, election) if isinstance(each, Case) else Silent(each)
        for key, each in heard.items()
    }


def _verdict(case: Case, election: Election | None) -> Verdict:
    if election is not None and election.winner is not None:
        on = election.contest.slate(case).interfaces[election.winner]
        return Announced(election.winner, on, case, election)
    excluded = election is not None and any(why is Why.EXCLUDED for _, why in election.losers(case))
    return Silent(WhyNobody.ALL_EXCLUDED if excluded else WhyNobody.NO_NODE, case, election)


def outline(verdict: Verdict) -> dict[str, object]:
    """*verdict* for programs, in short; `interfaces` null are all."""
    if isinstance(verdict, Silent):
        return {"announced": False, "why": verdict.why.name}
    return {
        "announced": True,
        "node": verdict.winner,
        "addresses": [str(each) for each in verdict.addresses],
        "interfaces": None if verdict.interfaces is None else sorted(verdict.interfaces),
        "holders": sorted(verdict.election.holders),
    }


def in_full(verdict: Verdict) -> dict[str, object]:
    """`outline` and how each node stands, with the name of its `Why`, and all of it in words."""
    nodes = {node: why.name for node, why in verdict.standing.items()}
    return {**outline(verdict), "nodes": nodes, "text": str(verdict)}
