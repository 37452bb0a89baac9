"""A client that fetches a page again and again, so that a gap in the answers can be seen and measured."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from lb.lab.client import Client

EVERY = 0.02  # seconds from the start of one fetch to that of the next, answered or not
PATIENCE = 0.5  # seconds until a fetch counts as not answered
AT_ONCE = 64  # fetches under way; more than PATIENCE / EVERY, so that a silent server delays none


@dataclass(frozen=True)
class Fetch:
    """One fetch: when it *started* and *ended*, by `time.monotonic`, and the page or *error* that it got."""

    started: float
    ended: float
    page: str
    error: str


@dataclass
class Pulse:
    """The fetches so far."""

    fetches: list[Fetch] = field(default_factory=list)

    @property
    def answered(self) -> list[Fetch]:
        """Those that got a page, in the order of their answers."""
        return sorted((fetch for fetch in self.fetches if not fetch.error), key=lambda fetch: fetch.ended)

    def longest_silence(self, since: float) -> float:
        """The longest time, in seconds, from one answer to the next, of those that end after *since*."""
        ends = [fetch.ended for fetch in self.answered]
        return max((later - sooner for sooner, later in pairwise(ends) if later > since), default=0.0)


@contextmanager
def pulse(client: Client, url: str) -> Iterator[Pulse]:
    """Let *client* fetch *url* every `EVERY` seconds for as long as the context lasts."""
    taken = Pulse()
    stop = threading.Event()

    def fetch() -> None:
        started = time.monotonic()
        page, error = "", ""
        try:
            page = client.fetch(url, timeout=PATIENCE).body
        except OSError as failed:
            error = str(failed)
        taken.fetches.append(Fetch(started, time.monotonic(), page, error))

    def beat() -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            due = time.monotonic()
            while not stop.wait(max(0.0, due - time.monotonic())):
                pool.submit(fetch)
                due += EVERY

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield taken
    finally:
        stop.set()
        thread.join()
