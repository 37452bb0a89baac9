"""The write protocol against an API server that refuses, conflicts and loses answers.

No address is ever in the statuses of two Services at once.
"""

import asyncio
from ipaddress import ip_address

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import Raw
from msgspec.structs import replace

from controller.reconciler import Reconciler
from lb.api.custom_resource import CustomResource
from lb.api.meta import ObjectMeta
from lb.api.service import (
    LoadBalancerIngress,
    LoadBalancerStatus,
    Service,
    ServiceSpec,
    ServiceStatus,
)
from lb.cluster.errors import ApiError, Conflict, Retry
from lb.config.parser import parse
from lb.config.resources import Resources

NAMES = ("a", "b", "c")
POOLS = (
    ["192.0.2.1-192.0.2.3"],
    ["192.0.2.2-192.0.2.4"],
    ["192.0.2.1-192.0.2.1"],
    ["198.51.100.1-198.51.100.2"],
    ["nonsense"],
    [],
)
ASKED = st.sampled_from(["", "192.0.2.1", "192.0.2.2"])
SEEN = st.sampled_from([True, True, False])
FAULTS = st.sampled_from(["none", "none", "refused", "answer lost"])


class ApiServer:
    """Holds Services, as etcd would; *fault* says what becomes of the next write."""

    def __init__(self):
        self.services = {}
        self.fault = "none"
        self._version = 0

    def put(self, service):
        self._version += 1
        metadata = replace(service.metadata, resource_version=str(self._version))
        self.services[metadata.name] = replace(service, metadata=metadata)

    async def patch(self, resource, name, body, *, namespace="", subresource=""):
        if self.fault == "refused":
            raise Retry("503")
        present = self.services.get(name)
        if present is None or present.metadata.resource_version != body["metadata"]["resourceVersion"]:
            raise Conflict("409")
        ingress = body["status"]["loadBalancer"]["ingress"] or []
        status = ServiceStatus(LoadBalancerStatus(tuple(LoadBalancerIngress(**each) for each in ingress)))
        changed = {**present.metadata.annotations, **body["metadata"]["annotations"]}
        annotations = {key: value for key, value in changed.items() if value is not None}
        self.put(replace(present, status=status, metadata=replace(present.metadata, annotations=annotations)))
        if self.fault == "answer lost":
            raise Retry("the connection was lost")
        return self.services[name]


class Silent:
    """A recorder that tells nobody."""

    def normal(self, *_):
        pass

    def warning(self, *_):
        pass


def service(name, asked=""):
    metadata = ObjectMeta(
        name=name, namespace="default", uid=name, creation_timestamp=f"2026-01-0{ord(name) - 96}"
    )
    spec = ServiceSpec(type="LoadBalancer", cluster_ip="10.96.0.1", load_balancer_ip=asked)
    return Service(metadata, spec)


def config(addresses, last_good=None):
    spec = Raw(msgspec.json.encode({"addresses": addresses}))
    objects = [CustomResource(ObjectMeta(name="pool"), spec)] if addresses else []
    return parse(Resources(pools=tuple(objects)), *([last_good] if last_good else [])).config


class Writing(RuleBasedStateMachine):
    """The controller sees the API server through a store that may lag behind."""

    @initialize(addresses=st.sampled_from(POOLS))
    def start(self, addresses):
        self.server = ApiServer()
        self.config = config(addresses)
        self.store = {}
        self.boot()

    def boot(self):
        self.queue = []
        self.reconciler = Reconciler(self.server, Silent(), None, self.again)
        self.store = dict(self.server.services)
        self.reconciler.begin(self.config, self.store.values())
        for name in self.store:
            self.again(f"default/{name}")

    def again(self, key):
        if key not in self.queue:
            self.queue.append(key)

    @rule(writes=st.dictionaries(st.sampled_from(NAMES), ASKED, min_size=1), is_seen=SEEN)
    def users_write(self, writes, is_seen):
        for name, asked in writes.items():
            present = self.server.services.get(name, service(name))
            self.server.put(replace(present, spec=service(name, asked).spec))
            if is_seen:
                self.the_watch_brings(name)

    @rule(
        name=st.sampled_from(NAMES),
        addresses=st.sampled_from(POOLS),
        kind=st.sampled_from(["delete", "watch", "pool", "restart", "rest"]),
    )
    def something_rare_happens(self, name, addresses, kind):
        match kind:
            case "delete":
                self.server.services.pop(name, None)
            case "watch":
                self.the_watch_brings(name)
            case "pool":
                self.config = config(addresses, self.config)
                self.reconciler.use(self.config)
            case "restart":
                self.boot()
            case "rest":
                self.all_comes_to_rest()

    def the_watch_brings(self, name):
        if self.server.services.get(name) != self.store.get(name):
            self.store.pop(name, None)
            if name in self.server.services:
                self.store[name] = self.server.services[name]
            self.again(f"default/{name}")

    @rule(faults=st.fixed_dictionaries(dict.fromkeys(NAMES, FAULTS)))
    def the_controller_works(self, faults):
        keys, self.queue = self.queue, []
        for key in keys:
            self.server.fault = faults[key.split("/")[1]]
            try:
                asyncio.run(self.reconciler.reconcile(key, self.store.get(key.split("/")[1])))
            except ApiError:
                self.again(key)

    def all_comes_to_rest(self):
        for name in NAMES:
            self.the_watch_brings(name)
        for _ in range(100):
            if not self.queue:
                break
            self.the_controller_works(dict.fromkeys(NAMES, "none"))
            for name in NAMES:
                self.the_watch_brings(name)
        assert not self.queue
        space = self.reconciler.space
        for name, each in self.server.services.items():
            held = space.held_by(f"default/{name}")
            assert [one.ip for one in each.status.load_balancer.ingress] == ([str(held)] if held else [])
        assert not [name for name in space.holders() if name.removeprefix("default/") not in NAMES]

    @invariant()
    def no_address_is_in_two_statuses(self):
        given = [
            ingress.ip
            for each in (self.server.services.values() if hasattr(self, "server") else ())
            for ingress in each.status.load_balancer.ingress
        ]
        assert len(given) == len(set(given))


