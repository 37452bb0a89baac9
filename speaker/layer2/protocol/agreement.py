"""When a silent speaker is dead: once those who watch it, and are heard themselves, agree that it is silent.

One link that loses, one watcher that is slow and one that hears nothing take nobody out.
"""

from collections.abc import Collection
from enum import Enum, auto

from speaker.layer2.protocol.peer import Peer, State

EAR = 1000
"""Milliseconds before a suspect's latest sign within which a witness of its end heard it itself."""


class Statement(Enum):
    """What another one who watches a suspect says of it."""

    OPEN = auto()
    """Nothing yet, since we asked."""
    AGREES = auto()
    """That it has no later sign of it than we have."""
    SILENT = auto()
    """Nothing, and it is a suspect itself."""


class Verdict(Enum):
    """What follows for the suspect."""

    OPEN = auto()
    DEAD = auto()
    CUT_OFF = auto()
    """Nothing: it is we ourselves who hear nobody."""


def statement_of(witness: Peer, suspect: Peer, incarnation: int) -> Statement:
    """What *witness* said of *suspect* to us, in our own life *incarnation*.

    It counts if *witness* had heard us ask, and either heard *suspect* itself until its end, or suspects it
    too. A later sign of life would have made *suspect* none any more.
    """
    if witness.state is State.SUSPECT:
        return Statement.SILENT
    told = witness.told
    if told is None or told.heard.get(incarnation, -1) < suspect.asked:
        return Statement.OPEN
    heard = told.heard.get(suspect.incarnation, 0)
    if suspect.incarnation in told.suspects or (heard and heard >= suspect.clock - EAR):
        return Statement.AGREES
    return Statement.OPEN


def agree(statements: Collection[Statement], *, others: int, hears_nobody: bool, has_waited: bool) -> Verdict:
    """The verdict on a suspect, by the *statements* of the others who watch it.

    *others* live, the suspect among them, as far as is known. Where all fall silent at the same time, it is
    more likely that we are deaf or cut off; where there was one only, nobody can tell.
    """
    if hears_nobody:
        return Verdict.DEAD if others == 1 else Verdict.CUT_OFF
    if Statement.AGREES not in statements:
        return Verdict.OPEN
    return Verdict.DEAD if has_waited or Statement.OPEN not in statements else Verdict.OPEN
