"""The whole speaker of node n1 on a real interface, with a neighbor n2 and an API server of a few lines."""

import asyncio
import threading
from contextlib import asynccontextmanager
from hashlib import sha256

import msgspec
import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from lb.announce.bulletin import parse
from lb.lab.capture import capture
from speaker.layer2.driver import Driver
from speaker.layer2.protocol.membership import Membership
from speaker.layer2.sockets import DatagramLink
from speaker.settings import Settings
from speaker.speaker import Speaker

from .api_server import LB, OURS, THEIRS, ApiServer, node, secret, service
from .conftest import eventually

PORT = 7946
SETTINGS = Settings(LB, "n1", "127.0.0.1", PORT, 17472, None, "info", None)


@pytest.fixture
def api():
    return ApiServer()


@asynccontextmanager
async def running_speaker(api, registry=None, settings=SETTINGS):
    """One that the test lets leave."""
    speaker = Speaker(settings, api, registry or CollectorRegistry())
    running = asyncio.create_task(speaker.run())
    try:
        yield speaker
    finally:
        running.cancel()
        await asyncio.wait([running])
        if not running.cancelled():
            running.result()


@asynccontextmanager
async def speaking(api, registry=None, settings=SETTINGS):
    async with running_speaker(api, registry, settings) as speaker:
        try:
            yield speaker
        finally:
            await speaker.leave()


@pytest.fixture
async def speaker(client, api):
    async with speaking(api) as started:
        yield started


class Neighbor:
    """The speaker of n2, as far as n1 hears it."""

    def __init__(self, key=b"one"):
        loop = asyncio.get_running_loop()
        self.membership = Membership("n2", sha256(key).digest(), 7, loop.time())
        self.membership.set_peers({"n1": ("127.0.0.1", PORT)})
        self.membership.set_ready(True, loop.time())
        self.left = asyncio.Event()
        self._driver = Driver(self.membership, DatagramLink("127.0.0.2", PORT), after=self._look)

    def _look(self):
        if self.membership.members == {"n2"}:
            self.left.set()

    def kill(self):
        if self._driver is not None:
            self._driver.close()
        self._driver = None


@pytest.fixture
def neighbor(client):
    """Starts n2; it is stopped afterwards."""
    started = []

    def start(**options):
        started.append(Neighbor(**options))
        return started[-1]

    yield start
    for each in started:
        each.kill()


async def announced(speaker, *addresses):
    await eventually(lambda: sorted(map(str, speaker._announcer._wanted)) == sorted(addresses))


def members(speaker):
    return speaker.debug()["members"]


async def test_a_speaker_alone_announces_everything(machine, client, speaker):
    await announced(speaker, OURS, THEIRS)
    client.speak_to(THEIRS)
    assert await eventually(lambda: client.neighbor(THEIRS)) == machine.mac("eth0")


async def test_a_speaker_announces_nothing_until_it_has_listened_for_others(client, api):
    with capture(client.namespace, "eth0") as seen:
        async with speaking(api) as speaker:
            await eventually(lambda: speaker.not_ready() == ["listening for other speakers"])
            assert (members(speaker), [each for each in seen.arp if each.gratuitous]) == ([], [])
            await eventually(lambda: speaker.not_ready() == [])


async def test_what_a_neighbor_wins_is_left_to_it_and_taken_over_when_it_dies(speaker, neighbor):
    other = neighbor()
    await announced(speaker, OURS)
    assert members(speaker) == ["n1", "n2"]
    other.kill()
    await announced(speaker, OURS, THEIRS)


async def test_a_neighbor_that_returns_takes_nothing_back(speaker, neighbor):
    await announced(speaker, OURS, THEIRS)
    await eventually(lambda: not speaker.debug()["told"]["n1"]["is_fresh"])
    neighbor()
    await eventually(lambda: members(speaker) == ["n1", "n2"])
    await eventually(speaker._docket.rests.is_set)
    await announced(speaker, OURS, THEIRS)


