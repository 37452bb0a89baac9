from ipaddress import ip_address

import pytest
from prometheus_client import CollectorRegistry

from lb.announce.bulletin import Bulletin
from lb.announce.case import Endpoints
from lb.announce.claims import Claims
from lb.announce.electorate import Electorate
from lb.announce.eligibility import Surroundings
from lb.announce.handover import PATIENCE
from lb.announce.petition import Petition
from lb.announce.verdict import Silent, judge
from lb.announce.why import WhyNobody
from lb.api.l2_advertisement import L2AdvertisementSpec
from lb.api.meta import LabelSelector, ObjectMeta
from lb.api.node import Node
from lb.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceSpec, ServiceStatus
from lb.config.config import Config, L2Advertisement, Pool
from lb.config.ranges import parse_range
from lb.observe.metrics import SpeakerMetrics
from speaker.reconciler import Reconciler

WEB, SHOP = "shop/web", "shop/shop"
# sha256(node + "#" + address) puts n1 first for the first two addresses, n2 for the third.
OURS, OURS6, THEIRS = "192.0.2.2", "2001:db8::2", "192.0.2.1"
SERVED = Endpoints(True)
ETH0 = Bulletin(frozenset({"eth0"}), frozenset({"eth0"}))


class Announcer:
    """Remembers what it is asked to do, in order."""

    def __init__(self):
        self.usable = self.usable_ipv6 = frozenset({"eth0", "eth1"})
        self.asked = []
        self.withheld = frozenset()

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


class Ledger:
    """Knows what is noted."""

    def __init__(self):
        self.noted = {}

    def note(self, service, interfaces):
        self.noted[service] = interfaces

    def strike(self, service):
        del self.noted[service]


class Node1:
    """A reconciler on n1, with a cluster of n1 and n2 that tests change."""

    def __init__(self):
        self.announcer, self.recorder, self.ledger = Announcer(), Recorder(), Ledger()
        self.registry = CollectorRegistry()
        metrics = SpeakerMetrics.of(self.registry)
        self.reconciler = Reconciler("n1", self.announcer, self.recorder, metrics, self.ledger)
        self.services, self.endpoints = {}, {}
        self.nodes = {name: Node(ObjectMeta(name=name)) for name in ("n1", "n2")}
        self.ready = frozenset({"n1", "n2"})
        self.claims = Claims()
        self.now = 100.0
        self.advertise()

    def put(self, key, *addresses, served=SERVED, **labels):
        """A Service with *addresses*."""
        namespace, name = key.split("/")
        ingress = tuple(LoadBalancerIngress(ip=each) for each in addresses)
        self.services[key] = Service(
            ObjectMeta(name=name, namespace=namespace, uid=f"uid-{name}", labels=labels),
            ServiceSpec(type="LoadBalancer"),
            ServiceStatus(LoadBalancerStatus(ingress)),
        )
        self.endpoints[key] = served

    def advertise(self, *interfaces, **by_app):
        """One L2Advertisement on *interfaces*, or one for each app on an interface of its own."""
        pool = Pool("edge", {}, (parse_range("192.0.2.0/24"), parse_range("2001:db8::/120")), True, False)
        specs = {"all": L2AdvertisementSpec(interfaces=interfaces)}
        if by_app:
            specs = {
                app: L2AdvertisementSpec(
                    service_selectors=(LabelSelector({"app": app}),), interfaces=(each,) if each else ()
                )
                for app, each in by_app.items()
            }
        named = {name: L2Advertisement(name, spec) for name, spec in specs.items()}
        self.config = Config({"edge": pool}, named)

    def serve(self, node, *addresses):
        """*node* says that it serves *addresses*."""
        self.claims.put(node, frozenset(map(ip_address, addresses)))

    def act(self, *keys, without=(), later=0.0):
        """What is asked of the announcer for *keys*, all Services where none is given, judged together."""
        self.now += later
        self.announcer.asked.clear()
        self.recorder.told.clear()
        self.ready = frozenset({"n1", "n2"} - set(without))
        keys = keys or tuple(self.services)
        known = Electorate(self.config, Surroundings(self.nodes, self.ready, {"n1": ETH0}))
        group = {
            key: Petition(self.services[key], self.endpoints[key]) for key in keys if key in self.services
        }
        verdicts = judge(known, self.claims, group, None)
        for key in keys:
            verdict = verdicts.get(key, Silent(WhyNobody.NOT_OURS))
            self.reconciler.act(key, self.services.get(key), verdict, self.ready, self.now)
        self.reconciler.settle(self.claims, self.now)
        return self.announcer.asked

    def settle(self, later=0.0):
        """What is asked of the announcer some seconds later."""
        self.now += later
        self.announcer.asked.clear()
        self.reconciler.settle(self.claims, self.now)
        return self.announcer.asked

    def announced(self, key, address):
        labels = {"service": key, "protocol": "layer2", "node": "n1", "ip": address}
        return self.registry.get_sample_value("metallb_speaker_announced", labels)

    @property
    def served(self):
        return {str(each) for each in self.reconciler.served}


