"""The failure detector's times, in seconds."""

from msgspec import Struct


class Timing(Struct, frozen=True):
    """How often a speaker is heard, and for how long it may be silent.

    Every `interval` it sends a heartbeat to those who watch it. One that is silent for `suspect_after` is
    asked for, and whoever watches it too; for `confirm_after` all of their answers are waited for. A timer
    that is overdue by `late` means that we did not listen. A speaker that starts listens for `settle_after`
    before it says who is a member, and waits for the others' bulletins for `fetch_after` more at most. One
    that hears nobody, while two or more live as far as it knows, takes itself for cut off: only after
    `alone_after` does it take itself for the only one.
    """

    interval: float = 0.05
    suspect_after: float = 0.35
    confirm_after: float = 0.1
    late: float = 0.1
    settle_after: float = 0.4
    fetch_after: float = 2.0
    alone_after: float = 10.0


DEFAULT = Timing()


def paced(interval: float, suspect_after: float) -> Timing:
    """The times for heartbeats *interval* apart, and silences of *suspect_after*; the others follow."""
    scale = interval / DEFAULT.interval
    return Timing(
        interval,
        suspect_after,
        DEFAULT.confirm_after * scale,
        DEFAULT.late * scale,
        DEFAULT.settle_after * scale,
    )
