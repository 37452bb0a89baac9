import pytest

from lb.announce.case import Endpoints
from lb.announce.electorate import Electorate
from lb.announce.petition import Petition, hear
from lb.announce.why import WhyNobody
from lb.api.bgp_advertisement import BGPAdvertisementSpec
from lb.api.meta import LabelSelector
from lb.config.config import BGPAdvertisement, Config, Pool
from lb.config.ranges import parse_range

from .cluster import ANYWHERE, POOL, VIP, VIP6, advertisement, electorate, node, service

SERVED = Endpoints(True, {"node-a": True, "node-b": False})
GOLD = LabelSelector({"tier": "gold"})
GATED = {"anvil-lb.io/gate-on-health-check": "true"}
ELSEWHERE = advertisement("core", ip_address_pools=("core",))
FOR_GOLD = advertisement("for-gold", service_selectors=(GOLD,))


def heard(given, *advertisements, endpoints=SERVED, nodes=None):
    return hear(electorate(*advertisements, nodes=nodes), Petition(given, endpoints), None)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param(heard(service(VIP, type="ClusterIP")), WhyNobody.NOT_OURS, id="other type"),
        pytest.param(
            heard(service(VIP, load_balancer_class="example.com/other")), WhyNobody.NOT_OURS, id="other class"
        ),
        pytest.param(heard(service()), WhyNobody.NO_ADDRESS, id="no address"),
        pytest.param(
            heard(service(VIP), nodes=[node(address=str(VIP))]),
            WhyNobody.NODE_ADDRESS,
            id="address of a node",
        ),
        pytest.param(heard(service("10.0.0.1")), WhyNobody.NO_POOL, id="address of no pool"),
        pytest.param(
            heard(service(VIP), ELSEWHERE), WhyNobody.NO_ADVERTISEMENT, id="another pool advertised"
        ),
        pytest.param(
            heard(service(VIP), FOR_GOLD), WhyNobody.NO_ADVERTISEMENT, id="other Services advertised"
        ),
        pytest.param(heard(service(VIP), endpoints=Endpoints()), WhyNobody.NO_ENDPOINT, id="no endpoint"),
    ],
)
def test_what_is_not_to_be_announced_has_a_reason(given, why):
    assert given is why


@pytest.mark.parametrize(
    ("pools", "why"),
    [
        pytest.param(("edge",), WhyNobody.LEFT_TO_BGP, id="this pool"),
        pytest.param(("core",), WhyNobody.NO_ADVERTISEMENT, id="another pool"),
    ],
)
def test_what_only_bgp_advertises_is_left_to_it(pools, why):
    by_bgp = {"bgp": BGPAdvertisement("bgp", BGPAdvertisementSpec(ip_address_pools=pools))}
    known = Electorate(Config({"edge": POOL}, {}, by_bgp), electorate().surroundings)
    assert hear(known, Petition(service(VIP), SERVED), None) is why


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        pytest.param(heard(service(VIP)), (VIP,), id="IPv4"),
        pytest.param(heard(service(VIP6)), (VIP6,), id="IPv6"),
        pytest.param(heard(service(VIP, VIP6)), (VIP, VIP6), id="both"),
        pytest.param(heard(service(VIP6, VIP)), (VIP6, VIP), id="both, in the order of the status"),
        pytest.param(heard(service("10.0.0.1", VIP6)), (VIP6,), id="one of no pool"),
        pytest.param(
            heard(service(VIP, VIP6), nodes=[node(address=str(VIP))]), (VIP6,), id="one that is a node's own"
        ),
    ],
)
def test_all_addresses_that_can_be_announced_are(given, addresses):
    assert given.addresses == addresses


def test_an_address_of_a_pool_that_nobody_advertises_is_not_announced_beside_another():
    low, high = (
        Pool(name, {}, (parse_range(span),), True, False)
        for name, span in (("low", "192.0.2.0/24"), ("high", "2001:db8::/112"))
    )
    advertised = advertisement("low", ip_address_pools=("low",))
    known = Electorate(Config({"low": low, "high": high}, {"low": advertised}), electorate().surroundings)
    assert hear(known, Petition(service(VIP, VIP6), SERVED), None).addresses == (VIP,)


def test_the_advertisements_are_those_that_cover_the_pool_and_the_service():
    by_label = advertisement("by-label", ip_address_pool_selectors=(GOLD,))
    known = [ANYWHERE, FOR_GOLD, ELSEWHERE, by_label]
    assert heard(service(VIP, VIP6), *known).advertisements == (ANYWHERE, by_label)
    gold = service(VIP, labels={"tier": "gold"})
    assert heard(gold, *known).advertisements == (ANYWHERE, FOR_GOLD, by_label)


@pytest.mark.parametrize(
    ("spec", "annotations", "local", "gate"),
    [
        pytest.param({}, {}, None, 0, id="Cluster"),
        pytest.param({"external_traffic_policy": "Local"}, {}, SERVED.on, 0, id="Local"),
        pytest.param({"external_traffic_policy": "Local"}, GATED, SERVED.on, 30080, id="Local, gated"),
        pytest.param(
            {"external_traffic_policy": "Local"}, dict.fromkeys(GATED, "no"), SERVED.on, 0, id="not gated"
        ),
        pytest.param({}, GATED, None, 0, id="Cluster, gated in vain"),
    ],
)
def test_where_packets_are_served_follows_from_the_traffic_policy(spec, annotations, local, gate):
    case = heard(service(VIP, annotations=annotations, health_check_node_port=30080, **spec))
    assert (case.local, case.gate) == (local, gate)


NOTED = {"metallb.io/ip-allocated-from-pool": "edge"}


@pytest.mark.parametrize(
    ("annotations", "advertised", "is_announced"),
    [
        pytest.param(NOTED, ANYWHERE, True, id="noted, and all pools are advertised"),
        pytest.param(NOTED, advertisement(ip_address_pools=("edge",)), True, id="noted and advertised"),
        pytest.param(NOTED, advertisement(ip_address_pools=("other",)), False, id="not advertised"),
        pytest.param(
            {"metallb.universe.tf/ip-allocated-from-pool": "edge"},
            advertisement(ip_address_pools=("edge",)),
            True,
            id="noted by an older MetalLB",
        ),
        pytest.param({}, advertisement(ip_address_pools=("edge",)), True, id="not noted"),
        pytest.param(
            {"metallb.io/ip-allocated-from-pool": "gone"}, ANYWHERE, False, id="noted as of another"
        ),
    ],
)
def test_an_address_of_a_pool_that_cannot_be_read_is_announced_on(annotations, advertised, is_announced):
    unread = Config({}, {advertised.name: advertised}, unread=frozenset({"edge"}))
    known = Electorate(unread, electorate().surroundings)
    given = hear(known, Petition(service(VIP, annotations=annotations), SERVED), None)
    assert (not isinstance(given, WhyNobody)) is is_announced
