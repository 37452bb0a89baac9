"""Lists of names in a spec: each name once, and those that stand for nothing."""

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches

from lb.config.rejection import Caution, Reference, Rejection, named

MOST = 200
"""Names that one is compared with, in some 10 ms: of more, a person looks for the right one himself."""


def repeated(reference: Reference, path: str, names: Sequence[str]) -> Iterator[Rejection]:
    """The entries of *names*, which stand at *path*, that stand there before already."""
    seen: dict[str, int] = {}
    for at, name in enumerate(names):
        first = seen.setdefault(name, at)
        if first != at:
            reason = f"it stands at {path}[{first}] already"
            yield Rejection(reference, f"{path}[{at}]", name, reason, "Remove one of the two.")


def unknown(
    reference: Reference, path: str, names: Sequence[str], kind: str, known: Collection[str]
) -> Iterator[Caution]:
    """The entries of *names*, at *path*, that name no object of *kind*; those that exist are *known*."""
    for at, name in enumerate(names):
        if name not in known:
            reason = f"there is no {kind} of this name"
            yield Caution(reference, f"{path}[{at}]", name, reason, create_or_correct(kind, name, known))


def create_or_correct(kind: str, name: str, known: Collection[str]) -> str:
    """What to do about *name*, which names no object of *kind*."""
    may_be_compared = len(name) < 254 and len(known) <= MOST
    close = get_close_matches(name, known, n=1) if may_be_compared else []
    return (
        f"Write {named(close[0])}, if that is meant, or create the {kind}."
        if close
        else (f"Create the {kind}, or correct the name.")
    )
