"""Custom resources → `Config` and rejections. A bad object is left out, or kept as it was last good."""

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct

from lb.api.custom_resource import CustomResource
from lb.config.config import EMPTY, Config
from lb.config.l2_advertisements import parse_l2_advertisements
from lb.config.pools import parse_pools
from lb.config.rejection import Reference, Rejection

MOST = 20
"""Rejections of one object that are listed; a person mends no more at a time."""


class Parsed(Struct, frozen=True):
    """What a set of custom resources says, and everything that is wrong in it."""

    config: Config = EMPTY
    rejections: tuple[Rejection, ...] = ()


def parse(
    pools: Iterable[CustomResource], l2_advertisements: Iterable[CustomResource], last_good: Config = EMPTY
) -> Parsed:
    """All *pools* and *l2_advertisements* of our namespace as one configuration.

    Of an object that is refused, the form that *last_good* holds stays in force; nothing else is disturbed.
    The order in which objects are given makes no difference.
    """
    objects = list(pools)
    accepted, wrong = parse_pools(objects, last_good.pools)
    advertisements, also_wrong = parse_l2_advertisements(l2_advertisements, last_good.l2_advertisements)
    unread = frozenset({each.metadata.name for each in objects} - accepted.keys())
    config = Config(dict(sorted(accepted.items())), dict(sorted(advertisements.items())), unread)
    return Parsed(config, tuple(_bounded([*wrong, *also_wrong])))


def _bounded(rejections: Iterable[Rejection]) -> Iterator[Rejection]:
    """*rejections*, of each object the first `MOST`, and then how many more there are."""
    seen: Counter[Reference] = Counter()
    for each in rejections:
        seen[each.object] += 1
        if seen[each.object] <= MOST:
            yield each
    for reference, number in seen.items():
        if number > MOST:
            reason = f"{number - MOST} more faults are not listed"
            yield Rejection(reference, "spec", "...", reason, "Mend those that are, then look again.")
