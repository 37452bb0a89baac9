"""Which pools an advertisement is about (L2Advertisement and BGPAdvertisement select them alike)."""

from collections.abc import Mapping
from typing import Protocol

from lb.api.meta import LabelSelector
from lb.config.selectors import Labels, matches_any


class PoolSelection(Protocol):
    """The part of an advertisement's spec that selects pools."""

    @property
    def ip_address_pools(self) -> tuple[str, ...]:
        """Pools by name."""

    @property
    def ip_address_pool_selectors(self) -> tuple[LabelSelector, ...]:
        """Pools by label."""


def covers(selection: PoolSelection, pool: str, labels: Labels) -> bool:
    """Whether *selection* holds *pool*, whose object has *labels*; without names and selectors, all."""
    names, selectors = selection.ip_address_pools, selection.ip_address_pool_selectors
    if not names and not selectors:
        return True
    return pool in names or matches_any(selectors, labels)


def covered(selection: PoolSelection, pools: Mapping[str, Labels]) -> frozenset[str]:
    """Those of *pools*, each with its labels, that *selection* holds."""
    names, selectors = selection.ip_address_pools, selection.ip_address_pool_selectors
    if not selectors:
        return frozenset(name for name in names if name in pools) if names else frozenset(pools)
    return frozenset(name for name, labels in pools.items() if covers(selection, name, labels))
