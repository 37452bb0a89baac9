from ipaddress import IPv4Address

import pytest
from prometheus_client import CollectorRegistry

from lb.api.endpoint_slice import Endpoint, EndpointSlice
from lb.api.l2_advertisement import L2AdvertisementSpec
from lb.api.meta import LabelSelector, ObjectMeta
from lb.api.node import Node
from lb.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceSpec, ServiceStatus
from lb.config.config import Config, L2Advertisement, Pool
from lb.config.parser import Parsed
from lb.config.ranges import parse_range
from lb.observe.metrics import SpeakerMetrics
from speaker.reconciler import Reconciler

WEB, SHOP = "shop/web", "shop/shop"
# sha256(node + "#" + address) puts n1 first for the first address, n2 for the second.
OURS, THEIRS = "192.0.2.2", "192.0.2.1"
BOTH = frozenset({"n1", "n2"})


class View:
    """What the reconciler reads of a view; tests change it."""

    def __init__(self):
        self.services = {}
        self.nodes = {name: Node(ObjectMeta(name=name)) for name in BOTH}
        self.slices = {}
        self.parsed = Parsed()

    def slices_of(self, service):
        return self.slices.get(service, ())

    def put(self, key, address, labels=None):
        """A Service with *address* and an endpoint."""
        namespace, name = key.split("/")
        ingress = (LoadBalancerIngress(ip=address),) if address else ()
        self.services[key] = Service(
            ObjectMeta(name=name, namespace=namespace, uid=f"uid-{name}", labels=labels or {}),
            ServiceSpec(type="LoadBalancer"),
            ServiceStatus(LoadBalancerStatus(ingress)),
        )
        self.slices[key] = (EndpointSlice(ObjectMeta(), (Endpoint(("10.1.0.1",)),)),)

    def advertise(self, *interfaces, by=()):
        """One L2Advertisement on *interfaces*, for Services with label app of each of *by*."""
        selectors = tuple(LabelSelector({"app": each}) for each in by)
        spec = L2AdvertisementSpec(interfaces=interfaces, service_selectors=selectors)
        pool = Pool("edge", {}, (parse_range("192.0.2.0/24"), parse_range("2001:db8::/120")), True, False)
        self.parsed = Parsed(Config({"edge": pool}, {"all": L2Advertisement("all", spec)}))


class Announcer:
    """Remembers what it is asked to do, in order."""

    def __init__(self):
        self.interfaces = frozenset({"eth0", "eth1"})
        self.asked = []

    def announce(self, address, interfaces):
        self.asked.append(("announce", str(address), interfaces))

    def withdraw(self, address):
        self.asked.append(("withdraw", str(address)))


class Recorder:
    """Remembers what is told."""

    def __init__(self):
        self.told = []

    def normal(self, about, reason, message):
        self.told.append((about.name, "Normal", reason, message))

    def warning(self, about, reason, message):
        self.told.append((about.name, "Warning", reason, message))


class Node1:
    """A reconciler on n1 with what it reads and writes."""

    def __init__(self):
        self.view, self.announcer, self.recorder = View(), Announcer(), Recorder()
        self.registry = CollectorRegistry()
        metrics = SpeakerMetrics.of(self.registry)
        self.reconciler = Reconciler("n1", None, self.announcer, self.recorder, metrics)
        self.view.advertise()

    def reconcile(self, *keys, members=BOTH):
        """What is asked of the announcer for *keys*, all Services where none is given."""
        self.announcer.asked.clear()
        self.recorder.told.clear()
        self.reconciler.reconcile(self.view, members, keys or tuple(self.view.services))
        return self.announcer.asked

    def announced(self, key, address):
        labels = {"service": key, "protocol": "layer2", "node": "n1", "ip": address}
        return self.registry.get_sample_value("metallb_speaker_announced", labels)


@pytest.fixture
def node():
    return Node1()


def test_an_address_that_we_win_is_announced_told_and_counted(node):
    node.view.put(WEB, OURS)
    assert node.reconcile() == [("announce", OURS, None)]
    assert node.recorder.told == [
        (
            "web",
            "Normal",
            "nodeAssigned",
            'announcing from node "n1" with protocol "layer2": node n1 ranks first of those that may;'
            " node n2 may announce, but another node ranks before it",
        )
    ]
    assert node.announced(WEB, OURS) == 1


def test_an_address_that_another_node_wins_is_not(node):
    node.view.put(WEB, THEIRS)
    assert node.reconcile() == []
    assert node.recorder.told == []
    assert node.announced(WEB, THEIRS) is None


def test_the_same_verdict_again_changes_nothing(node):
    node.view.put(WEB, OURS)
    node.reconcile()
    assert node.reconcile() == []
    assert node.recorder.told == []


