"""The port, on the loopback with real TLS."""

import asyncio
import io
import socket
import ssl
import zlib
from datetime import UTC, datetime

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import load_der_x509_certificate

from controller.admission.certificates import make_authority, make_server
from controller.admission.review import BadReviewError
from controller.admission.server import LARGEST, WebhookServer
from controller.admission.tls import Tls

NOW = datetime.now(UTC)


class Keys:
    def __init__(self):
        self.authority = make_authority(NOW)
        self.pair = make_server(self.authority, ("localhost",), NOW)


ONE, TWO = Keys(), Keys()
BOTH = ssl.create_default_context(
    cadata=(ONE.authority.certificate + TWO.authority.certificate).decode("ascii")
)


def echo(body):
    if body == b"bad":
        raise BadReviewError("it is bad")
    if body == b"bug":
        raise AssertionError("a bug of ours")
    return b"answer to " + body[:10]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
async def server():
    port = free_port()
    made = WebhookServer(port, Tls(), {"/path": echo})
    task = asyncio.create_task(made.run())
    yield made, f"https://localhost:{port}/path"
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def asked(session, url, body=b"review", headers=None):
    async with asyncio.timeout(20):
        while True:
            try:
                async with session.post(url, data=io.BytesIO(body), headers=headers, ssl=BOTH) as response:
                    return response.status, await response.text(errors="replace")
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.01)


async def leaf(url):
    _, writer = await asyncio.open_connection("localhost", int(url.split(":")[2][:-5]), ssl=BOTH)
    served = load_der_x509_certificate(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
    writer.close()
    await writer.wait_closed()
    return served.public_bytes(serialization.Encoding.PEM)


async def test_nobody_listens_before_there_are_keys(server):
    made, url = server
    for _ in range(10):
        await asyncio.sleep(0)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.post(url, ssl=BOTH)
        made.use(ONE.pair)
        assert await asked(session, url) == (200, "answer to review")


async def test_a_bad_review_is_told_why_and_a_bug_ends_nothing(server):
    made, url = server
    made.use(ONE.pair)
    async with aiohttp.ClientSession() as session:
        assert await asked(session, url, b"bad") == (400, "it is bad\n")
        assert (await asked(session, url, b"bug"))[0] == 500
        assert (await asked(session, f"{url}/other"))[0] == 404
        assert (await asked(session, url, b" " * (LARGEST + 1)))[0] == 413
        assert await asked(session, url, b" " * LARGEST) == (200, "answer to           ")


async def test_a_compressed_body_is_not_unfolded(server):
    made, url = server
    made.use(ONE.pair)
    body, compressed = zlib.compress(b" " * LARGEST * 4), {"Content-Encoding": "deflate"}
    async with aiohttp.ClientSession() as session:
        status, text = await asked(session, url, body, compressed)
    assert (status, text) == (200, (b"answer to " + body[:10]).decode(errors="replace"))


async def test_other_keys_serve_new_connections_and_disturb_none_that_is_there(server):
    made, url = server
    made.use(ONE.pair)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        await asked(session, url)
        assert await leaf(url) == ONE.pair.certificate
        made.use(TWO.pair)
        assert await leaf(url) == TWO.pair.certificate
        assert await asked(session, url) == (200, "answer to review")


async def test_keys_that_do_not_fit_are_refused_and_the_old_ones_serve_on(server):
    made, url = server
    made.use(ONE.pair)
    async with aiohttp.ClientSession() as session:
        await asked(session, url)
    with pytest.raises(ssl.SSLError):
        made.use(type(ONE.pair)(ONE.pair.certificate, TWO.pair.key))
    assert await leaf(url) == ONE.pair.certificate


async def test_a_port_that_is_taken_is_told_with_the_remedy():
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        server = WebhookServer(port, Tls(), {})
        server.use(ONE.pair)
        with pytest.raises(
            OSError, match=rf"webhooks cannot be served on port {port}: Address already in use"
        ):
            await server.run()
