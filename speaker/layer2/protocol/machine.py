"""What every protocol machine offers to the driver that runs it on a link."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol, TypeVar


class Outcome(StrEnum):
    """What became of a frame that was received."""

    REPLIED = "replied"
    HEARD = "heard"
    FOREIGN = "foreign"
    INTRODUCED = "introduced"
    NOT_OURS = "not ours"
    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    REPLAYED = "replayed"


Frame = TypeVar("Frame")


class Machine(Protocol[Frame]):
    """A protocol without I/O. Times are seconds of one monotonic clock."""

    def receive_frame(self, frame: Frame, now: float) -> Outcome:
        """Take in *frame*, whatever it holds; never raises."""
        ...

    def handle_timer(self, now: float) -> None:
        """Do what is due at *now*; called at `next_timer` or somewhat later."""
        ...

    def next_timer(self) -> float | None:
        """When `handle_timer` is to be called next; None: not until something else happens."""
        ...

    def frames_to_send(self, now: float) -> Iterable[Frame]:
        """The frames that became due, each given out once."""
        ...
