"""The write protocol against an API server that refuses, conflicts and loses answers.

No address is ever in the statuses of two Services at once.
"""

from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from itertools import combinations, product

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import Raw
from msgspec.structs import replace

from controller.reconciler import Reconciler, Serving
from lb.api.custom_resource import CustomResource
from lb.api.meta import ObjectMeta
from lb.api.service import (
    FENCED,
    LoadBalancerIngress,
    LoadBalancerStatus,
    Service,
    ServiceCondition,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from lb.cluster.errors import ApiError, Conflict, GiveUp, Retry
from lb.cluster.service_status import make_void
from lb.config.parser import parse
from lb.config.resources import Resources
from lb.ipam.decision import Outcome, decide
from lb.ipam.request import terms_of
from lb.ipam.terms import objection

NAMES = ("a", "b", "c", "d")
SHARERS = {"c", "d"}
POOLS = (
    ["192.0.2.1-192.0.2.3"],
    ["192.0.2.2-192.0.2.4", "2001:db8::1-2001:db8::1"],
    ["192.0.2.1-192.0.2.1", "2001:db8::1-2001:db8::2"],
    ["198.51.100.1-198.51.100.2"],
    ["nonsense"],
    [],
)
IPS, KEY = "metallb.io/loadBalancerIPs", "metallb.io/allow-shared-ip"
ASKED = st.sampled_from(["", "both", "both", "192.0.2.1", "192.0.2.2", "retyped"])
PORTS = st.sampled_from([80, 443])
SEEN = st.sampled_from([True, True, False])
KINDS = ("none", "none", "refused", "answer lost", "late")
FAULTS = st.sampled_from([dict(zip(NAMES, each, strict=True)) for each in product(KINDS, repeat=len(NAMES))])


class ApiServer:
    """Holds Services, as etcd would; *fault* says what becomes of the next write."""

    def __init__(self):
        self.services = {}
        self.fault = "none"
        self.late = []
        """Writes that their sender has given up, and that may arrive yet."""
        self._version = 0

    def put(self, service):
        self._version += 1
        metadata = replace(service.metadata, resource_version=str(self._version))
        self.services[metadata.name] = replace(service, metadata=metadata)

    async def patch(self, resource, name, body, *, namespace="", subresource="", strategic=False):
        assert (subresource, strategic) == ("status", True)
        if self.fault == "late":
            self.late.append((name, body))
        if self.fault in ("refused", "late"):
            raise Retry("503")
        changed = self.apply(name, body)
        if self.fault == "answer lost":
            raise Retry("the connection was lost")
        return changed

    def apply(self, name, body):
        present = self.services.get(name)
        if present is None:
            raise GiveUp("404", 404)
        if present.metadata.resource_version != body["metadata"]["resourceVersion"]:
            raise Conflict("409")
        changed = patched(present, body)
        if changed != present:  # else it keeps its version, as Kubernetes does
            self.put(changed)
        return self.services[name]

    def arrive(self, *names):
        for each in [late for late in self.late if late[0] in names]:
            self.late.remove(each)
            with suppress(ApiError):
                self.apply(*each)


def patched(present, body):
    notes = {**present.metadata.annotations, **body["metadata"]["annotations"]}
    notes = {key: value for key, value in notes.items() if value is not None}
    metadata, status = replace(present.metadata, annotations=notes), present.status
    if "status" in body:
        ingress = body["status"]["loadBalancer"]["ingress"] or []
        told = body["status"]["conditions"]
        conditions = tuple(each for each in told if isinstance(each, ServiceCondition))
        entries = tuple(LoadBalancerIngress(**each) for each in ingress)
        status = ServiceStatus(LoadBalancerStatus(entries), conditions)
    return replace(present, status=status, metadata=metadata)


def run(coroutine):
    """What *coroutine* gives, which waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        return stopped.value
    raise AssertionError("it waits")


class Silent:
    """A recorder that tells nobody."""

    def normal(self, *_):
        pass

    def warning(self, *_):
        pass


def service(name, asked="", port=80):
    key = {KEY: "k"} if name in SHARERS else {}
    metadata = ObjectMeta(
        name=name,
        namespace="default",
        uid=name,
        creation_timestamp=f"2026-01-{ord(name[0]) - 96:02}",
        annotations=key,
    )
    both = {"cluster_ips": ("10.96.0.1", "fd00::1"), "ip_family_policy": "PreferDualStack"}
    spec = ServiceSpec(
        type="ClusterIP" if asked == "retyped" else "LoadBalancer",
        cluster_ip="10.96.0.1",
        load_balancer_ip=asked if asked.startswith("192") else "",
        ports=(ServicePort(port),),
        **(both if asked == "both" else {}),
    )
    return Service(metadata, spec)


def config(addresses, last_good=None):
    spec = Raw(msgspec.json.encode({"addresses": addresses}))
    objects = [CustomResource(ObjectMeta(name="pool"), spec)] if addresses else []
    return parse(Resources(pools=tuple(objects)), *([last_good] if last_good else [])).config


def given(each):
    return [one.ip for one in each.status.load_balancer.ingress]


class Writing(RuleBasedStateMachine):
    """The controller sees the API server through a store that may lag behind."""

    @initialize(addresses=st.sampled_from(POOLS))
    def start(self, addresses):
        self.server = ApiServer()
        self.config = config(addresses)
        self.store = {}
        self.boot()

    def boot(self):
        self.server.fault = "none"
        for name, body in self.server.late:  # as the next leader does, see lb.cluster.lease
            run(make_void(self.server, f"default/{name}", body["metadata"]["resourceVersion"]))
        self.queue = []
        self.reconciler = Reconciler(self.server, Silent(), Serving(), self.again)
        self.store = dict(self.server.services)
        self.reconciler.begin(self.config, self.store.values())
        for name in self.store:
            self.again(f"default/{name}")

    def again(self, key):
        if key not in self.queue:
            self.queue.append(key)

    @rule(writes=st.dictionaries(st.sampled_from(NAMES), st.tuples(ASKED, PORTS), min_size=1), is_seen=SEEN)
    def users_write(self, writes, is_seen):
        for name, asked in writes.items():
            present = self.server.services.get(name, service(name))
            wanted = service(name, *asked)
            retyped = {} if wanted.spec.type == "LoadBalancer" else {"status": ServiceStatus()}
            self.server.put(replace(present, spec=wanted.spec, **retyped))
            if is_seen:
                self.the_watch_brings(name)

    @rule(addresses=st.sampled_from(POOLS))
    def the_pool_changes(self, addresses):
        self.config = config(addresses, self.config)
        self.reconciler.use(self.config)

    @rule(name=st.sampled_from(NAMES), kind=st.sampled_from(["watch", "delete", "late", "edit", "restart"]))
    def something_happens(self, name, kind):
        match kind:
            case "watch":
                self.the_watch_brings(name)
            case "delete":
                self.server.services.pop(name, None)
            case "late":
                self.server.arrive(name)
            case "edit" if name in self.server.services:
                self.server.put(replace(self.server.services[name], status=ServiceStatus()))
            case "restart":
                self.boot()

    def the_watch_brings(self, name):
        if self.server.services.get(name) != self.store.get(name):
            self.store.pop(name, None)
            if name in self.server.services:
                self.store[name] = self.server.services[name]
            self.again(f"default/{name}")

    @rule(faults=FAULTS)
    def the_controller_works(self, faults):
        keys, self.queue = self.queue, []
        for key in keys:
            self.server.fault = faults[key.split("/")[1]]
            try:
                run(self.reconciler.reconcile(key, self.store.get(key.split("/")[1])))
            except ApiError:
                self.again(key)
            self.no_address_is_in_two_statuses()

    @rule()
    def all_comes_to_rest(self):
        self.server.arrive(*NAMES)
        for name in NAMES:
            self.the_watch_brings(name)
        for _ in range(100):
            if not self.queue:
                break
            self.the_controller_works(dict.fromkeys(NAMES, "none"))
            for name in NAMES:
                self.the_watch_brings(name)
        assert not self.queue
        self.what_is_told_is_true()
        self.nobody_waits_for_what_there_is()

    def what_is_told_is_true(self):
        space = self.reconciler.space
        for name, each in self.server.services.items():
            held = space.held_by(f"default/{name}")
            assert given(each) == [str(address) for address in held]
            if each.spec.type == "LoadBalancer":
                (condition,) = each.status.conditions
                assert condition.status == ("True" if held else "False")
            assert FENCED not in each.metadata.annotations
        assert {name.removeprefix("default/") for name in space.holders()} <= self.server.services.keys()
        for one, other in combinations(self.server.services.values(), 2):
            if set(given(one)) & set(given(other)):
                assert objection(terms_of(one), terms_of(other)) is None

    def nobody_waits_for_what_there_is(self):
        """Deciding about all of them anew changes nothing."""
        space = self.reconciler.space
        for each in self.server.services.values():
            before = space.held_by(f"default/{each.metadata.name}")
            decision = decide(space, each, None)
            assert decision.outcome in (Outcome.KEPT, Outcome.REFUSED, Outcome.NOT_OURS)
            assert decision.addresses == before

    @invariant()
    def no_address_is_in_two_statuses(self):
        found = self.server.services.items() if hasattr(self, "server") else ()
        for (one, has), (other, has_too) in combinations(found, 2):
            assert {one, other} == SHARERS or not set(given(has)) & set(given(has_too))

    def teardown(self):
        if hasattr(self, "server"):
            self.all_comes_to_rest()


TestWriting = Writing.TestCase
TestWriting.settings = settings(max_examples=80, stateful_step_count=40)


@pytest.fixture
def server():
    return ApiServer()


async def test_an_address_is_kept_from_others_until_the_status_of_its_last_holder_is_written(server):
    again = []
    reconciler = Reconciler(server, Silent(), Serving(), again.append)
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

    assert reconciler.space.held_by("default/b") == (ip_address("192.0.2.1"),)


@pytest.mark.parametrize("fault", ["answer lost", "late"])
async def test_a_status_is_not_taken_for_cleared_on_the_word_of_a_version_that_we_wrote_over(server, fault):
    """Seen from that version nothing differs, but an address may have been written since, or may be yet."""
    pool, none = config(["192.0.2.1-192.0.2.1"]), config([])
    reconciler = Reconciler(server, Silent(), Serving(), lambda key: None)
    reconciler.begin(none, [])
    server.put(service("a"))
    await reconciler.reconcile("default/a", server.services["a"])
    seen = server.services["a"]  # it says that there is no pool
    reconciler.use(pool)
    server.fault = fault
    with pytest.raises(Retry):
        await reconciler.reconcile("default/a", seen)
    server.fault = "none"
    reconciler.use(none)

    if fault == "answer lost":
        with pytest.raises(Conflict):
            await reconciler.reconcile("default/a", seen)
    else:
        await reconciler.reconcile("default/a", seen)
    reconciler.use(pool)
    server.put(service("b"))
    await reconciler.reconcile("default/b", server.services["b"])
    server.arrive("a")

    has, has_none = ("a", "b") if fault == "answer lost" else ("b", "a")
    assert {name: given(each) for name, each in server.services.items()} == {
        has: ["192.0.2.1"],
        has_none: [],
    }
    await reconciler.reconcile("default/a", server.services["a"])
    assert FENCED not in server.services["a"].metadata.annotations


async def test_a_write_is_sent_within_the_permit_for_the_version_that_was_decided_on(server):
    permits = []

    @asynccontextmanager
    async def permit(name, version):
        permits.append((name, version, given(server.services["a"])))
        yield
        permits.append((name, version, given(server.services["a"])))

    reconciler = Reconciler(server, Silent(), Serving(), lambda key: None, permit=permit)
    reconciler.begin(config(["192.0.2.1-192.0.2.2"]), [])
    server.put(service("a"))
    version = server.services["a"].metadata.resource_version
    await reconciler.reconcile("default/a", server.services["a"])
    assert permits == [("default/a", version, []), ("default/a", version, ["192.0.2.1"])]

    await reconciler.reconcile("default/a", server.services["a"])
    assert len(permits) == 2  # nothing differs, so nothing is written


class Cluster:
    """A reconciler that is run until nothing is left to do, on an API server that answers at once."""

    def __init__(self, server, addresses, recorder=None):
        self.server, self.queue = server, []
        self.reconciler = Reconciler(server, recorder or Silent(), Serving(), self.queue.append)
        self.reconciler.begin(config(addresses), server.services.values())

    async def settle(self, *names):
        self.queue += [f"default/{name}" for name in names]
        while self.queue:
            key = self.queue.pop(0)
            await self.reconciler.reconcile(key, self.server.services.get(key.split("/")[1]))
        return {name: given(each) for name, each in self.server.services.items()}

    async def put(self, *services):
        for each in services:
            self.server.put(each)
        return await self.settle(*(each.metadata.name for each in services))

    async def delete(self, name):
        del self.server.services[name]
        return await self.settle(name)


async def test_who_waits_is_served_in_turn_and_a_service_that_is_gone_or_has_an_address_is_in_nobodys_way(
    server,
):
    cluster = Cluster(server, ["192.0.2.1-192.0.2.2"])
    await cluster.put(*(service(name) for name in ("a", "b", "gone", "x", "y", "z")))
    await cluster.delete("gone")
    assert (await cluster.delete("a"))["x"] == ["192.0.2.1"]
    assert await cluster.delete("b") == {"x": ["192.0.2.1"], "y": ["192.0.2.2"], "z": []}


async def test_a_service_that_has_one_address_of_two_gets_the_other_when_it_is_free(server):
    cluster = Cluster(server, ["192.0.2.1-192.0.2.2", "2001:db8::1-2001:db8::1"])
    assert await cluster.put(service("a", "both"), service("b", "both")) == {
        "a": ["192.0.2.1", "2001:db8::1"],
        "b": ["192.0.2.2"],
    }
    assert await cluster.delete("a") == {"b": ["192.0.2.2", "2001:db8::1"]}


async def test_a_pool_that_was_away_gives_its_addresses_to_who_had_them_and_not_to_who_waited_longer(server):
    cluster = Cluster(server, ["192.0.2.1-192.0.2.2"])
    had = await cluster.put(service("b"), service("x"), service("a", "192.0.2.1"))
    assert had == {"b": ["192.0.2.1"], "x": ["192.0.2.2"], "a": []}
    for addresses in ([], ["192.0.2.1-192.0.2.2"]):
        cluster.reconciler.use(config(addresses))
        now = await cluster.settle()
        assert now == (had if addresses else {"b": [], "x": [], "a": []})


def with_status(each, *addresses, **changes):
    status = ServiceStatus(LoadBalancerStatus(tuple(LoadBalancerIngress(ip=one) for one in addresses)))
    return replace(each, status=status, **changes)


async def test_of_services_that_claim_one_address_the_eldest_keeps_it_and_of_those_the_first_by_uid(server):
    for name, born, uid in (("young", "02", "1"), ("second", "01", "3"), ("first", "01", "2")):
        metadata = ObjectMeta(name, "default", uid, creation_timestamp=f"2026-01-{born}T00:00:00Z")
        server.put(with_status(service("a"), "192.0.2.1", metadata=metadata))
    cluster = Cluster(server, ["192.0.2.1-192.0.2.3"])
    assert await cluster.settle("young", "second", "first") == {
        "young": ["192.0.2.2"],
        "second": ["192.0.2.3"],
        "first": ["192.0.2.1"],
    }


NOTED = {"metallb.io/ip-allocated-from-pool": "pool"}
DELETED = "2026-02-02T00:00:00Z"


@pytest.mark.parametrize(
    "left",
    [
        pytest.param({"spec": ServiceSpec(type="ClusterIP")}, id="retyped"),
        pytest.param(
            {"metadata": ObjectMeta("a", "default", deletion_timestamp=DELETED)}, id="being deleted"
        ),
    ],
)
async def test_after_a_restart_an_address_goes_to_nobody_while_the_status_of_one_that_was_ours_names_it(
    server, left
):
    gone = with_status(service("a"), "192.0.2.1", **left)
    server.put(replace(gone, metadata=replace(gone.metadata, annotations=NOTED)))
    server.put(service("b"))
    cluster = Cluster(server, ["192.0.2.1-192.0.2.1"])
    assert await cluster.settle("b") == {"a": ["192.0.2.1"], "b": []}
    assert await cluster.settle("a") == {"a": [], "b": ["192.0.2.1"]}


async def test_a_status_that_names_the_address_of_another_service_takes_nothing_from_it(server):
    server.put(with_status(service("b"), "192.0.2.1"))
    gone = with_status(service("c"), "192.0.2.1", spec=ServiceSpec(type="ClusterIP"))
    server.put(replace(gone, metadata=replace(gone.metadata, annotations=NOTED)))
    cluster = Cluster(server, ["192.0.2.1-192.0.2.1"])
    assert await cluster.settle("b", "c") == {"b": ["192.0.2.1"], "c": []}


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
    reconciler = Reconciler(server, recorder, Serving(), lambda key: None)
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


async def test_an_unknown_annotation_of_a_service_is_told_once(server):
    recorder = Told()
    reconciler = Reconciler(server, recorder, Serving(), lambda key: None)
    reconciler.begin(config(["192.0.2.1-192.0.2.3"]), [])
    for _ in range(2):
        await reconciler.reconcile("default/a", annotated(server, "metallb.io/address-pol"))
    told = [message for _, reason, message in recorder.warnings if reason == "unknownAnnotation"]
    assert told == [
        "Service uses unknown annotation metallb.io/address-pol: Nothing reads it: write"
        " metallb.io/address-pool, or remove it."
    ]


async def test_the_annotations_of_a_service_of_another_class_are_not_ours_to_judge(server):
    recorder = Told()
    reconciler = Reconciler(server, recorder, Serving("example.com/lb"), lambda key: None)
    await reconciler.reconcile("default/a", annotated(server, OLD_POOL))
    assert recorder.warnings == []


@pytest.mark.parametrize("pool", [["192.0.2.1-192.0.2.3"], []], ids=["allocated", "no pool"])
async def test_the_deprecated_note_of_the_pool_is_removed(server, pool):
    reconciler = Reconciler(server, Silent(), Serving(), lambda key: None)
    reconciler.begin(config(pool), [])
    await reconciler.reconcile("default/a", annotated(server, OLD_NOTE))
    assert OLD_NOTE not in server.services["a"].metadata.annotations


async def test_a_service_with_the_deprecated_note_is_cleared_when_it_is_retyped(server):
    reconciler = Reconciler(server, Silent(), Serving(), lambda key: None)
    given = annotated(server, OLD_NOTE)
    status = ServiceStatus(LoadBalancerStatus((LoadBalancerIngress(ip="192.0.2.1"),)))
    server.put(replace(given, spec=ServiceSpec(type="ClusterIP"), status=status))
    await reconciler.reconcile("default/a", server.services["a"])
    assert server.services["a"].status.load_balancer.ingress == ()
    assert server.services["a"].metadata.annotations == {}


async def test_a_complaint_is_told_once_and_once_more_to_a_service_that_is_created_again(server):
    recorder = Told()
    cluster = Cluster(server, ["192.0.2.1-192.0.2.1"], recorder)
    message = (
        'Failed to allocate IP for "default/a": 192.0.2.2 is asked for and lies in no pool; pool pool does '
        "not hold the address asked for. Ask for an address of a pool, or add this one to a pool."
    )
    await cluster.put(service("a", "192.0.2.2"))
    await cluster.put(replace(server.services["a"], spec=service("a", "192.0.2.2", 443).spec))
    assert recorder.warnings == [("a", "AllocationFailed", message)]
    await cluster.delete("a")
    await cluster.put(service("a", "192.0.2.2"))
    assert recorder.warnings == [("a", "AllocationFailed", message)] * 2