async def test_without_stickiness_a_neighbor_that_returns_takes_back_what_is_its_own(client, api, neighbor):
    async with speaking(api, settings=replace(SETTINGS, is_sticky=False)) as speaker:
        await announced(speaker, OURS, THEIRS)
        neighbor()
        await announced(speaker, OURS)


async def test_one_that_leaves_answers_until_others_had_time_to_take_over(machine, client, api, neighbor):
    other = neighbor()
    async with running_speaker(api) as speaker:
        await eventually(lambda: members(speaker) == ["n1", "n2"])
        await announced(speaker, OURS)
        other.left.clear()
        leaving = asyncio.create_task(speaker.leave())
        async with asyncio.timeout(10):
            await other.left.wait()
        assert not leaving.done()
        client.speak_to(OURS)
        assert await eventually(lambda: client.neighbor(OURS)) == machine.mac("eth0")
        await leaving
        assert speaker.debug()["interfaces"] == []


async def test_a_new_key_is_used_from_now_on(speaker, neighbor, api):
    await announced(speaker, OURS, THEIRS)
    api.tell("MODIFIED", "secrets", secret("dHdv"))
    neighbor(key=b"two")
    await eventually(lambda: members(speaker) == ["n1", "n2"])


def listing_late(api, plural):
    """Lets *api* list objects of this kind only once the event is set."""
    listed, list_pages = asyncio.Event(), api.list_pages

    async def list_late(resource, selection):
        if resource.plural == plural:
            await listed.wait()
        async for page in list_pages(resource, selection):
            yield page

    api.list_pages = list_late
    return listed


async def test_a_key_that_changes_before_it_is_needed_is_the_one_that_is_used(client, api, neighbor):
    neighbor(key=b"two")
    listed = listing_late(api, "services")
    async with speaking(api) as speaker:
        await eventually(lambda: speaker.not_ready() == ["services are not read yet"])
        api.tell("MODIFIED", "secrets", secret("dHdv"))
        await eventually(lambda: api.events["secrets"].empty())
        listed.set()
        await eventually(lambda: members(speaker) == ["n1", "n2"])


async def test_without_a_key_a_speaker_waits_and_says_for_what(client, api):
    api.objects["secrets"] = []
    async with speaking(api) as speaker:
        await eventually(
            lambda: speaker.not_ready() == ["the Secret memberlist, made by the controller, is not there yet"]
        )
        api.tell("ADDED", "secrets", secret())
        await announced(speaker, OURS, THEIRS)


async def test_a_speaker_stands_for_election_only_once_it_knows_its_interfaces(
    client, api, neighbor, monkeypatch
):
    known = threading.Event()
    monkeypatch.setattr("speaker.speaker.forms", known.wait)
    told = neighbor().membership
    try:
        async with speaking(api) as speaker:
            await eventually(lambda: speaker.not_ready() == ["the interfaces of this node are not known yet"])
            assert told.bulletins == {}
            known.set()
            await eventually(
                lambda: [parse(each).interfaces for each in told.bulletins.values()] == [{"eth0"}]
            )
            await announced(speaker, OURS)
    finally:
        known.set()


async def test_a_port_in_use_is_named_with_what_to_do(client, api):
    taken = DatagramLink("127.0.0.1", PORT)
    try:
        with pytest.raises(ExceptionGroup) as raised:
            async with asyncio.timeout(20):
                await Speaker(SETTINGS, api, CollectorRegistry()).run()
    finally:
        taken.close()
    (trouble,) = raised.value.exceptions
    assert str(trouble) == (
        "[Errno 98] heartbeats cannot be received at 127.0.0.1, UDP port 7946: Address already in use. Is"
        " another load balancer, such as MetalLB, installed? Give the speakers another --ml-bindport."
    )


def excluding(*patterns):
    text = msgspec.yaml.encode({"announcedInterfacesToExclude": patterns}).decode()
    return {"metadata": {"name": "metallb-excludel2", "namespace": LB}, "data": {"excludel2.yaml": text}}


