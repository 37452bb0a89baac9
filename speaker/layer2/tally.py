"""Brings what responders count to the metrics, not with each frame: a metric costs more than an answer."""

import asyncio
from ipaddress import ip_address

from lb.observe.metrics import Layer2Metrics
from speaker.layer2.protocol.responder import Responder

DELAY = 0.25
"""Seconds by which the metrics may lag behind."""


class Tally:
    """Adds the counts of responders to *metrics*."""

    def __init__(self, metrics: Layer2Metrics) -> None:
        self._metrics = metrics
        self._uncounted: set[Responder] = set()
        self._timer: asyncio.TimerHandle | None = None

    def count_soon(self, responder: Responder) -> None:
        """Count what *responder* says until `DELAY` is over."""
        if responder in self._uncounted:
            return
        self._uncounted.add(responder)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY, self._count_all)

    def _count_all(self) -> None:
        self._timer = None
        while self._uncounted:
            self.count(self._uncounted.pop())

    def count(self, responder: Responder) -> None:
        """Count what *responder* has said by now."""
        for address, frames in responder.replies.items():
            ip = str(ip_address(address))
            self._metrics.requests_received.labels(ip).inc(frames)
            self._metrics.responses_sent.labels(ip).inc(frames)
        for address, frames in responder.unasked.items():
            self._metrics.gratuitous_sent.labels(str(ip_address(address))).inc(frames)
        responder.replies.clear()
        responder.unasked.clear()

    def close(self) -> None:
        """Count what is left."""
        if self._timer is not None:
            self._timer.cancel()
        self._count_all()
