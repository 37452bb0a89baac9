"""Few ranges that cover many numbers, for a filter that has to be small and may let somewhat more through."""

from collections.abc import Iterable

Range = tuple[int, int]
"""First and last."""


def covering(numbers: Iterable[int], most: int) -> list[Range]:
    """At most *most* (1 or more) ranges that hold all *numbers*, ascending, with the widest gaps left out."""
    ordered = sorted(set(numbers))
    if not ordered:
        return []
    gaps = [at for at in range(1, len(ordered)) if ordered[at] - ordered[at - 1] > 1]
    if len(gaps) >= most:
        gaps.sort(key=lambda at: ordered[at - 1] - ordered[at])
        gaps = sorted(gaps[: most - 1])
    starts, ends = [0, *gaps], [*gaps, len(ordered)]
    return [(ordered[start], ordered[end - 1]) for start, end in zip(starts, ends, strict=True)]
