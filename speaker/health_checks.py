"""Asks this node's kube-proxy, again and again, for which Services it is ready: their healthCheckNodePorts.

It answers 200 while the node has an endpoint that is ready and its rules are written. What that means for an
election is not known here. Source: Kubernetes API, Service spec.healthCheckNodePort; KEP-1669.
"""

import asyncio
from collections.abc import Callable
from typing import NoReturn

import aiohttp

PERIOD = 1.0
"""Seconds from one round to the next."""
SHORTEST = 0.1
"""Seconds to the next round where a port is new."""
PATIENCE = 1.0
"""Seconds for an answer."""
AT_A_TIME = 16
MISSES = 2
"""Rounds without any answer that it takes to forget one of 200: one may be lost on a busy node."""


class HealthChecks:
    """Asks at *hosts*, of which the first that answers counts. Run it as a task.

    *on_change* is called with the ports that answer 200, each time that these change.
    """

    def __init__(self, hosts: tuple[str, ...], on_change: Callable[[frozenset[int]], None]) -> None:
        self._hosts = tuple(f"[{host}]" if ":" in host else host for host in hosts)
        self._on_change = on_change
        self._ports: frozenset[int] = frozenset()
        self._news = asyncio.Event()
        self._misses: dict[int, int] = {}
        """Rounds without an answer since the last of 200, by port."""
        self._told: frozenset[int] = frozenset()

    def watch(self, ports: frozenset[int]) -> None:
        """Ask at *ports*, and no others, from now on."""
        if ports != self._ports:
            self._news.set()
        self._ports = ports
        self._misses = {port: misses for port, misses in self._misses.items() if port in ports}

    async def run(self) -> NoReturn:
        """Ask until cancelled."""
        connector = aiohttp.TCPConnector(limit=AT_A_TIME, force_close=True)
        limits = aiohttp.ClientTimeout(sock_connect=PATIENCE, sock_read=PATIENCE)
        async with aiohttp.ClientSession(connector=connector, timeout=limits) as session:
            while True:
                self._news.clear()
                await asyncio.gather(*(self._check(session, port) for port in self._ports))
                self._tell()
                await asyncio.sleep(SHORTEST)
                await self._wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(PERIOD - SHORTEST if self._ports else None):
                await self._news.wait()
        except TimeoutError:
            pass

    async def _check(self, session: aiohttp.ClientSession, port: int) -> None:
        status = await self._status(session, port)
        if port not in self._ports:
            return
        if status == 200:
            self._misses[port] = 0
        elif port in self._misses:
            self._misses[port] = MISSES if status else self._misses[port] + 1
            if self._misses[port] >= MISSES:
                del self._misses[port]

    async def _status(self, session: aiohttp.ClientSession, port: int) -> int | None:
        """The HTTP status; None where nobody answers."""
        for host in self._hosts:
            try:
                async with session.get(f"http://{host}:{port}/healthz", allow_redirects=False) as response:
                    return response.status
            except (aiohttp.ClientError, TimeoutError, OSError):
                continue
        return None

    def _tell(self) -> None:
        healthy = frozenset(self._misses)
        if healthy != self._told:
            self._told = healthy
            self._on_change(healthy)
