"""Several controllers at once, paused, cut off and killed: no address is ever in two statuses.

What runs here are whole controllers, each on a clock of its own, which the others' do not agree with.
"""

import logging
from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lb.api.lease import WRITING
from tests.unit.controller.simulation import NAMESPACE, ApiServer, Replica

NAMES = ("a", "b", "c", "d")
POOLS = (["192.0.2.1-192.0.2.2"], ["192.0.2.1-192.0.2.4"], ["192.0.2.2-192.0.2.3"])
LEASE = f"{NAMESPACE}/anvil-lb-controller"


class Cluster(ApiServer):
    """With users, and an invariant."""

    def service(self, name, **spec):
        present = self.objects["services"].get(f"default/{name}")
        metadata = {
            "name": name,
            "namespace": "default",
            "uid": f"{name}-{self.version}",
            "creationTimestamp": f"2026-01-01T00:00:00Z-{self.version:06}",
        }
        wanted = {"type": "LoadBalancer", "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], **spec}
        service = {"metadata": metadata, **(present or {}), "spec": wanted}
        if wanted["type"] != "LoadBalancer":
            service.pop("status", None)  # as the API server does
        self.put("services", f"default/{name}", service)

    def pool(self, addresses):
        metadata = {"name": "pool", "namespace": NAMESPACE, "uid": "pool"}
        present = self.objects["ipaddresspools"].get(f"{NAMESPACE}/pool", {})
        self.put(
            "ipaddresspools",
            f"{NAMESPACE}/pool",
            {"metadata": metadata, **present, "spec": {"addresses": addresses}},
        )

    def key(self):
        metadata = {"name": "memberlist", "namespace": NAMESPACE}
        self.put("secrets", f"{NAMESPACE}/memberlist", {"metadata": metadata, "data": {"secretkey": "a2V5"}})

    @property
    def given(self):
        return {
            name: [
                each["ip"] for each in service.get("status", {}).get("loadBalancer", {}).get("ingress", [])
            ]
            for name, service in self.objects["services"].items()
        }

    def doubles(self):
        times = Counter(address for addresses in self.given.values() for address in addresses)
        return [address for address, number in times.items() if number > 1]

    def sent_by(self, *replicas):
        return [each for each in self.network if each.sender in [one.client for one in replicas]]

    def let_through(self, request):
        self.network.remove(request)
        request.arrive()
        assert not self.doubles()


@pytest.fixture(autouse=True, scope="module")
def _quiet():
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


def flow(server, *replicas, rounds=1, at_most=1000):
    """The network works for *replicas* a while, until *at_most* requests came through; little time passes."""
    for _ in range(rounds):
        for each in replicas:
            each.see()
            each.advance(0.05)
        while at_most > 0 and (sent := server.sent_by(*replicas)):
            for request in sent[:at_most]:
                server.let_through(request)
                request.respond()
            at_most -= len(sent)
            for each in replicas:
                each.see()


def wait_until_it_claims(server, replica):
    """Or renews, if it leads."""
    for _ in range(20):
        if not server.sent_by(replica):
            replica.advance(1)


class Interleaving(RuleBasedStateMachine):
    """Hypothesis decides what arrives when, and for whom time passes."""

    @initialize(addresses=st.sampled_from(POOLS))
    def start(self, addresses):
        self.server = Cluster()
        self.server.key()
        self.server.pool(addresses)
        self.replicas = [Replica(self.server, "first"), Replica(self.server, "second")]
        flow(self.server, *self.replicas)

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1))
    def users_create_services(self, names):
        for name in sorted(names):
            if f"default/{name}" not in self.server.objects["services"]:
                self.server.service(name)

    @rule(name=st.sampled_from(NAMES), kind=st.sampled_from(["ClusterIP", "LoadBalancer"]))
    def a_user_edits_a_service(self, name, kind):
        if f"default/{name}" in self.server.objects["services"]:
            self.server.service(name, type=kind)

    @rule(name=st.sampled_from(NAMES))
    def a_user_deletes_a_service(self, name):
        if f"default/{name}" in self.server.objects["services"]:
            self.server.delete("services", f"default/{name}")

    @rule(addresses=st.sampled_from(POOLS))
    def a_user_edits_the_pool(self, addresses):
        self.server.pool(addresses)

    @rule(which=st.sampled_from([0, 1]))
    def the_watch_brings_what_is_new(self, which):
        self.replicas[which].see()

    @rule(which=st.sampled_from([0, 1]), seconds=st.sampled_from([0.05, 0.05, 1.0, 4.0, 20.0]))
    def time_passes_for_one(self, which, seconds):
        self.replicas[which].advance(seconds)

    @precondition(lambda self: self.server.network)
    @rule(data=st.data(), fate=st.sampled_from(["answered", "answered", "answer lost", "given up"]))
    def something_becomes_of_a_request(self, data, fate):
        request = data.draw(st.sampled_from(self.server.network))
        if fate == "given up":  # by its sender; it is still on its way
            request.fail()
            return
        self.server.let_through(request)
        request.respond() if fate == "answered" else request.fail()
        for each in self.replicas:
            each.advance(0)

    @rule(which=st.sampled_from([0, 1]), at_most=st.sampled_from([1, 2, 3, 4, 1000]))
    def the_network_works_for_one(self, which, at_most):
        flow(self.server, self.replicas[which], at_most=at_most)

    @rule(which=st.sampled_from([0, 1]), at_most=st.integers(1, 6))
    def one_takes_over_while_the_other_is_paused(self, which, at_most):
        wait_until_it_claims(self.server, self.replicas[which])
        flow(self.server, self.replicas[which], at_most=at_most)

    @rule(which=st.sampled_from([0, 1]))
    def one_is_killed_and_started_again(self, which):
        old = self.replicas[which]
        old.stop()
        self.replicas[which] = Replica(self.server, old.name)

    @rule(which=st.sampled_from([0, 1]))
    def one_is_replaced(self, which):
        """It is told to stop, and dies whether or not that came to an end."""
        old = self.replicas[which]
        leaving = old.clock.create_task(old.controller.leave())
        old.advance(0)
        flow(self.server, old)
        old.advance(5)
        assert leaving.done()
        old.stop()
        self.replicas[which] = Replica(self.server, f"{old.name}'")

    @rule()
    def all_comes_to_rest(self):
        for _ in range(12):
            flow(self.server, *self.replicas)
            for each in self.replicas:
                each.advance(3)
        flow(self.server, *self.replicas, rounds=3)
        assert sum(each.leads for each in self.replicas) == 1
        assert WRITING not in self.server.objects["leases"][LEASE]["metadata"]["annotations"]
        (pool,) = self.server.objects["ipaddresspools"].values()
        first, last = (int(each.split(".")[3]) for each in pool["spec"]["addresses"][0].split("-"))
        given = [address for addresses in self.server.given.values() for address in addresses]
        wanting = [
            each
            for each in self.server.objects["services"].values()
            if each["spec"]["type"] == "LoadBalancer"
        ]
        assert len(given) == min(len(wanting), last - first + 1)
        assert pool["status"]["assignedIPv4"] == len(given)
        annotations = [
            each["metadata"].get("annotations", {}) for each in self.server.objects["services"].values()
        ]
        assert not [each for each in annotations if "anvil-lb.io/fenced" in each]

    @invariant()
    def no_address_is_in_two_statuses(self):
        assert not hasattr(self, "server") or self.server.doubles() == []

    def teardown(self):
        for each in getattr(self, "replicas", ()):
            each.stop()


