"""A world of Services and nodes for the tests of the speaker's shell, and those whom it lets act."""

from ipaddress import ip_address

from lb.announce.bulletin import Bulletin, emit
from lb.announce.case import Endpoints
from lb.api.l2_advertisement import L2AdvertisementSpec
from lb.api.meta import ObjectMeta
from lb.api.node import Node
from lb.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceSpec, ServiceStatus
from lb.config.config import Config, L2Advertisement, Pool
from lb.config.parser import Parsed
from lb.config.ranges import parse_range

WEB, SHOP, API = "shop/web", "shop/shop", "shop/api"
# sha256(node + "#" + address) puts n1 first for the first two, n2 for the third and fourth.
OURS, OURS6, THEIRS, THEIRS2 = "192.0.2.2", "2001:db8::2", "192.0.2.1", "192.0.2.4"
GATE = 30080
GATED = {"anvil-lb.io/gate-on-health-check": "true"}
POOL = Pool("edge", {}, (parse_range("192.0.2.0/24"), parse_range("2001:db8::/120")), True, False)
LAN = L2Advertisement("lan", L2AdvertisementSpec())


class World:
    """What a view knows; tests change it."""

    def __init__(self, *nodes):
        self.services = {}
        self.nodes = {name: Node(ObjectMeta(name=name)) for name in nodes or ("n1", "n2")}
        self.parsed = Parsed(Config({"edge": POOL}, {"lan": LAN}))
        self._endpoints = {}

    def endpoints_of(self, service):
        return self._endpoints.get(service, Endpoints())

    def put(self, key, *addresses, on=("n1", "n2"), annotations=None, **spec):
        """A Service with *addresses* and an endpoint on each node of *on*."""
        namespace, name = key.split("/")
        ingress = tuple(LoadBalancerIngress(ip=each) for each in addresses)
        self.services[key] = Service(
            ObjectMeta(name=name, namespace=namespace, annotations=annotations or {}),
            ServiceSpec(**{"type": "LoadBalancer", **spec}),
            ServiceStatus(LoadBalancerStatus(ingress)),
        )
        self._endpoints[key] = Endpoints(bool(on), dict.fromkeys(on, True))

    def gated(self, key, address, *on):
        """A Service whose nodes have to be healthy first."""
        local = {"external_traffic_policy": "Local", "health_check_node_port": GATE}
        self.put(key, address, on=on, annotations=GATED, **local)


def word(*addresses, interfaces=("eth0",), healthy=(), is_fresh=False):
    """The bytes by which a node tells of itself."""
    on, claimed = frozenset(interfaces), frozenset(map(ip_address, addresses))
    return emit(Bulletin(on, on, claimed, frozenset(healthy), is_fresh))
