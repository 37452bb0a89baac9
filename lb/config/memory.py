"""What was computed last, recalled while its inputs are the same, so that a change costs what it changes.

Only the time that parsing takes depends on it, never its outcome.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")
Inputs = tuple[Any, ...]


class Memory:
    """By place and key, the last result and what it came from; of a place, what the last call asked for."""

    def __init__(self) -> None:
        self._known: dict[str, dict[Any, tuple[Inputs, Any]]] = {}

    def each(self, place: str, inputs: Mapping[K, Inputs], compute: Callable[..., R]) -> dict[K, R]:
        """*compute(\\*given)* for each key of *inputs*; what is no key any more is forgotten."""
        before, now = self._known.get(place, {}), {}
        for key, given in inputs.items():
            known = before.get(key)
            now[key] = known if known is not None and known[0] == given else (given, compute(*given))
        self._known[place] = now
        return {key: result for key, (_, result) in now.items()}

    def once(self, place: str, compute: Callable[..., R], *given: Any) -> R:
        """*compute(\\*given)*."""
        return self.each(place, {None: given}, compute)[None]
