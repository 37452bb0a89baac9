"""Brings what responders count to the metrics, not with each frame: a metric costs more than an answer."""

import asyncio
from ipaddress import ip_address

from lb.observe.metrics import Layer2Metrics
from speaker.layer2.protocol.responder import Responder

DELAY = 0.25
"""Seconds by which the metrics may lag behind."""


class Tally:
    """Adds the counts of responders to *metrics*, on the running loop."""

    def __init__(self, metrics: Layer2Metrics) -> None:
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._uncounted: set[Responder] = set()
        self._timer: asyncio.TimerHandle | None = None

    def count_soon(self, responder: Responder) -> None:
        """Count what *responder* says until `DELAY` is over. Any thread may call this."""
        if responder not in self._uncounted:
            self._uncounted.add(responder)
            self._loop.call_soon_threadsafe(self._arm)

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(DELAY, self._count_all)

    def _count_all(self) -> None:
        self._timer = None
        while self._uncounted:
            self.count(self._uncounted.pop())

    def count(self, responder: Responder) -> None:
        """Count what *responder* has said by now."""
        replies, responder.replies = responder.replies, {}
        unasked, responder.unasked = responder.unasked, {}
        for address, frames in list(replies.items()):  # the thread that answers may still add to it
            ip = str(ip_address(address))
            self._metrics.requests_received.labels(ip).inc(frames)
            self._metrics.responses_sent.labels(ip).inc(frames)
        for address, frames in unasked.items():
            self._metrics.gratuitous_sent.labels(str(ip_address(address))).inc(frames)

    def close(self) -> None:
        """Count what is left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._count_all()
