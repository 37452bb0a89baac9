import asyncio

import pytest

from lb.cluster import lull as module
from lb.cluster.lull import lull


async def test_what_is_less_urgent_waits_until_it_is_calm():
    calm = asyncio.Event()
    waiting = asyncio.create_task(lull(calm))
    await asyncio.sleep(0)
    assert not waiting.done()
    calm.set()
    await waiting


@pytest.mark.parametrize("longest", [0.0, 0.01])
async def test_it_waits_not_for_ever(monkeypatch, longest):
    monkeypatch.setattr(module, "LONGEST", longest)
    async with asyncio.timeout(5):
        await lull(asyncio.Event())
