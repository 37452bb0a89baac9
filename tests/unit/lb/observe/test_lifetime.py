import asyncio
import os
import signal

import pytest

from lb.observe.lifetime import run_process, until_signalled


class TroubleError(Exception):
    """What a process may end by."""


class Life:
    """Work that goes on until it is cancelled, and a leaving; `told` says what happened."""

    def __init__(self):
        self.told = []
        self.working = asyncio.Event()

    async def work(self):
        self.told.append("works")
        self.working.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.told.append("stops")

    async def leave(self):
        self.told.append("leaves")


@pytest.fixture(autouse=True)
def handlers():
    """Leaves the signals as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_the_process_leave_before_its_work_stops(number):
    life = Life()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(until_signalled(life.work(), life.leave))
        await life.working.wait()
        os.kill(os.getpid(), number)
    assert life.told == ["works", "leaves", "stops"]


async def test_work_that_ends_leaves_too():
    life = Life()
    async with asyncio.timeout(10):
        await until_signalled(asyncio.sleep(0), life.leave)
    assert life.told == ["leaves"]


async def test_work_that_fails_leaves_too_and_its_trouble_is_raised():
    life = Life()

    async def fail():
        raise TroubleError("no port")

    with pytest.raises(TroubleError, match="no port"):
        async with asyncio.timeout(10):
            await until_signalled(fail(), life.leave)
    assert life.told == ["leaves"]


async def raising(*troubles):
    """Ends as nested task groups end."""
    raise ExceptionGroup("outer", [ExceptionGroup("inner", list(troubles))])


@pytest.mark.parametrize("trouble", [TroubleError("no right"), OSError(98, "port 7946 is taken")])
def test_expected_trouble_is_one_line_and_exit_code_1(caplog, trouble):
    with pytest.raises(SystemExit) as ended:
        run_process("speaker", raising(trouble), TroubleError)
    assert ended.value.code == 1
    assert caplog.messages == [f"the speaker stops: {trouble}"]


def test_a_bug_is_not_hidden():
    with pytest.raises(ExceptionGroup) as raised:
        run_process("speaker", raising(LookupError("a bug")), TroubleError)
    assert raised.group_contains(LookupError)


def test_a_process_that_ends_well_says_nothing(caplog):
    run_process("speaker", asyncio.sleep(0), TroubleError)
    assert caplog.messages == []
