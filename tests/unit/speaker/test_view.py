"""The view, fed by a client that lists and watches what the test puts before it."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest
from msgspec import Raw

from lb.announce.case import Endpoints
from lb.cluster.client import Page, WatchEvent
from lb.cluster.resource import named
from lb.config.peer import Password
from speaker.view import View

WEB, OTHER = "shop/web", "shop/other"


class ApiServer:
    """What a `Client` offers to reflectors: lists of *objects*, by plural, then the events that are put."""

    def __init__(self, **objects):
        self._objects = objects
        self._events = {}

    async def list_pages(self, resource, selection):
        items = [
            {"metadata": metadata, **rest}
            for metadata, rest in self._objects.get(resource.plural, ())
            if selection.field_selector in ("", named(metadata["name"]))
        ]
        text = {"metadata": {"resourceVersion": "1"}, "items": items}
        yield msgspec.json.decode(msgspec.json.encode(text), type=Page)

    @asynccontextmanager
    async def watch(self, resource, version, selection):
        yield self._each_event(self._queue(resource.plural, selection.field_selector))

    async def _each_event(self, queue):
        while True:
            yield await queue.get()
            queue.task_done()

    def _queue(self, plural, field_selector):
        return self._events.setdefault((plural, field_selector), asyncio.Queue())

    async def tell(self, what, plural, metadata, **rest):
        """An event; returns when it has been taken in."""
        body = msgspec.json.encode({"metadata": {"resourceVersion": "2", **metadata}, **rest})
        for field_selector in ("", named(metadata["name"])):
            if (plural, field_selector) in self._events:
                self._queue(plural, field_selector).put_nowait(WatchEvent(what, Raw(body)))
                await self._queue(plural, field_selector).join()


class Record:
    """A listener that remembers."""

    def __init__(self):
        self.services = []
        self.configurations = 0
        self.surroundings = 0
        self.secrets = []
        self.told = asyncio.Event()

    def service_changed(self, service):
        self.services.append(service)

    def configuration_changed(self):
        self.configurations += 1
        self.told.set()

    def surroundings_changed(self):
        self.surroundings += 1

    def secret_changed(self, secret):
        self.secrets.append(secret)

    async def configuration(self, view, holds):
        """Returns once the configuration of *view* is as *holds* says."""
        async with asyncio.timeout(10):
            while not holds(view.parsed):
                self.told.clear()
                await self.told.wait()


@asynccontextmanager
async def viewing(**objects):
    server, record = ApiServer(**objects), Record()
    view = View(server, "metallb-system", record)
    tasks = [asyncio.create_task(each.run()) for each in (*view.reflectors, view.secrets)]
    try:
        async with asyncio.timeout(10):
            await view.complete()
            yield view, server, record
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def piece(name, service="web", **labels):
    """The metadata of an EndpointSlice."""
    named = {"kubernetes.io/service-name": service} if service else {}
    return {"name": name, "namespace": "shop", "labels": named | labels}


def of(view, service):
    return sorted(each.metadata.name for each in view.slices_of(service))


POOL = {"name": "edge", "namespace": "metallb-system"}
GOOD, BAD = {"addresses": ["192.0.2.0/24"]}, {"addresses": ["192.0.2.9-192.0.2.1"]}
SECRET = {"name": "memberlist", "namespace": "metallb-system"}


async def test_a_service_has_the_slices_that_name_it():
    slices = [(piece("a"), {}), (piece("b"), {}), (piece("c", "other"), {}), (piece("d", None), {})]
    async with viewing(endpointslices=slices) as (view, _, record):
        assert (of(view, WEB), of(view, OTHER), of(view, "shop/none")) == (["a", "b"], ["c"], [])
        assert set(record.services) == {WEB, OTHER}


async def test_a_slice_of_another_namespace_is_another_services():
    async with viewing(endpointslices=[({**piece("a"), "namespace": "else"}, {})]) as (view, _, _):
        assert (of(view, WEB), of(view, "else/web")) == ([], ["a"])


async def test_a_slice_that_changes_replaces_its_earlier_self():
    async with viewing(endpointslices=[(piece("a"), {})]) as (view, server, record):
        record.services.clear()
        await server.tell("MODIFIED", "endpointslices", piece("a"), endpoints=[{"addresses": ["10.1.0.1"]}])
        (only,) = view.slices_of(WEB)
        assert only.endpoints[0].addresses == ("10.1.0.1",)
        assert set(record.services) == {WEB}


async def test_a_slice_that_moves_concerns_both_services():
    async with viewing(endpointslices=[(piece("a"), {})]) as (view, server, record):
        record.services.clear()
        await server.tell("MODIFIED", "endpointslices", piece("a", "other"))
        assert (of(view, WEB), of(view, OTHER)) == ([], ["a"])
        assert set(record.services) == {WEB, OTHER}
        await server.tell("MODIFIED", "endpointslices", piece("a", None))
        assert of(view, OTHER) == []


async def test_a_slice_that_is_gone_is_nobodys():
    async with viewing(endpointslices=[(piece("a"), {}), (piece("b"), {})]) as (view, server, record):
        record.services.clear()
        await server.tell("DELETED", "endpointslices", piece("a"))
        assert of(view, WEB) == ["b"]
        await server.tell("DELETED", "endpointslices", piece("b"))
        assert of(view, WEB) == []
        assert record.services == [WEB, WEB]


async def test_where_a_service_is_served_follows_its_slices():
    def served(*nodes):
        return [{"addresses": ["10.1.0.1"], "nodeName": name} for name in nodes]

    async with viewing(endpointslices=[(piece("a"), {"endpoints": served("n1")})]) as (view, server, _):
        assert view.endpoints_of(WEB) == Endpoints(True, {"n1": True})
        await server.tell("ADDED", "endpointslices", piece("b"), endpoints=served("n2"))
        assert view.endpoints_of(WEB) == Endpoints(True, {"n1": True, "n2": True})
        await server.tell("DELETED", "endpointslices", piece("a"))
        await server.tell("DELETED", "endpointslices", piece("b"))
        assert view.endpoints_of(WEB) == Endpoints()


async def test_a_service_that_changes_is_told():
    async with viewing() as (view, server, record):
        await server.tell("ADDED", "services", {"name": "web", "namespace": "shop"})
        assert (record.services, list(view.services)) == ([WEB], [WEB])
        await server.tell("DELETED", "services", {"name": "web", "namespace": "shop"})
        assert (record.services, list(view.services)) == ([WEB, WEB], [])


async def test_a_node_that_changes_concerns_every_service():
    async with viewing() as (view, server, record):
        before = record.surroundings
        await server.tell("ADDED", "nodes", {"name": "n1"})
        assert (record.surroundings, list(view.nodes)) == (before + 1, ["n1"])
        await server.tell("MODIFIED", "nodes", {"name": "n1", "labels": {"anvil-lb.io/drain": "true"}})
        await server.tell("DELETED", "nodes", {"name": "n1"})
        assert (record.surroundings, list(view.nodes)) == (before + 3, [])


async def test_a_node_that_changes_in_what_elections_do_not_look_at_concerns_none():
    async with viewing(nodes=[({"name": "n1"}, {})]) as (_, server, record):
        before = record.surroundings
        told = {"conditions": [{"type": "MemoryPressure", "status": "True"}]}
        await server.tell("MODIFIED", "nodes", {"name": "n1"}, status=told)
        assert record.surroundings == before


async def test_the_key_is_told_and_told_again_when_it_changes():
    async with viewing(secrets=[(SECRET, {"data": {"secretkey": "b25l"}})]) as (_, server, record):
        await server.tell("MODIFIED", "secrets", SECRET, data={"secretkey": "dHdv"})
        assert record.secrets == [b"one", b"two"]


@pytest.mark.parametrize("change", [("MODIFIED", {}), ("DELETED", {"data": {"secretkey": "b25l"}})])
async def test_a_key_that_is_gone_is_used_on(caplog, change):
    async with viewing(secrets=[(SECRET, {"data": {"secretkey": "b25l"}})]) as (_, server, record):
        what, rest = change
        await server.tell(what, "secrets", SECRET, **rest)
        assert record.secrets == [b"one"]
    assert caplog.messages == [
        "Secret metallb-system/memberlist holds no secretkey now; the one known before is used on"
    ]


async def test_the_configuration_is_read_once_everything_is_there():
    async with viewing(ipaddresspools=[(POOL, {"spec": GOOD})]) as (view, _, _):
        assert list(view.parsed.config.pools) == ["edge"]


async def test_the_configuration_is_not_told_until_it_is_whole():
    record = Record()
    view = View(ApiServer(ipaddresspools=[(POOL, {"spec": GOOD})]), "metallb-system", record)
    pools = next(each for each in view.reflectors if each.resource.plural == "ipaddresspools")
    task = asyncio.create_task(pools.run())
    try:
        await pools.synced.wait()
        await asyncio.sleep(0)
        assert (record.configurations, view.is_complete) == (0, False)
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_configuration_that_turns_bad_is_told_once_and_the_last_good_one_used_on(caplog):
    async with viewing(ipaddresspools=[(POOL, {"spec": GOOD})]) as (view, server, record):
        for version in ("3", "4"):
            metadata = {**POOL, "resourceVersion": version, "generation": int(version)}
            await server.tell("MODIFIED", "ipaddresspools", metadata, spec=BAD)
            await asyncio.sleep(0)
        assert list(view.parsed.config.pools) == ["edge"]
        assert record.surroundings > 1
    assert caplog.messages == [
        "IPAddressPool metallb-system/edge: spec.addresses[0] = '192.0.2.9-192.0.2.1': the range ends before"
        " it starts. Write 192.0.2.1-192.0.2.9."
    ]


KEPT = {
    "addresses": ["192.0.2.0/24"],
    "serviceAllocation": {"namespaceSelectors": [{"matchLabels": {"a": "b"}}]},
}


async def test_a_namespace_that_changes_changes_for_whom_a_pool_is_kept():
    async with viewing(ipaddresspools=[(POOL, {"spec": KEPT})], namespaces=[({"name": "shop"}, {})]) as (
        view,
        server,
        record,
    ):
        assert view.parsed.config.pools["edge"].reservation.namespaces == frozenset()
        await server.tell("MODIFIED", "namespaces", {"name": "shop", "labels": {"a": "b"}})
        await record.configuration(
            view, lambda parsed: parsed.config.pools["edge"].reservation.namespaces == {"shop"}
        )


PEER = {"name": "tor", "namespace": "metallb-system"}
BY_SECRET = {
    "spec": {
        "myASN": 64512,
        "peerASN": 64513,
        "peerAddress": "192.0.2.1",
        "passwordSecret": {"name": "md5"},
    }
}
MD5 = {"name": "md5", "namespace": "metallb-system"}
BASIC = {"type": "kubernetes.io/basic-auth"}


def password(view):
    return {name: each.password for name, each in view.parsed.config.peers.items()}


async def test_a_peer_is_in_force_once_its_secret_has_been_read_and_follows_it(caplog):
    first, other = ({**BASIC, "data": {"password": text}} for text in ("b25l", "dHdv"))
    async with viewing(bgppeers=[(PEER, BY_SECRET)], secrets=[(MD5, first)]) as (view, server, record):
        await record.configuration(view, lambda parsed: password(view) == {"tor": Password("one")})
        await server.tell("MODIFIED", "secrets", MD5, **other)
        await record.configuration(view, lambda parsed: password(view) == {"tor": Password("two")})
        await server.tell("DELETED", "secrets", MD5, **other)
        await record.configuration(view, lambda parsed: parsed.rejections)
        assert password(view) == {"tor": Password("two")}
    assert caplog.messages[-1] == (
        "BGPPeer metallb-system/tor: spec.passwordSecret.name = 'md5': there is no Secret "
        "metallb-system/md5. Create it: kubectl -n metallb-system create secret generic md5 "
        "--type=kubernetes.io/basic-auth --from-literal=password=..."
    )
    assert "two" not in caplog.text


async def test_no_secret_is_read_that_no_peer_refers_to():
    key = (SECRET, {"data": {"secretkey": "b25l"}})
    async with viewing(bgppeers=[(PEER, BY_SECRET)], secrets=[key]) as (view, server, record):
        await record.configuration(view, lambda parsed: not view.secrets.unread)
        assert view.secrets.found == {}
        await server.tell("DELETED", "bgppeers", PEER, **BY_SECRET)
        await record.configuration(view, lambda parsed: not parsed.rejections)
        await server.tell("ADDED", "secrets", MD5, **BASIC, data={"password": "b25l"})
        assert view.secrets.found == {}


async def test_a_bad_object_disturbs_no_other():
    worse = {"spec": {**BY_SECRET["spec"], "myASN": 0}}
    async with viewing(ipaddresspools=[(POOL, {"spec": GOOD})], bgppeers=[(PEER, worse)]) as (view, _, _):
        assert (list(view.parsed.config.pools), list(view.parsed.config.peers)) == (["edge"], [])
