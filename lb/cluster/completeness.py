"""Whether a process has read all that it decides upon: before, absent cannot be told from unread."""

from collections.abc import Iterable
from typing import Any

from lb.cluster.reflector import Reflector


def missing(reflectors: Iterable[Reflector[Any]]) -> list[str]:
    """What has not been read from the API server yet, each with why, as far as that is known."""
    return [
        f"{each.resource.plural} are not read yet" + (f": {each.last_error}" if each.last_error else "")
        for each in reflectors
        if not each.synced.is_set()
    ]


async def complete(reflectors: Iterable[Reflector[Any]]) -> None:
    """Returns once each of *reflectors*, which somebody runs, has read its first whole list."""
    for each in reflectors:
        await each.synced.wait()