@pytest.fixture
def node():
    return Node1()


def test_what_we_win_is_announced_told_noted_and_counted(node):
    node.put(WEB, OURS, OURS6)
    assert node.act() == [("announce", OURS, None), ("announce", OURS6, None)]
    assert node.recorder.told == [
        (
            "web",
            "Normal",
            "nodeAssigned",
            'announcing from node "n1" with protocol "layer2": node n1 ranks first of those that may;'
            " node n2 may announce, but another node ranks before it",
        )
    ]
    assert (node.announced(WEB, OURS), node.announced(WEB, OURS6)) == (1, 1)
    assert node.served == {OURS, OURS6}
    assert node.ledger.noted == {WEB: None}


def test_what_another_node_wins_is_not(node):
    node.put(WEB, THEIRS)
    assert node.act() == []
    assert node.recorder.told == []
    assert node.announced(WEB, THEIRS) is None
    assert (node.served, node.ledger.noted) == (set(), {})


def test_the_same_verdict_again_changes_nothing(node):
    node.put(WEB, OURS)
    node.act()
    assert node.act() == []
    assert node.recorder.told == []


def test_a_verdict_that_differs_in_its_reasons_only_is_not_told_again(node):
    node.put(WEB, OURS)
    node.act()
    assert node.act(without=["n2"]) == []
    assert node.recorder.told == []
    assert "n2 has no speaker" in str(node.reconciler.verdicts[WEB])


def test_when_the_winner_dies_we_take_over(node):
    node.put(WEB, THEIRS)
    node.act()
    assert node.act(without=["n2"]) == [("announce", THEIRS, None)]
    assert node.announced(WEB, THEIRS) == 1


def losing(node):
    """*node* announces what n2 is elected for now, and does not know whether that serves it."""
    node.put(WEB, THEIRS)
    node.act(without=["n2"])
    node.act()


def test_what_we_lose_is_answered_until_the_successor_serves_it(node):
    losing(node)
    assert (node.announcer.asked, node.served) == ([], {THEIRS})
    assert (node.announced(WEB, THEIRS), node.ledger.noted) == (None, {})
    assert node.settle(later=0.1) == []
    node.serve("n2", THEIRS)
    assert node.settle() == [("withdraw", THEIRS)]
    assert (node.served, node.reconciler.next_timer()) == (set(), None)


def test_what_we_lose_is_answered_no_longer_than_a_while(node):
    losing(node)
    assert node.reconciler.next_timer() == node.now + PATIENCE
    assert node.settle(later=PATIENCE / 2) == []
    assert node.settle(later=PATIENCE) == [("withdraw", THEIRS)]


def test_what_we_lose_and_get_back_is_made_known_anew(node):
    losing(node)
    assert node.act(without=["n2"]) == [("withdraw", THEIRS), ("announce", THEIRS, None)]
    assert (node.served, node.reconciler.next_timer()) == ({THEIRS}, None)


def test_what_others_took_from_us_as_from_a_dead_node_is_not_answered_a_moment_longer(node):
    node.put(WEB, OURS)
    node.act()
    assert node.act(without=["n1"]) == [("withdraw", OURS)]


