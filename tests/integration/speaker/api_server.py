"""An API server of a few lines, for speakers that are tested without a cluster."""

import asyncio
from contextlib import asynccontextmanager

import msgspec

from lb.cluster.client import Page, WatchEvent

LB = "metallb-system"
OURS, THEIRS = "10.0.0.200", "10.0.0.202"
"""By sha256(node + "#" + address), n1 ranks before n2 for the first and after it for the second."""


def secret(key="b25l"):
    return {"metadata": {"name": "memberlist", "namespace": LB}, "data": {"secretkey": key}}


def node(name, address):
    addresses = [{"type": "InternalIP", "address": address}]
    return {"metadata": {"name": name}, "status": {"addresses": addresses}}


def service(name, address):
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    }


def endpoints(name):
    labels = {"kubernetes.io/service-name": name}
    metadata = {"name": f"{name}-1", "namespace": "shop", "labels": labels}
    return {"metadata": metadata, "endpoints": [{"addresses": ["10.1.0.1"]}]}


class ApiServer:
    """What a speaker asks of a `Client`: lists of `objects`, by plural, then the events that are put."""

    def __init__(self):
        self.events = {}
        pool = {
            "metadata": {"name": "edge", "namespace": LB},
            "spec": {"addresses": ["10.0.0.200-10.0.0.210"]},
        }
        self.objects = {
            "nodes": [node("n1", "127.0.0.1"), node("n2", "127.0.0.2")],
            "services": [service("ours", OURS), service("theirs", THEIRS)],
            "endpointslices": [endpoints("ours"), endpoints("theirs")],
            "ipaddresspools": [pool],
            "l2advertisements": [{"metadata": {"name": "all", "namespace": LB}, "spec": {}}],
            **dict.fromkeys(
                ("bgpadvertisements", "bgppeers", "bfdprofiles", "communities", "namespaces"), ()
            ),
            "secrets": [secret()],
            "configmaps": [],
            "configurationstates": [],
            "servicel2statuses": [],
        }
        self.state = {"metadata": {}, "status": {}}
        self.statuses = {}
        self.messages = []

    async def list_pages(self, resource, selection):
        answer = {"metadata": {"resourceVersion": "1"}, "items": self.objects[resource.plural]}
        yield msgspec.json.decode(msgspec.json.encode(answer), type=Page)

    @asynccontextmanager
    async def watch(self, resource, version, selection):
        yield self._each(self._queue(resource.plural))

    async def _each(self, queue):
        while True:
            yield await queue.get()

    def _queue(self, plural):
        return self.events.setdefault(plural, asyncio.Queue())

    def tell(self, what, plural, body):
        body["metadata"]["resourceVersion"] = "2"
        self._queue(plural).put_nowait(WatchEvent(what, msgspec.Raw(msgspec.json.encode(body))))

    async def create(self, resource, body, namespace):
        body = msgspec.to_builtins(body)
        if resource.plural == "events":
            self.messages.append(body["message"])
        else:
            body["metadata"]["namespace"] = namespace
            self.statuses[body["metadata"]["name"]] = body
            self.tell("ADDED", resource.plural, body)

    async def patch(self, resource, name, body, *, namespace, subresource=""):
        if resource.plural == "servicel2statuses":
            self.statuses[name] = {**self.statuses[name], **msgspec.to_builtins(body)}
            self.tell("MODIFIED", resource.plural, self.statuses[name])

    async def delete(self, resource, name, namespace):
        self.tell("DELETED", resource.plural, self.statuses.pop(name))

    async def apply(self, resource, name, body, *, subresource="", **_):
        part = msgspec.to_builtins(body)
        metadata = {"name": name, "namespace": LB, **self.state["metadata"], **part["metadata"]}
        self.state = {**self.state, **part, "metadata": metadata}
        self.tell("MODIFIED", "configurationstates", self.state)
