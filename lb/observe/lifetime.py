"""How a process of ours ends: on a signal in good order, on trouble with one clear line."""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

log = logging.getLogger(__name__)


async def _nothing() -> None:
    pass


async def until_signalled(
    work: Coroutine[Any, Any, None], leave: Callable[[], Awaitable[None]] = _nothing
) -> None:
    """Run *work* until it ends or fails, or until SIGTERM or SIGINT; then *leave*, then cancel it.

    Raises what *work* failed with.

    As PID 1 of a container a process ignores these signals unless it handles them, which this does.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # A task group would cancel the leaving where the work fails.
    working = asyncio.create_task(work)
    tasks = (working, asyncio.create_task(stop.wait()))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await leave()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    if not working.cancelled():
        working.result()


def run_process(name: str, main: Coroutine[Any, Any, None], expected: type[Exception]) -> None:
    """Run *main*; where *expected* trouble or an OSError ends it, say so in one line and exit with 1."""
    try:
        asyncio.run(main)
    except* (expected, OSError) as troubles:
        for trouble in _leaves(troubles):
            log.error("the %s stops: %s", name, trouble)
        sys.exit(1)


def _leaves(group: BaseExceptionGroup[Exception]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each
