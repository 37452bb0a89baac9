import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Gauge

from lb.observe.health import serve_health


@pytest.fixture
async def client():
    async with aiohttp.ClientSession() as session:
        yield session


def health(port=0, not_ready=lambda: (), debug=dict, registry=None, **options):
    registry = registry or CollectorRegistry()
    return serve_health("127.0.0.1", port, registry=registry, not_ready=not_ready, debug=debug, **options)


async def answer(client, port, path):
    async with client.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


async def test_a_process_that_answers_is_alive_even_if_it_is_not_ready(client):
    async with health(not_ready=lambda: ["nothing works"]) as port:
        assert await answer(client, port, "/healthz") == (200, "ok\n")


async def test_what_keeps_it_from_being_ready_is_told_a_line_each(client):
    reasons = ["services: not listed yet", "no configuration"]
    async with health(not_ready=lambda: reasons) as port:
        assert await answer(client, port, "/readyz") == (503, "services: not listed yet\nno configuration\n")
        reasons.clear()
        assert await answer(client, port, "/readyz") == (200, "ok\n")


async def test_metrics_are_prometheus_text(client):
    registry = CollectorRegistry()
    Gauge("temperature", "of the room", registry=registry).set(21)
    async with health(registry=registry) as port, client.get(f"http://127.0.0.1:{port}/metrics") as response:
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "temperature 21.0\n" in await response.text()


async def test_debug_is_what_the_process_knows_as_json(client):
    async with health(debug=lambda: {"announced": ["10.0.0.1"]}) as port:
        assert await answer(client, port, "/debug") == (200, '{"announced":["10.0.0.1"]}')


async def test_a_service_is_explained_by_its_key_and_one_that_is_not_known_is_not_found(client):
    known = {"shop/web": {"node": "n1"}}
    async with health(explain=known.get) as port:
        assert await answer(client, port, "/debug/shop/web") == (200, '{"node":"n1"}')
        assert await answer(client, port, "/debug/shop/other") == (404, "null")
    async with health() as port:
        assert await answer(client, port, "/debug/shop/web") == (404, "null")


async def test_a_port_in_use_is_named_with_what_to_do():
    async with health() as port:
        with pytest.raises(OSError, match="cannot be served") as raised:
            await health(port).__aenter__()
    assert str(raised.value) == (
        f"[Errno 98] health and metrics cannot be served on 127.0.0.1:{port}: Address already in use."
        f" Free the port (see: ss -ltnp 'sport = {port}') or choose another."
    )


async def test_the_port_is_free_again_afterwards():
    async with health() as port:
        pass
    async with health(port) as again:
        assert again == port
