"""Telling a person that a slow step goes on: elapsed time, and how far it got.

On a terminal one line is kept up to date; elsewhere, in a log, a line comes now and then.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TERMINAL_PERIOD = 1.0  # seconds between two updates
LOG_PERIOD = 20.0


@contextmanager
def step(title: str, so_far: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Announce *title*, show the time and *so_far*'s text while the context lasts, and how it ended."""
    began, done, outcome = time.monotonic(), threading.Event(), "failed"
    terminal = sys.stderr.isatty()

    def show(end: str) -> None:
        parts = [f"==> {title}", _clock(time.monotonic() - began), so_far()]
        _say(("\r\x1b[K" if terminal else "") + ", ".join(part for part in parts if part) + end)

    def keep_showing() -> None:
        while not done.wait(TERMINAL_PERIOD if terminal else LOG_PERIOD):
            show("" if terminal else "\n")

    _say(f"==> {title}" + ("" if terminal else "\n"))
    shower = threading.Thread(target=keep_showing, daemon=True)
    shower.start()
    try:
        yield
        outcome = "done"
    finally:
        done.set()
        shower.join()
        show(f", {outcome}\n")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _say(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)
