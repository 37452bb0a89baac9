"""Waiting for a condition, and saying what was waited for when it does not come. Nothing else sleeps."""

import time
from collections.abc import Callable
from typing import TypeVar

from lb.lab.errors import BrokenLabError, TimedOutError

T = TypeVar("T")


def wait_for(condition: Callable[[], T | None], what: str, timeout: float = 60, pause: float = 0.05) -> T:
    """The first true value of *condition*, asked every *pause* seconds; *what* names it for a person.

    An exception of *condition* counts as "not yet", but a `BrokenLabError` ends the wait. Raises
    `TimedOutError` after *timeout* seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            seen: object = (value := condition())
            if value:
                return value
        except BrokenLabError:
            raise
        except Exception as error:
            seen = error
        if time.monotonic() > deadline:
            cause = seen if isinstance(seen, Exception) else None
            raise TimedOutError(f"waited {timeout:g} s for {what}; last seen: {seen!r}") from cause
        time.sleep(pause)
