"""How often Python looks for garbage that only refers to itself. All other goes at once, without a look."""

import gc

THRESHOLDS = (20_000, 10, 10)
"""Containers more than at the last look, and so many looks at the youngest until those that are older."""


def look_seldom() -> None:
    """Let a process of ours spend less time on looks, each of which stops it, for as long as it knows much.

    What we keep by the thousand (objects of the API server, holdings) never refers to itself.
    """
    gc.collect()
    gc.freeze()  # modules and classes stay
    gc.set_threshold(*THRESHOLDS)
