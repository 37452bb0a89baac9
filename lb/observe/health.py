"""Over HTTP: is the process alive, is it ready, and if not why; its metrics; what it knows, for debugging.

What makes it ready and what there is to debug is the caller's to say.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

NotReady = Callable[[], Sequence[str]]
Debug = Callable[[], object]
Explain = Callable[[str], object]


def _nothing(service: str) -> object:
    return None


@asynccontextmanager
async def serve_health(
    host: str,
    port: int,
    *,
    registry: CollectorRegistry,
    not_ready: NotReady,
    debug: Debug,
    explain: Explain = _nothing,
) -> AsyncIterator[int]:
    """Serve until the `with` is left; gives the port, which the kernel chooses for *port* 0.

    `/healthz`: 200 while the loop runs. `/readyz`: 200, or 503 with the reasons that *not_ready* gives, a
    line each. `/metrics`: of *registry*. `/debug`: what *debug* gives, as JSON by msgspec, and
    `/debug/NAMESPACE/NAME`: what *explain* gives for a Service by its key; 404 for None. The callables are
    called on the loop, at each request. OSError if the port cannot be had.
    """
    app = _app(registry, not_ready, debug, explain)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        yield await _listen(runner, host, port)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> int:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as taken:
        why = os.strerror(taken.errno or 0)
        raise OSError(
            taken.errno,
            f"health and metrics cannot be served on {host}:{port}: {why}."
            f" Free the port (see: ss -ltnp 'sport = {port}') or choose another.",
        ) from taken
    bound: int = runner.addresses[0][1]
    return bound


def _app(registry: CollectorRegistry, not_ready: NotReady, debug: Debug, explain: Explain) -> web.Application:
    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        reasons = not_ready()
        return web.Response(
            text="".join(f"{why}\n" for why in reasons) or "ok\n", status=503 if reasons else 200
        )

    async def metrics(_: web.Request) -> web.Response:
        # In a thread: text for thousands of Services takes longer than an ARP answer may wait.
        text = await asyncio.to_thread(generate_latest, registry)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def all_known(_: web.Request) -> web.Response:
        return _json(debug())

    async def one_explained(request: web.Request) -> web.Response:
        explained = explain("{namespace}/{name}".format(**request.match_info))
        return _json(explained, 404 if explained is None else 200)

    app = web.Application()
    for path, handler in (
        ("/healthz", healthz),
        ("/readyz", readyz),
        ("/metrics", metrics),
        ("/debug", all_known),
        ("/debug/{namespace}/{name}", one_explained),
    ):
        app.router.add_get(path, handler)
    return app


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")