TestInterleaving = Interleaving.TestCase
TestInterleaving.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


@pytest.fixture
def server():
    made = Cluster()
    made.key()
    made.pool(["192.0.2.1-192.0.2.2"])
    return made


def sends_a_write_of(server, leader, name):
    """The write by which *leader* gives the Service an address, on its way; the Lease tells of it."""
    leader.see()
    (telling,) = server.sent_by(leader)
    server.let_through(telling)
    telling.respond()
    leader.advance(0)
    (late,) = server.sent_by(leader)
    told = server.objects["leases"][LEASE]["metadata"]["annotations"][WRITING]
    assert (
        told
        == f"default/{name}={server.objects['services'][f'default/{name}']['metadata']['resourceVersion']}"
    )
    return late


@pytest.fixture
def old(server):
    """It leads. There are a Service that wants an address, and before it in turn one that does not yet."""
    replica = Replica(server, "old")
    flow(server, replica, rounds=2)
    assert replica.leads
    server.service("b", type="ClusterIP")
    flow(server, replica)
    server.service("a")
    yield replica
    replica.stop()


@pytest.fixture
def new(server, old):
    replica = Replica(server, "new")
    replica.see()
    yield replica
    replica.stop()


def takes_over(server, replica, service):
    """Until a write of it of *service* has arrived; what else it sends does not."""
    wait_until_it_claims(server, replica)
    for _ in range(10):
        for request in server.sent_by(replica):
            before = server.given.get(service)
            server.let_through(request)
            request.respond()
            replica.advance(0)
            if server.given.get(service) != before:
                return
        replica.advance(0.05)
    raise AssertionError(f"{service} got nothing")