def test_a_verdict_that_differs_in_its_reasons_only_is_not_told_again(node):
    node.view.put(WEB, OURS)
    node.reconcile()
    assert node.reconcile(members={"n1"}) == []
    assert node.recorder.told == []
    assert "n2 has no speaker" in str(node.reconciler.verdicts[WEB])


def test_when_the_winner_dies_we_take_over_and_when_it_returns_we_fall_silent(node):
    node.view.put(WEB, THEIRS)
    node.reconcile()
    assert node.reconcile(members={"n1"}) == [("announce", THEIRS, None)]
    assert node.announced(WEB, THEIRS) == 1
    assert node.reconcile() == [("withdraw", THEIRS)]
    assert node.announced(WEB, THEIRS) is None
    assert node.recorder.told == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda view: view.services.clear(), id="it is deleted"),
        pytest.param(lambda view: view.slices.clear(), id="it has no endpoint"),
        pytest.param(lambda view: view.put(WEB, ""), id="it loses its address"),
        pytest.param(lambda view: view.put(WEB, "203.0.113.1"), id="its address lies in no pool"),
        pytest.param(lambda view: view.put(WEB, "2001:db8::1"), id="its address is of IPv6"),
        pytest.param(lambda view: view.advertise(by=["api"]), id="no advertisement selects it"),
        pytest.param(lambda view: view.nodes.clear(), id="no node is left"),
    ],
)
def test_a_service_that_is_not_to_be_announced_any_more_falls_silent(node, change):
    node.view.put(WEB, OURS)
    node.reconcile()
    change(node.view)
    assert node.reconcile(WEB) == [("withdraw", OURS)]
    assert node.announced(WEB, OURS) is None


def test_a_service_that_is_deleted_is_forgotten(node):
    node.view.put(WEB, OURS)
    node.reconcile()
    node.view.services.clear()
    node.reconcile(WEB)
    assert node.reconciler.verdicts == {}


def test_a_service_that_nobody_knows_changes_nothing(node):
    assert node.reconcile("shop/unknown") == []
    assert node.reconciler.verdicts == {}


def test_a_service_that_changes_its_address_moves(node):
    node.view.put(WEB, OURS)
    node.reconcile()
    node.view.put(WEB, "192.0.2.5")
    assert node.reconcile(members={"n1"}) == [("withdraw", OURS), ("announce", "192.0.2.5", None)]
    assert (node.announced(WEB, OURS), node.announced(WEB, "192.0.2.5")) == (None, 1)


def test_other_interfaces_are_announced_on_without_a_withdrawal(node):
    node.view.put(WEB, OURS)
    node.reconcile()
    node.view.advertise("eth1")
    assert node.reconcile() == [("announce", OURS, frozenset({"eth1"}))]
    assert node.announced(WEB, OURS) == 1


def test_only_the_services_named_are_judged(node):
    node.view.put(WEB, OURS)
    node.view.put(SHOP, THEIRS)
    assert node.reconcile(SHOP, members={"n1"}) == [("announce", THEIRS, None)]
    assert list(node.reconciler.verdicts) == [SHOP]


def test_an_address_of_two_services_falls_silent_with_the_last_of_them(node):
    node.view.put(WEB, OURS)
    node.view.put(SHOP, OURS)
    node.reconcile()
    del node.view.services[WEB]
    assert node.reconcile(WEB) == []
    assert (node.announced(WEB, OURS), node.announced(SHOP, OURS)) == (None, 1)
    del node.view.services[SHOP]
    assert node.reconcile(SHOP) == [("withdraw", OURS)]


def test_an_address_that_passes_from_one_service_to_another_is_announced_throughout(node):
    node.view.put(WEB, OURS)
    node.reconcile()
    node.view.put(SHOP, OURS)
    node.view.put(WEB, "")
    assert node.reconcile(SHOP, WEB) == [("announce", OURS, None)]


def test_a_node_without_the_interfaces_says_which_and_what_to_do(node):
    node.view.put(WEB, OURS)
    node.view.advertise("bond0", "bond1")
    assert node.reconcile() == [("announce", OURS, frozenset({"bond0", "bond1"}))]
    assert node.recorder.told == [
        (
            "web",
            "Warning",
            "announceFailed",
            "192.0.2.2 is announced nowhere: node n1 is elected and has none of the interfaces bond0, bond1"
            " that the L2Advertisement names; those that carry announcements: eth0, eth1. Correct"
            " spec.interfaces, or leave such nodes out by spec.nodeSelectors.",
        )
    ]


def test_one_of_the_interfaces_is_enough(node):
    node.view.put(WEB, OURS)
    node.view.advertise("eth0", "bond1")
    node.reconcile()
    assert [reason for _, _, reason, _ in node.recorder.told] == ["nodeAssigned"]


def test_our_addresses_are_of_the_type_that_arp_needs(node):
    node.view.put(WEB, OURS)
    node.reconcile()
    assert {type(each.address) for each in node.reconciler._announcements.values()} == {IPv4Address}