def faults(api):
    return api.state["status"].get("errorSummary", "")


async def test_excluded_interfaces_are_followed_and_a_bad_list_changes_nothing(speaker, api, caplog):
    await announced(speaker, OURS, THEIRS)
    assert speaker.debug()["interfaces"] == ["eth0"]
    api.tell("ADDED", "configmaps", excluding("^lo$", "^eth0$"))
    await eventually(lambda: speaker.debug()["interfaces"] == [])
    api.tell("MODIFIED", "configmaps", excluding("("))
    wrong = "data[\"excludel2.yaml\"].announcedInterfacesToExclude[0] = '(': Python's re does not take it"
    await eventually(lambda: wrong in faults(api))
    assert wrong in caplog.text
    assert speaker.debug()["interfaces"] == []
    api.tell("DELETED", "configmaps", excluding("("))
    await eventually(lambda: speaker.debug()["interfaces"] == ["eth0"])
    await eventually(lambda: faults(api) == "")


async def test_a_list_that_is_there_at_the_start_counts_from_the_start(client, api):
    api.objects["configmaps"] = [excluding("eth")]
    async with speaking(api) as speaker:
        await eventually(lambda: speaker.not_ready() == [])
        assert speaker.debug()["interfaces"] == []
        await announced(speaker)


async def test_the_subnets_of_the_interfaces_that_announce_are_told(machine, client, api):
    def told():
        return api.state["metadata"].get("annotations", {}).get("anvil-lb.io/subnets")

    async with speaking(api):
        await eventually(lambda: told() == "")
        machine.assign("eth0", "10.0.0.1")
        await eventually(lambda: told() == "10.0.0.0/24")
        api.tell("ADDED", "configmaps", excluding("eth"))
        await eventually(lambda: told() == "")


async def test_the_metrics_tell_whether_the_configuration_is_read_and_right(client, api):
    registry = CollectorRegistry()

    def metric(name):
        return registry.get_sample_value(f"metallb_k8s_client_config_{name}_bool")

    listed = listing_late(api, "ipaddresspools")
    async with speaking(api, registry) as speaker:
        await eventually(lambda: speaker.not_ready() == ["ipaddresspools are not read yet"])
        api.tell("ADDED", "nodes", node("n3", "127.0.0.3"))
        await eventually(lambda: api.events["nodes"].empty())
        assert (metric("loaded"), metric("stale")) == (0, 0)
        listed.set()
        await eventually(lambda: metric("loaded") == 1)
        assert metric("stale") == 0
        api.tell("ADDED", "configmaps", excluding("("))
        await eventually(lambda: metric("stale") == 1)


async def test_what_is_announced_is_explained_and_told_in_the_api(speaker, api):
    await announced(speaker, OURS, THEIRS)
    await eventually(lambda: speaker.not_ready() == [])
    assert speaker.debug()["services"]["shop/ours"] == {
        "announced": True,
        "node": "n1",
        "addresses": [OURS],
        "interfaces": None,
        "holders": [],
    }
    explained = speaker.explain("shop/theirs")
    assert explained["nodes"] == {"n1": "ELIGIBLE", "n2": "NO_SPEAKER"}
    await eventually(lambda: explained["text"] in "\n".join(api.messages))
    assert speaker.explain("shop/unknown") is None
    assert msgspec.json.encode(speaker.debug())

    def statuses():
        told = [each.get("status", {}) for each in api.statuses.values()]
        return {(each.get("serviceName"), each.get("node")) for each in told}

    await eventually(lambda: statuses() == {("ours", "n1"), ("theirs", "n1")})


async def test_a_garbled_node_takes_nothing_away(speaker, api):
    await announced(speaker, OURS, THEIRS)
    api.tell("ADDED", "nodes", node("n3", "not an address"))
    api.tell("DELETED", "services", service("ours", OURS))
    await announced(speaker, THEIRS)