TestWriting = Writing.TestCase
TestWriting.settings = settings(max_examples=300, stateful_step_count=40)


@pytest.fixture
def server():
    return ApiServer()


async def test_an_address_is_kept_from_others_until_the_status_of_its_last_holder_is_written(server):
    again = []
    reconciler = Reconciler(server, Silent(), None, again.append)
    reconciler.begin(config(["192.0.2.1-192.0.2.2"]), [])
    server.put(service("a"))
    await reconciler.reconcile("default/a", server.services["a"])

    moving = replace(server.services["a"], spec=service("a", "192.0.2.2").spec)
    server.put(moving)
    server.fault = "refused"
    with pytest.raises(Retry):
        await reconciler.reconcile("default/a", server.services["a"])
    server.put(service("b"))
    server.fault = "none"
    await reconciler.reconcile("default/b", server.services["b"])
    assert server.services["b"].status.load_balancer.ingress == ()

    await reconciler.reconcile("default/a", server.services["a"])
    assert again == ["default/b"]
    await reconciler.reconcile("default/b", server.services["b"])

    assert reconciler.space.held_by("default/b") == ip_address("192.0.2.1")


async def test_a_status_is_not_taken_for_cleared_on_the_word_of_a_version_that_we_wrote_over(server):
    pool = config(["192.0.2.1-192.0.2.2"])
    reconciler = Reconciler(server, Silent(), None, lambda key: None)
    reconciler.begin(pool, [])
    server.put(service("a"))
    seen = server.services["a"]
    await reconciler.reconcile("default/a", seen)

    reconciler.use(config([]))
    with pytest.raises(Conflict):
        await reconciler.reconcile("default/a", seen)
    reconciler.use(pool)
    server.put(service("b"))
    await reconciler.reconcile("default/b", server.services["b"])

    given = {name: each.status.load_balancer.ingress[0].ip for name, each in server.services.items()}
    assert given == {"a": "192.0.2.1", "b": "192.0.2.2"}


class Told:
    """A recorder that remembers the warnings."""

    def __init__(self):
        self.warnings = []

    def normal(self, *_):
        pass

    def warning(self, about, reason, message):
        self.warnings.append((about.name, reason, message))


OLD_POOL = "metallb.universe.tf/address-pool"
OLD_NOTE = "metallb.universe.tf/ip-allocated-from-pool"


def annotated(server, *keys, **changes):
    present = server.services.get("a", service("a"))
    annotations = {**dict.fromkeys(keys, "pool"), **changes}
    server.put(replace(present, metadata=replace(present.metadata, annotations=annotations)))
    return server.services["a"]


def deprecations(recorder):
    return [message for _, reason, message in recorder.warnings if reason == "deprecatedAnnotation"]


async def test_each_deprecated_annotation_of_a_service_is_told_once(server):
    recorder = Told()
    reconciler = Reconciler(server, recorder, None, lambda key: None)
    reconciler.begin(config(["192.0.2.1-192.0.2.3"]), [])
    await reconciler.reconcile("default/a", annotated(server, OLD_POOL))
    await reconciler.reconcile("default/a", annotated(server, OLD_POOL, other="changes"))
    first = f"Service uses deprecated annotation {OLD_POOL}: Use metallb.io/address-pool in its place."
    assert deprecations(recorder) == [first]
    await reconciler.reconcile("default/a", annotated(server, OLD_POOL, "metallb.universe.tf/x"))
    assert deprecations(recorder) == [
        first,
        "Service uses deprecated annotation metallb.universe.tf/x: Nothing reads it: remove it.",
    ]
    await reconciler.reconcile("default/a", annotated(server))
    await reconciler.reconcile("default/a", annotated(server, OLD_POOL))
    assert deprecations(recorder)[2:] == [first]
    await reconciler.reconcile("default/a", None)
    await reconciler.reconcile("default/a", annotated(server, OLD_POOL))
    assert deprecations(recorder)[3:] == [first]


async def test_the_annotations_of_a_service_of_another_class_are_not_ours_to_judge(server):
    recorder = Told()
    reconciler = Reconciler(server, recorder, "example.com/lb", lambda key: None)
    await reconciler.reconcile("default/a", annotated(server, OLD_POOL))
    assert recorder.warnings == []


@pytest.mark.parametrize("pool", [["192.0.2.1-192.0.2.3"], []], ids=["allocated", "no pool"])
async def test_the_deprecated_note_of_the_pool_is_removed(server, pool):
    reconciler = Reconciler(server, Silent(), None, lambda key: None)
    reconciler.begin(config(pool), [])
    await reconciler.reconcile("default/a", annotated(server, OLD_NOTE))
    assert OLD_NOTE not in server.services["a"].metadata.annotations


async def test_a_service_with_the_deprecated_note_is_cleared_when_it_is_retyped(server):
    reconciler = Reconciler(server, Silent(), None, lambda key: None)
    given = annotated(server, OLD_NOTE)
    status = ServiceStatus(LoadBalancerStatus((LoadBalancerIngress(ip="192.0.2.1"),)))
    server.put(replace(given, spec=ServiceSpec(type="ClusterIP"), status=status))
    await reconciler.reconcile("default/a", server.services["a"])
    assert server.services["a"].status.load_balancer.ingress == ()
    assert server.services["a"].metadata.annotations == {}
