"""An asyncio loop whose clock runs faster, so that a minute of waiting takes a few seconds.

Both sides of a connection have to run on it: the network does not hurry.
"""

import asyncio
import selectors

SPEED = 30


class _HurriedSelector(selectors.DefaultSelector):
    def select(self, timeout=None):
        return super().select(timeout / SPEED if timeout else timeout)


class FastLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        super().__init__(_HurriedSelector())

    def time(self):
        return super().time() * SPEED


def run(coroutine):
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        return runner.run(coroutine)
