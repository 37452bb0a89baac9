"""How much CPU time a speaker of a large cluster takes to elect for all Services, and for one."""

import statistics
import time
from ipaddress import ip_address

from lb.announce.bulletin import Bulletin, emit
from lb.announce.case import Endpoints
from lb.api.l2_advertisement import L2AdvertisementSpec, PreferredNode
from lb.api.meta import LabelSelector, ObjectMeta
from lb.api.node import Node, NodeAddress, NodeStatus
from lb.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceSpec, ServiceStatus
from lb.config.config import Config, L2Advertisement, Pool
from lb.config.parser import Parsed
from lb.config.ranges import parse_range
from speaker.snapshot import Rules, Snapshot

NODES, SERVICES, RUNS = 500, 1000, 5


class World:
    """Nodes in three zones, one of which is preferred, and Services with an endpoint on ten nodes each."""

    def __init__(self, policy):
        self.nodes = {f"n{at}": _node(at) for at in range(NODES)}
        self.services = {f"shop/s{at}": _service(at, policy) for at in range(SERVICES)}
        preferred = PreferredNode(1, LabelSelector({"zone": "1"}))
        advertisement = L2Advertisement("lan", L2AdvertisementSpec(preferred_node_selectors=(preferred,)))
        pool = Pool("edge", {}, (parse_range("192.0.0.0/16"),), True, False)
        self.parsed = Parsed(Config({"edge": pool}, {"lan": advertisement}))

    def endpoints_of(self, service):
        first = int(service.partition("/s")[2]) * 7
        return Endpoints(True, {f"n{(first + at) % NODES}": True for at in range(10)})


def _node(number):
    address = NodeAddress("InternalIP", f"10.0.{number // 250}.{number % 250}")
    return Node(ObjectMeta(name=f"n{number}", labels={"zone": str(number % 3)}), NodeStatus((), (address,)))


def _service(number, policy):
    ingress = (LoadBalancerIngress(ip=str(ip_address("192.0.0.1") + number)),)
    return Service(
        ObjectMeta(name=f"s{number}", namespace="shop"),
        ServiceSpec(type="LoadBalancer", external_traffic_policy=policy),
        ServiceStatus(LoadBalancerStatus(ingress)),
    )


def _judge_all(snapshot, keys):
    started = time.process_time()
    snapshot.refresh()
    verdicts = {key: snapshot.judge(key)[key] for key in keys}
    return time.process_time() - started, verdicts


def test_a_pass(figures):
    for policy in ("Cluster", "Local"):
        world = World(policy)
        snapshot = Snapshot(Rules(), world)
        for key in world.services:
            snapshot.service_changed(key)
        snapshot.set_ready(frozenset(world.nodes))
        first, verdicts = _judge_all(snapshot, world.services)
        claims = {}
        for each in verdicts.values():
            claims.setdefault(each.winner, set()).update(each.addresses)
        on = frozenset({"eth0"})
        snapshot.hear({name: emit(Bulletin(on, on, frozenset(claims.get(name, ())))) for name in world.nodes})
        passes = []
        for run in range(RUNS):
            snapshot.set_ready(frozenset(world.nodes) - {f"n{run}"})
            passes.append(_judge_all(snapshot, world.services)[0])
        figures[f"election.{policy.lower()}.first_pass_cpu_s"] = first
        figures[f"election.{policy.lower()}.pass_after_a_loss_cpu_s"] = statistics.median(passes)
        figures[f"election.{policy.lower()}.one_service_cpu_s"] = _judge_all(snapshot, ["shop/s0"])[0]
