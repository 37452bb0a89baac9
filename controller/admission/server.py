"""The webhooks' port: HTTPS, from the first keys on, and with other keys later without a moment's pause.

It knows paths and bytes; what is answered is the review's. Source: Kubernetes' dynamic admission control and
CRD conversion (POST of JSON, HTTP/1.1).
"""

import asyncio
import logging
import os
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import NoReturn

from aiohttp import web

from controller.admission.certificates import Pair
from controller.admission.review import BadReviewError
from controller.admission.tls import Tls

log = logging.getLogger(__name__)

Answer = Callable[[bytes], bytes]
"""May raise BadReviewError."""

LARGEST = 16 * 1024 * 1024
"""Bytes of a review: an object has at most some 3 MB, a review of an update holds two."""
READ_SECONDS = 10.0
"""For the whole of a review to arrive; the API server waits no longer than that itself."""
LEAVE_SECONDS = 2.0
"""For reviews in progress when the process ends."""


class WebhookServer:
    """Answers POSTs by path on *port* of all addresses; 0: the kernel's choice."""

    def __init__(self, port: int, tls: Tls, answers: Mapping[str, Answer]) -> None:
        self._port = port
        self._tls = tls
        self._answers = answers
        self._context: ssl.SSLContext | None = None
        self._has_keys = asyncio.Event()

    def use(self, keys: Pair) -> None:
        """Serve with *keys* from the next handshake on; connections that are there go on. ssl.SSLError."""
        self._context = self._tls.context(keys)
        self._has_keys.set()

    async def run(self) -> NoReturn:
        """Serve until cancelled, once there are keys. OSError if the port cannot be had."""
        await self._has_keys.wait()
        # aiohttp keeps idle connections for an hour, longer than the API server (90 s). If it were the other
        # way, a review sent on a connection that we are closing would fail.
        # The API server compresses no review, and a small one that is could unfold into gigabytes.
        runner = web.AppRunner(
            self._app(), access_log=None, shutdown_timeout=LEAVE_SECONDS, auto_decompress=False
        )
        await runner.setup()
        try:
            await self._listen(runner)
            await asyncio.get_running_loop().create_future()
            raise AssertionError
        finally:
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> None:
        try:
            await web.TCPSite(runner, port=self._port, ssl_context=self._door()).start()
        except OSError as taken:
            why = os.strerror(taken.errno or 0)
            raise OSError(
                taken.errno,
                f"webhooks cannot be served on port {self._port}: {why}."
                f" Free the port (see: ss -ltnp 'sport = {self._port}') or choose another (--webhook-port).",
            ) from taken
        log.info("webhooks are served on port %d", self._port)

    def _door(self) -> ssl.SSLContext:
        """A context without keys, which hands each handshake to the present one.

        New keys loaded into a context in use would stand beside old ones of another algorithm, such as RSA.
        """

        def hand_over(connection: ssl.SSLObject, _name: str | None, _: ssl.SSLContext) -> None:
            assert self._context is not None
            connection.context = self._context

        door = self._tls.context()
        door.sni_callback = hand_over
        return door

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST)
        for path, answer in self._answers.items():
            app.router.add_post(path, _handler(answer))
        return app


def _handler(answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(READ_SECONDS):
                body = await request.read()
            return web.Response(body=answer(body), content_type="application/json")
        except BadReviewError as bad:
            return web.Response(status=400, text=f"{bad}\n")
        except TimeoutError:
            return web.Response(status=408, text=f"the review did not arrive within {READ_SECONDS:g} s\n")

    return handle
