"""Whole controllers on clocks of their own, and between them and an API server a network of the worst kind.

Each request waits in the network until somebody lets it through; the process that sent it may have stopped
waiting, been paused or died long before. Nothing here runs by itself: time passes when it is told to.
"""

import asyncio
import heapq
from collections import defaultdict
from contextlib import asynccontextmanager
from copy import deepcopy

import msgspec
from msgspec import Raw
from prometheus_client import CollectorRegistry

from controller.controller import Controller
from controller.settings import Settings
from lb.cluster.client import Page, WatchEvent
from lb.cluster.errors import Conflict, GiveUp, Retry

NAMESPACE = "metallb-system"
DELAYED = {"services", "leases"}
"""Plurals of which writes wait in the network; those of others are applied at once."""


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time stands still unless it is moved."""

    def __init__(self):
        super().__init__()
        self.now = 100.0

    def time(self):
        return self.now

    def settle(self):
        """Run until nothing is left to do at the present time."""
        for _ in range(2000):
            self.call_soon(self.stop)
            self.run_forever()
            while self._scheduled and self._scheduled[0]._cancelled:
                heapq.heappop(self._scheduled)._scheduled = False
            if not self._ready and not (self._scheduled and self._scheduled[0]._when <= self.now):
                return
        raise AssertionError("it never comes to rest")

    def advance(self, seconds):
        until = self.now + seconds
        self.settle()
        while self._scheduled and self._scheduled[0]._when <= until:
            self.now = max(self.now, self._scheduled[0]._when)
            self.settle()
        self.now = until
        self.settle()


class Request:
    """A write of *sender* on its way, to an object of *plural*.

    *apply* changes the API server; *answer* is what it said.
    """

    def __init__(self, sender, plural, apply, future):
        self.sender = sender
        self.plural = plural
        self.apply = apply
        self.future = future
        self.answer = None

    def arrive(self):
        assert self.answer is None
        try:
            self.answer = ("result", self.apply())
        except (Conflict, GiveUp) as refusal:
            self.answer = ("refusal", refusal)

    def respond(self):
        kind, what = self.answer
        self._set("set_result" if kind == "result" else "set_exception", what)

    def fail(self):
        self._set("set_exception", Retry("the connection was lost"))

    def _set(self, how, what):
        if not self.future.done() and not self.future.get_loop().is_closed():
            getattr(self.future, how)(what)


class ApiServer:
    """Objects with versions, the history of their changes, and the writes that have not arrived."""

    def __init__(self):
        self.version = 1
        self.objects = defaultdict(dict)
        self.history = defaultdict(list)
        self.network = []

    def put(self, plural, key, new):
        self.version += 1
        new = deepcopy(new)
        new["metadata"]["resourceVersion"] = str(self.version)
        kind = "MODIFIED" if key in self.objects[plural] else "ADDED"
        self.objects[plural][key] = new
        self.history[plural].append((self.version, kind, new))
        return new

    def delete(self, plural, key):
        self.version += 1
        gone = deepcopy(self.objects[plural].pop(key))
        gone["metadata"]["resourceVersion"] = str(self.version)
        self.history[plural].append((self.version, "DELETED", gone))

    def patch(self, plural, key, body):
        present = self.objects[plural].get(key)
        if present is None:
            raise GiveUp("404", 404)
        bound = body.get("metadata", {}).get("resourceVersion")
        if bound not in (None, present["metadata"]["resourceVersion"]):
            raise Conflict("409")
        new = merged(present, msgspec.to_builtins(body))
        return present if new == present else self.put(plural, key, new)

    def create(self, plural, key, body):
        if key in self.objects[plural]:
            raise Conflict("409")
        return self.put(plural, key, {"metadata": {}, **msgspec.to_builtins(body)})


def merged(present, patch):
    new = {**present}
    for name, value in patch.items():
        if value is None:
            new.pop(name, None)
        elif name == "conditions":
            new[name] = [each for each in value if "$patch" not in each]
        elif isinstance(value, dict):
            new[name] = merged(present.get(name, {}), value)
        else:
            new[name] = value
    return new


class Client:
    """What a controller has in place of `lb.cluster.client.Client`. It sees changes up to *horizon*."""

    def __init__(self, server):
        self._server = server
        self.horizon = server.version
        self._moved = asyncio.Event()

    def see(self):
        self.horizon = self._server.version
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def get(self, resource, name, namespace=""):
        found = self._server.objects[resource.plural].get(f"{namespace}/{name}")
        if found is None:
            raise GiveUp("404", 404)
        return decoded(resource, found)

    async def create(self, resource, body, namespace=""):
        if resource.plural == "events":
            return None
        key = f"{namespace}/{body['metadata']['name']}"
        body = {**body, "metadata": {**body["metadata"], "namespace": namespace}}
        return await self._write(resource, lambda: self._server.create(resource.plural, key, body))

    async def patch(self, resource, name, body, *, namespace="", subresource="", strategic=False):
        key = f"{namespace}/{name}"
        return await self._write(resource, lambda: self._server.patch(resource.plural, key, body))

    async def apply(self, resource, name, body, *, manager, namespace="", subresource=""):
        key = f"{namespace}/{name}"
        body = msgspec.to_builtins(body)
        body["metadata"]["namespace"] = namespace
        if key not in self._server.objects[resource.plural]:
            self._server.put(resource.plural, key, {"metadata": {}})
        return decoded(resource, self._server.patch(resource.plural, key, body))

    async def _write(self, resource, apply):
        if resource.plural not in DELAYED:
            return decoded(resource, apply())
        request = Request(self, resource.plural, apply, asyncio.get_running_loop().create_future())
        self._server.network.append(request)
        return decoded(resource, await request.future)

    async def list_pages(self, resource, selection=None, page=500):
        objects = self._server.objects[resource.plural].values()
        self.horizon = max(self.horizon, self._server.version)
        items = [Raw(msgspec.json.encode(each)) for each in objects]
        metadata = {"resourceVersion": str(self._server.version)}
        yield Page(msgspec.convert(metadata, Page.__annotations__["metadata"]), items)

    @asynccontextmanager
    async def watch(self, resource, resource_version, selection=None):
        yield self._events(resource.plural, int(resource_version))

    async def _events(self, plural, seen):
        while True:
            moved = self._moved
            for version, kind, each in self._server.history[plural][:]:
                if seen < version <= self.horizon:
                    seen = version
                    yield WatchEvent(kind, Raw(msgspec.json.encode(each)))
            await moved.wait()


def decoded(resource, found):
    return msgspec.json.decode(msgspec.json.encode(found), type=resource.type)


class Replica:
    """A controller process called *name*."""

    def __init__(self, server, name):
        self.name = name
        self.clock = Clock()
        settings = Settings(NAMESPACE, name, "memberlist", 0, None, False, "info", None)
        self.client = Client(server)
        self.controller = Controller(settings, self.client, CollectorRegistry())
        self.task = self.clock.create_task(self.controller.run())
        self.clock.settle()

    def see(self):
        self.client.see()
        self.clock.settle()
        assert not self.task.done(), self.task.result()

    def advance(self, seconds):
        self.clock.advance(seconds)
        assert not self.task.done(), self.task.result()

    @property
    def leads(self):
        return self.controller.debug()["leads"]

    def stop(self):
        """Die: what it has sent stays in the network."""
        asyncio.set_event_loop(None)
        for task in asyncio.all_tasks(self.clock):
            task.cancel()
        self.clock.settle()
        self.clock.close()
