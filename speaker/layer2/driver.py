"""Runs a protocol machine on a link: brings it frames and the time, and sends what it has to send."""

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol

from speaker.layer2.protocol.machine import Frame, Machine, Outcome


class Link(Protocol[Frame]):
    """A non-blocking socket that carries whole frames."""

    def fileno(self) -> int:
        """What the loop watches."""
        ...

    def receive(self) -> Frame | None:
        """A frame that has arrived; None where there is none."""
        ...

    def send(self, frame: Frame) -> None:
        """Send *frame*, or lose it and say so in the log."""
        ...

    def close(self) -> None:
        """Release the socket."""
        ...


class Driver(Generic[Frame]):
    """*machine* on *link*, on the running loop, from now until `close`.

    Whoever calls the machine itself calls `settle` after it, so that what is to be sent goes out at once.
    *after* is called each time the machine may have changed. Unless the link is *watched*, frames come by
    `take`.
    """

    def __init__(
        self,
        machine: Machine[Frame],
        link: Link[Frame],
        *,
        count: Callable[[Outcome], None] = lambda outcome: None,
        after: Callable[[], None] = lambda: None,
        watched: bool = True,
    ) -> None:
        self._machine = machine
        self._link = link
        self._count = count
        self._after = after
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._watched = watched
        if watched:
            self._loop.add_reader(link.fileno(), self._receive)
        self.settle()

    def _receive(self) -> None:
        # One: the loop comes back where there are more, after everybody else had a turn.
        frame = self._link.receive()
        if frame is not None:
            self.take(frame)

    def take(self, frame: Frame) -> None:
        """Bring *frame* to the machine, and send what it says to it."""
        now = self._loop.time()
        self._count(self._machine.receive_frame(frame, now))
        self._send(now)
        self._rest()

    def _send(self, now: float) -> None:
        for frame in self._machine.frames_to_send(now):
            self._link.send(frame)

    def _fire(self) -> None:
        self._timer = None
        self._machine.handle_timer(self._loop.time())
        self.settle()

    def settle(self) -> None:
        """Send what is to be sent, and wake again when the machine next needs it."""
        self._send(self._loop.time())
        self._rest()

    def _rest(self) -> None:
        self._arm(self._machine.next_timer())
        self._after()

    def _arm(self, at: float | None) -> None:
        if self._timer is not None and self._timer.when() == at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if at is None else self._loop.call_at(at, self._fire)

    def close(self) -> None:
        """Stop, and close the link."""
        if self._watched:
            self._loop.remove_reader(self._link.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self._link.close()
