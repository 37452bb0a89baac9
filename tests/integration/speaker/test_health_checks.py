"""Asking for the health of Services over real sockets, where a stand-in for kube-proxy answers."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from speaker.health_checks import HealthChecks

from .conftest import eventually


class KubeProxy:
    """Answers at a port of its own with the status that a test sets."""

    def __init__(self):
        self.status = 200
        self.asked = 0
        self.port = None
        self._runner = None

    async def start(self, port=0):
        async def answer(request):
            self.asked += 1
            return web.Response(status=self.status)

        app = web.Application()
        app.router.add_get("/healthz", answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self):
        await self._runner.cleanup()


@pytest.fixture
async def new_proxy():
    started = []

    async def start(status=200):
        proxy = KubeProxy()
        proxy.status = status
        await proxy.start()
        started.append(proxy)
        return proxy

    yield start
    for each in started:
        await each.stop()


class Told:
    def __init__(self):
        self.all = []

    @property
    def healthy(self):
        return self.all[-1] if self.all else None


@asynccontextmanager
async def asking(*hosts):
    told = Told()
    checks = HealthChecks(hosts or ("127.0.0.1",), told.all.append)
    running = asyncio.create_task(checks.run())
    try:
        yield checks, told
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_the_ports_that_answer_200_are_told_each_time_that_they_change(new_proxy):
    ready, unready = await new_proxy(), await new_proxy(503)
    async with asking() as (checks, told):
        checks.watch(frozenset({ready.port, unready.port}))
        await eventually(lambda: told.healthy == {ready.port})
        unready.status = 200
        await eventually(lambda: told.healthy == {ready.port, unready.port})
        ready.status = 503
        await eventually(lambda: told.healthy == {unready.port})
    assert told.all == [{ready.port}, {ready.port, unready.port}, {unready.port}]


async def test_a_new_port_is_asked_at_once_and_one_that_does_not_matter_no_more(new_proxy):
    first, second = await new_proxy(), await new_proxy()
    async with asking() as (checks, told):
        checks.watch(frozenset({first.port}))
        await eventually(lambda: told.healthy == {first.port})
        checks.watch(frozenset({second.port}))
        await eventually(lambda: told.healthy == {second.port}, seconds=0.9)
        asked = first.asked
        await eventually(lambda: second.asked > 2)
        assert first.asked == asked
        checks.watch(frozenset())
        await eventually(lambda: told.healthy == set(), seconds=0.9)


async def test_one_answer_that_is_missing_changes_nothing_and_two_do(new_proxy):
    proxy = await new_proxy()
    async with asking() as (checks, told):
        checks.watch(frozenset({proxy.port}))
        await eventually(lambda: told.healthy == {proxy.port})
        await proxy.stop()
        await eventually(lambda: checks._misses[proxy.port] == 1)
        assert told.healthy == {proxy.port}
        await eventually(lambda: told.healthy == set())
        await proxy.start(proxy.port)
        await eventually(lambda: told.healthy == {proxy.port})


async def test_the_first_host_that_answers_counts(new_proxy):
    proxy = await new_proxy()
    async with asking("::1", "127.0.0.1") as (checks, told):
        checks.watch(frozenset({proxy.port}))
        await eventually(lambda: told.healthy == {proxy.port})


async def test_nothing_is_asked_while_nothing_matters(new_proxy):
    proxy = await new_proxy()
    async with asking() as (checks, told):
        checks.watch(frozenset())
        checks.watch(frozenset({proxy.port}))
        await eventually(lambda: told.healthy)
    assert told.all == [{proxy.port}]