def test_one_that_leaves_waits_for_its_successors(node):
    node.put(WEB, OURS)
    node.act()
    node.reconciler.is_leaving = True
    assert node.act(without=["n1"]) == []
    node.serve("n2", OURS)
    assert node.settle() == [("withdraw", OURS)]


def test_a_successor_that_is_replaced_is_waited_for_no_more(node):
    losing(node)
    node.services.clear()
    assert node.act(WEB) == [("withdraw", THEIRS)]


def test_what_a_successor_serves_already_is_left_to_it_at_once(node):
    node.put(WEB, THEIRS)
    node.act(without=["n2"])
    node.serve("n2", THEIRS)
    assert node.act() == [("withdraw", THEIRS)]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda node: node.services.clear(), id="it is deleted"),
        pytest.param(lambda node: node.put(WEB, OURS, served=Endpoints()), id="it has no endpoint"),
        pytest.param(lambda node: node.put(WEB), id="it loses its address"),
        pytest.param(lambda node: node.put(WEB, "203.0.113.1"), id="its address lies in no pool"),
        pytest.param(lambda node: node.advertise(api=None), id="no advertisement selects it"),
        pytest.param(lambda node: node.nodes.clear(), id="no node is left"),
    ],
)
def test_a_service_that_nobody_is_to_announce_any_more_falls_silent_at_once(node, change):
    node.put(WEB, OURS)
    node.act()
    change(node)
    assert node.act(WEB) == [("withdraw", OURS)]
    assert node.announced(WEB, OURS) is None
    assert node.ledger.noted == {}


def test_a_service_that_is_deleted_is_forgotten(node):
    node.put(WEB, OURS)
    node.act()
    node.services.clear()
    node.act(WEB)
    assert node.reconciler.verdicts == {}


def test_a_service_that_nobody_knows_changes_nothing(node):
    assert node.act("shop/unknown") == []
    assert node.reconciler.verdicts == {}


def test_a_service_that_changes_its_address_moves(node):
    node.put(WEB, OURS)
    node.act()
    node.put(WEB, "192.0.2.5")
    assert node.act(without=["n2"]) == [("announce", "192.0.2.5", None), ("withdraw", OURS)]
    assert (node.announced(WEB, OURS), node.announced(WEB, "192.0.2.5")) == (None, 1)


def test_a_service_that_gets_a_second_address_keeps_the_first_where_it_is(node):
    node.put(WEB, OURS)
    node.act()
    node.put(WEB, OURS, OURS6)
    node.act()
    assert ("withdraw", OURS) not in node.announcer.asked
    assert node.served == {OURS, OURS6}
    assert [reason for _, _, reason, _ in node.recorder.told] == ["nodeAssigned"]


def test_other_interfaces_are_announced_on_without_a_withdrawal(node):
    node.put(WEB, OURS)
    node.act()
    node.advertise("eth0")
    assert node.act() == [("announce", OURS, frozenset({"eth0"}))]
    assert (node.announced(WEB, OURS), node.ledger.noted) == (1, {WEB: frozenset({"eth0"})})


def test_an_address_is_announced_on_the_interfaces_of_all_its_services(node):
    node.put(WEB, OURS, app="web")
    node.put(SHOP, OURS, app="shop")
    node.advertise(web="eth0", shop="eth1")
    node.nodes = {"n1": node.nodes["n1"]}
    node.reconciler = Reconciler(
        "n1", node.announcer, node.recorder, SpeakerMetrics.of(CollectorRegistry()), node.ledger
    )
    node.advertise(web="eth0", shop=None)
    assert node.act() == [("announce", OURS, frozenset({"eth0"})), ("announce", OURS, None)]
    node.put(SHOP)
    assert node.act() == [("announce", OURS, frozenset({"eth0"}))]


def test_an_address_of_two_services_falls_silent_with_the_last_of_them(node):
    node.put(WEB, OURS)
    node.put(SHOP, OURS)
    node.act()
    del node.services[WEB]
    assert node.act(WEB) == [("announce", OURS, None)]
    assert (node.announced(WEB, OURS), node.announced(SHOP, OURS)) == (None, 1)
    del node.services[SHOP]
    assert node.act(SHOP) == [("withdraw", OURS)]


