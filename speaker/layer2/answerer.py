"""Answers plain questions in a thread of its own, so that who asks waits for nothing else that we do.

When a frame wakes it, it runs through far less code than the loop would, which is most of the time for which
a client waits. What is no plain question goes to the loop.
"""

import asyncio
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

MOST_WAITING: Final = 256
"""Frames that wait for the loop; in a flood the oldest are dropped."""


class Link(Protocol):
    """A non-blocking socket that carries whole frames."""

    def fileno(self) -> int:
        """What is waited for."""
        ...

    def receive(self) -> bytes | None:
        """A frame that has arrived; None where there is none."""
        ...

    def send(self, frame: bytes) -> None:
        """Send *frame*, or lose it and say so in the log."""
        ...


class Desk:
    """Where questions come in: *link*.

    *answer* gives the answer to a plain question, and *after* follows it, both in the thread. *consider* gets
    all other frames, on the running loop.
    """

    def __init__(
        self,
        link: Link,
        answer: Callable[[bytes], bytes | None],
        after: Callable[[], None],
        consider: Callable[[bytes], None],
    ) -> None:
        self._link = link
        self._answer = answer
        self._after = after
        self._consider = consider
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._is_called = False
        self.fd = link.fileno()

    def serve(self) -> None:
        """Answer one frame, or hand it on."""
        frame = self._link.receive()
        if frame is None:
            return
        answer = self._answer(frame)
        if answer is not None:
            self._link.send(answer)
            self._after()
        else:
            self._waiting.append(frame)
            if not self._is_called:
                self._is_called = True
                self._loop.call_soon_threadsafe(self._hand_on)

    def _hand_on(self) -> None:
        self._is_called = False
        for _ in range(len(self._waiting)):
            self._consider(self._waiting.popleft())

    def complain(self, error: Exception) -> None:
        """Tell the loop of a bug, as it would be told of one in a reader of its own."""
        context = {"message": "a frame was not answered", "exception": error}
        self._loop.call_soon_threadsafe(self._loop.call_exception_handler, context)


class Answerer:
    """Serves desks; the thread is there while any are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        """Held while a frame is served: no socket is closed meanwhile, nor its number given to another."""
        self._desks: dict[int, Desk] = {}
        self._poll: select.epoll | None = None
        self._thread: threading.Thread | None = None
        self._end = -1

    def open(self, desk: Desk) -> None:
        """Serve *desk* from now on."""
        if self._poll is None:
            self._poll = select.epoll()
            self._end = os.eventfd(0)
            self._poll.register(self._end, select.EPOLLIN)
            self._thread = threading.Thread(
                target=self._serve, args=(self._poll,), name="answerer", daemon=True
            )
            self._thread.start()
        with self._lock:
            self._desks[desk.fd] = desk
            self._poll.register(desk.fd, select.EPOLLIN)

    def close(self, desk: Desk) -> None:
        """Serve *desk* no longer; its link may be closed now."""
        with self._lock:
            del self._desks[desk.fd]
            if self._poll is not None:
                self._poll.unregister(desk.fd)
        if not self._desks:
            self._stop()

    def _stop(self) -> None:
        os.eventfd_write(self._end, 1)
        if self._thread is not None and self._poll is not None:
            self._thread.join()
            self._poll.close()
        os.close(self._end)
        self._poll = self._thread = None

    def _serve(self, poll: select.epoll) -> None:
        while True:
            for fd, _ in poll.poll():
                with self._lock:
                    desk = self._desks.get(fd)
                    if desk is not None:
                        try:
                            desk.serve()
                        except Exception as error:  # a bug; the thread goes on, as the loop would
                            desk.complain(error)
                    elif fd == self._end:
                        return