def test_a_write_that_comes_after_the_next_leader_began_is_not_applied(server, old, new):
    late = sends_a_write_of(server, old, "a")
    server.service("b")
    new.see()
    takes_over(server, new, "default/b")
    assert server.given == {"default/a": [], "default/b": ["192.0.2.1"]}

    late.arrive()

    assert late.answer[0] == "refusal"
    flow(server, new, rounds=2)
    assert server.given == {"default/a": ["192.0.2.2"], "default/b": ["192.0.2.1"]}


def test_a_leader_knows_what_the_one_before_it_wrote_last_though_its_watch_is_late(server, old, new):
    late = sends_a_write_of(server, old, "a")
    server.service("b")
    new.see()
    server.let_through(late)

    takes_over(server, new, "default/b")

    assert server.given == {"default/a": ["192.0.2.1"], "default/b": ["192.0.2.2"]}


def test_a_write_that_was_decided_but_not_told_of_is_never_sent(server, old, new):
    old.see()
    (telling,) = server.sent_by(old)
    server.service("b")
    new.see()
    takes_over(server, new, "default/b")

    server.let_through(telling)
    telling.respond()
    old.advance(0)

    assert telling.answer[0] == "refusal"
    assert server.sent_by(old) == []


def test_the_next_leader_begins_at_once_where_the_last_one_stops_in_good_order(server):
    first, second = Replica(server, "first"), Replica(server, "second")
    flow(server, first, second, rounds=2)
    assert (first.leads, second.leads) == (True, False)

    leaving = first.clock.create_task(first.controller.leave())
    first.advance(0)
    flow(server, first, second)

    assert leaving.done()
    assert (first.leads, second.leads) == (False, True)
    first.stop()
    second.stop()


def follows(server, replica, *, fences):
    """*replica* claims the Lease and goes on from there; if not *fences*, it writes no Service meanwhile."""
    wait_until_it_claims(server, replica)
    for _ in range(6):
        for request in server.sent_by(replica):
            if fences or request.plural == "leases":
                server.let_through(request)
                request.respond()
        replica.advance(0.5)


def test_a_write_without_an_answer_is_told_of_for_as_long_as_it_may_arrive(server, old, new):
    late = sends_a_write_of(server, old, "a")
    late.fail()
    old.advance(0)
    for _ in range(3):
        old.advance(3)
        for request in server.sent_by(old):
            if request.plural == "leases":
                server.let_through(request)
                request.respond()
    server.service("b")
    new.see()
    takes_over(server, new, "default/b")

    server.let_through(late)

    assert late.answer[0] == "refusal"


def test_a_leader_that_is_gone_before_it_settled_earlier_writes_leaves_them_to_the_next(server, old, new):
    late = sends_a_write_of(server, old, "a")
    new.see()
    follows(server, new, fences=False)
    third = Replica(server, "third")
    server.service("b")
    third.see()
    takes_over(server, third, "default/b")

    server.let_through(late)

    assert late.answer[0] == "refusal"
    third.stop()