@pytest.mark.parametrize("order", [(SHOP, WEB), (WEB, SHOP)])
def test_an_address_that_passes_from_one_service_to_another_is_announced_throughout(node, order):
    node.put(WEB, OURS)
    node.act()
    node.put(SHOP, OURS)
    node.put(WEB)
    assert ("withdraw", OURS) not in node.act(*order)
    assert node.served == {OURS}


def test_nothing_is_served_where_no_interface_is(node):
    node.put(WEB, OURS)
    node.advertise("eth0")
    node.act()
    node.announcer.usable = frozenset({"eth1"})
    assert node.served == set()
    node.announcer.usable = frozenset({"eth0"})
    assert node.served == {OURS}


def test_an_ipv6_address_is_not_served_where_no_interface_carries_ipv6(node):
    node.put(WEB, OURS, OURS6)
    node.act()
    node.announcer.usable_ipv6 = frozenset()
    assert node.served == {OURS}


EXCLUDED = ObjectMeta(labels={"node.kubernetes.io/exclude-from-external-load-balancers": ""})


@pytest.mark.parametrize(
    ("address", "tells"),
    [pytest.param(OURS, True, id="n1 ranks first"), pytest.param(THEIRS, False, id="n2")],
)
def test_where_nobody_announces_the_first_by_rank_tells_why(node, address, tells):
    node.put(WEB, address)
    node.nodes = {"n1": Node(ObjectMeta(name="n1", labels=EXCLUDED.labels)), "n2": node.nodes["n2"]}
    assert node.act(without=["n2"]) == []
    (told,) = node.recorder.told
    assert told[:3] == ("web", "Warning", "announceFailed")
    assert told[3].startswith(f"no node announces {address}: each node that could announce has label ")
    assert node.act(without=["n2"]) == []
    assert node.recorder.told == []
    node.advertise(api=None)
    node.act()
    assert [message for *_, message in node.recorder.told] == (
        [f"no node announces {address}: no L2Advertisement covers the pool and the Service"] if tells else []
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda node: node.put(WEB), id="no address yet"),
        pytest.param(lambda node: node.put(WEB, OURS, served=Endpoints()), id="no endpoint yet"),
    ],
)
def test_what_is_as_it_should_be_is_told_by_nobody(node, change):
    change(node)
    node.act()
    assert (node.announcer.asked, node.recorder.told) == ([], [])


def test_the_loss_of_the_last_endpoint_is_told(node):
    node.put(WEB, OURS)
    node.act()
    node.put(WEB, OURS, served=Endpoints())
    node.act()
    assert node.recorder.told == [
        ("web", "Warning", "announceFailed", f"no node announces {OURS}: the Service has no serving endpoint")
    ]


def test_what_is_withheld_is_not_served(node):
    node.put(WEB, OURS)
    node.act()
    assert node.served == {OURS}
    node.announcer.withheld = node.reconciler.served
    node.reconciler.recount()
    assert (node.served, node.announced(WEB, OURS)) == (set(), 0)
    node.announcer.withheld = frozenset()
    node.reconciler.recount()
    assert (node.served, node.announced(WEB, OURS)) == ({OURS}, 1)


def test_the_services_of_an_address_are_known(node):
    node.put(WEB, OURS)
    assert node.reconciler.services_at(ip_address(OURS)) == []
    node.act()
    assert node.reconciler.services_at(ip_address(OURS)) == [WEB]


def test_what_is_served_is_counted_anew_only_when_it_may_be_something_else(node):
    node.put(WEB, OURS)
    node.act()
    before = node.reconciler.served
    assert node.served == {OURS}
    node.put(SHOP, THEIRS)
    node.act(SHOP)
    assert node.reconciler.served is before
    node.announcer.usable = frozenset()
    assert node.served == set()
    node.announcer.usable = frozenset({"eth0"})
    assert node.served == {OURS}
    del node.services[WEB]
    node.act(WEB)
    assert node.served == set()
