"""When to tell the API server what is less urgent than other work."""

import asyncio
from contextlib import suppress

LONGEST = 1.0
"""Seconds that it waits at most, while there is other work."""


async def lull(calm: asyncio.Event) -> None:
    """Returns once *calm* is set, or after a while."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LONGEST):
            await calm.wait()
