"""An API server that misbehaves is named in clear words, asked seldom, and takes nothing away.

Against a stand-in, on a clock that runs faster.
"""

import asyncio
import logging

import pytest

from lb.cluster import credentials
from lb.cluster.client import Client
from lb.cluster.errors import GiveUp, Relist, Retry
from lb.cluster.events import Recorder, reference
from lb.cluster.resource import SERVICES
from tests.integration.cluster import fast_clock
from tests.integration.cluster import misbehaving_api_server as api_server
from tests.integration.cluster.following import eventually, following

NOT_JSON = "which is not the API server's JSON. Look for a proxy or load balancer that answers in its place."

IN_A_MINUTE = [
    pytest.param(
        api_server.forbidden,
        GiveUp,
        'watch /api/v1/services: 403 Forbidden: services is forbidden: User "us" cannot do that. Grant it: a'
        ' ClusterRole with apiGroups [""], resources ["services"], verbs ["watch"].',
        13,
        id="403",
    ),
    pytest.param(
        api_server.internal_error,
        Retry,
        "watch /api/v1/services: 500 InternalError: etcdserver: leader changed",
        20,
        id="500",
    ),
    pytest.param(
        api_server.busy,
        Retry,
        "watch /api/v1/services: 429 TooManyRequests: please try again later",
        10,
        id="429 with Retry-After 7",
    ),
    pytest.param(
        api_server.page,
        Retry,
        f"watch /api/v1/services: 200 with 35 bytes of text/html; charset=utf-8, {NOT_JSON}",
        20,
        id="a page of HTML",
    ),
    pytest.param(
        api_server.babbles,
        Retry,
        "watch /api/v1/services: the answer is not whole JSON (JSON is malformed: invalid character"
        " (byte 0)). It was cut off, or a proxy changed it.",
        20,
        id="events that are no JSON",
    ),
    pytest.param(
        api_server.forgets_at_once,
        Relist,
        "watch /api/v1/services: 410 Expired: too old resource version",
        40,
        id="410 for every watch",
    ),
    pytest.param(
        api_server.cuts_watches,
        Retry,
        "watch of services: it was ended in less than 3 s. The API server is going down, or a proxy cuts long"
        " answers.",
        20,
        id="watches cut after 100 ms",
    ),
]


@pytest.mark.parametrize(("behaviour", "kind", "message", "most"), IN_A_MINUTE)
def test_a_minute_of_it_costs_few_requests_and_no_object(tmp_path, caplog, behaviour, kind, message, most):
    async def minute():
        async with (
            api_server.misbehaving(tmp_path) as (server, kubeconfig),
            Client(await credentials.load(kubeconfig)) as client,
            following(client, SERVICES) as followed,
        ):
            await followed.reflector.synced.wait()
            await eventually(lambda: followed.reflector.fresh_since is not None)
            server.behaviour = behaviour
            await asyncio.sleep(60)
            assert 3 <= len(server.requests) <= most
            await eventually(lambda: str(followed.error) == message)
            assert type(followed.error) is kind
            assert followed.changes == [("web", "added")]
            assert followed.names == {"web"}
            server.behaviour = api_server.well
            await eventually(lambda: followed.error is None)
            assert followed.changes == [("web", "added")]

    fast_clock.run(minute())
    assert "s3cret" not in caplog.text
    assert caplog.messages[-1] == message
    assert len(caplog.messages) <= 2  # the first may be of the watch that was cut


def test_an_api_server_that_never_answers_is_left_after_half_a_minute(tmp_path):
    async def two_minutes():
        async with (
            api_server.misbehaving(tmp_path) as (server, kubeconfig),
            Client(await credentials.load(kubeconfig)) as client,
            following(client, SERVICES) as followed,
        ):
            server.behaviour = api_server.silent
            await eventually(lambda: followed.error is not None)
            assert isinstance(followed.error, Retry)
            assert (
                str(followed.error)
                == "list /api/v1/services: no answer from the API server: it took too long"
            )
            server.behaviour = api_server.well
            await eventually(lambda: followed.names == {"web"})

    fast_clock.run(two_minutes())


def test_a_watch_on_which_nothing_comes_is_given_up_and_lists_again_without_a_word(tmp_path, caplog):
    async def minutes():
        async with (
            api_server.misbehaving(tmp_path) as (server, kubeconfig),
            Client(await credentials.load(kubeconfig)) as client,
            following(client, SERVICES) as followed,
        ):
            await eventually(lambda: server.requests == ["list", "watch"])
            await eventually(lambda: server.requests == ["list", "watch", "list", "watch"], seconds=120)
            assert followed.changes == [("web", "added")]

    fast_clock.run(minutes())
    assert not [each for each in caplog.records if each.levelno > logging.DEBUG]


def test_half_a_list_is_an_error_and_the_next_whole_one_is_taken(tmp_path):
    async def minute():
        async with api_server.misbehaving(tmp_path) as (server, kubeconfig):
            server.behaviour = api_server.truncated
            async with (
                Client(await credentials.load(kubeconfig)) as client,
                following(client, SERVICES) as followed,
            ):
                await eventually(lambda: followed.error is not None)
                assert isinstance(followed.error, Retry)
                assert str(followed.error).startswith("list /api/v1/services: the answer is not whole JSON (")
                assert not followed.reflector.synced.is_set()
                server.behaviour = api_server.well
                await eventually(lambda: followed.names == {"web"})

    fast_clock.run(minute())


def test_events_that_the_api_server_does_not_take_are_given_up_and_stop_nothing(tmp_path, caplog):
    async def minutes():
        async with (
            api_server.misbehaving(tmp_path) as (server, kubeconfig),
            Client(await credentials.load(kubeconfig)) as client,
        ):
            service = await first_service(client)
            server.behaviour = api_server.internal_error
            recorder = Recorder(client, "anvil-lb-test", "here")
            task = asyncio.create_task(recorder.run())
            recorder.normal(reference(SERVICES, service), "IPAllocated", "Assigned 10.0.0.1")
            await eventually(lambda: "dropped" in caplog.text, seconds=120)
            assert server.requests == ["POST"] * 8
            task.cancel()
            await asyncio.wait([task])

    fast_clock.run(minutes())
    assert caplog.messages == [
        "event IPAllocated on Service shop/web dropped (more may be): create /api/v1/namespaces/shop/events:"
        " 500 InternalError: etcdserver: leader changed"
    ]


async def first_service(client):
    async with following(client, SERVICES) as followed:
        await followed.reflector.synced.wait()
        return followed.reflector.store["shop/web"]


@pytest.mark.parametrize("server", ["http://127.0.0.1:1", "https://127.0.0.1:1"])
async def test_nobody_there_says_where_and_why(tmp_path, server):
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        f"""{{apiVersion: v1, kind: Config, current-context: x,
        clusters: [{{name: c, cluster: {{server: "{server}"}}}}],
        users: [{{name: u, user: {{token: s3cret}}}}],
        contexts: [{{name: x, context: {{cluster: c, user: u}}}}]}}"""
    )
    async with Client(await credentials.load(str(kubeconfig))) as client:
        with pytest.raises(Retry) as raised:
            await client.get(SERVICES, "web", "shop")
    assert str(raised.value) == (
        "get /api/v1/namespaces/shop/services/web: no answer from the API server: cannot connect to"
        " 127.0.0.1:1: Connection refused"
    )
