from ipaddress import ip_address

import pytest

from lb.api.meta import ObjectMeta
from lb.api.service import Service, ServicePort, ServiceSpec
from lb.ipam.request import Request, read_request, terms_of
from lb.ipam.terms import Terms

POOL, IPS = "metallb.io/address-pool", "metallb.io/loadBalancerIPs"
OLD_POOL, OLD_IPS = "metallb.universe.tf/address-pool", "metallb.universe.tf/loadBalancerIPs"
KEY, OLD_KEY = "metallb.io/allow-shared-ip", "metallb.universe.tf/allow-shared-ip"
CONSENT = "anvil-lb.io/share-across-namespaces"
V4, V6 = "10.96.0.1", "fd00::1"


def service(annotations=None, labels=None, **spec):
    spec = {"cluster_ip": V4, **spec}
    meta = ObjectMeta(name="web", namespace="shop", annotations=annotations or {}, labels=labels or {})
    return Service(meta, ServiceSpec(type="LoadBalancer", **spec))


def request(*wishes, pool=None, addresses=(), **more):
    return Request(Terms("shop/web"), wishes or ((4,),), pool, tuple(map(ip_address, addresses)), **more)


BOTH, PREFERRED = {"cluster_ips": (V4, V6)}, "PreferDualStack"


@pytest.mark.parametrize(
    ("asking", "expected"),
    [
        pytest.param(service(), request(), id="nothing in particular"),
        pytest.param(service(labels={"a": "b"}), request(labels={"a": "b"}), id="labels"),
        pytest.param(service(cluster_ip=V6), request((6,)), id="IPv6"),
        pytest.param(
            service(**BOTH, ip_family_policy="RequireDualStack"), request((4, 6)), id="RequireDualStack"
        ),
        pytest.param(
            service(**BOTH, ip_family_policy=PREFERRED),
            request((4, 6), (4,), (6,)),
            id="PreferDualStack, rather IPv4 than IPv6",
        ),
        pytest.param(
            service(cluster_ips=(V6, V4), ip_family_policy=PREFERRED),
            request((4, 6), (6,), (4,)),
            id="PreferDualStack, rather IPv6 than IPv4",
        ),
        pytest.param(
            service(cluster_ips=(V6,), ip_family_policy=PREFERRED),
            request((6,)),
            id="PreferDualStack in a cluster of one family",
        ),
        pytest.param(service({POOL: "edge"}), request(pool="edge"), id="pool"),
        pytest.param(service({POOL: ""}), request(), id="pool, empty"),
        pytest.param(service({OLD_POOL: "edge"}), request(pool="edge"), id="pool, deprecated annotation"),
        pytest.param(service({OLD_POOL: "a", POOL: "b"}), request(pool="b"), id="pool, both annotations"),
        pytest.param(service({IPS: " 192.0.2.7 "}), request(addresses=["192.0.2.7"]), id="address"),
        pytest.param(
            service({OLD_IPS: "192.0.2.7"}), request(addresses=["192.0.2.7"]), id="address, deprecated"
        ),
        pytest.param(
            service(load_balancer_ip="192.0.2.7"), request(addresses=["192.0.2.7"]), id="spec.loadBalancerIP"
        ),
        pytest.param(
            service({IPS: ""}, load_balancer_ip="192.0.2.7"),
            request(addresses=["192.0.2.7"]),
            id="spec.loadBalancerIP and an empty annotation",
        ),
        pytest.param(
            service({IPS: "2001:DB8::7 , 192.0.2.7"}, **BOTH, ip_family_policy="RequireDualStack"),
            request((4, 6), addresses=["2001:db8::7", "192.0.2.7"]),
            id="two addresses, in the order in which they are asked for",
        ),
        pytest.param(
            service({IPS: "2001:DB8::7", POOL: "edge"}, **BOTH, ip_family_policy=PREFERRED),
            request((6,), pool="edge", addresses=["2001:db8::7"]),
            id="pool and address of the second family",
        ),
    ],
)
def test_a_service_asks(asking, expected):
    assert read_request(asking) == expected


PORTS = {"ports": (ServicePort(80), ServicePort(53, "UDP"))}
READ = frozenset({("TCP", 80), ("UDP", 53)})
LOCAL = {"external_traffic_policy": "Local"}


@pytest.mark.parametrize(
    ("asking", "expected"),
    [
        pytest.param(service(**PORTS), Terms("shop/web"), id="with nobody"),
        pytest.param(service({KEY: ""}, **PORTS), Terms("shop/web"), id="empty key"),
        pytest.param(service({CONSENT: "true"}, **PORTS), Terms("shop/web"), id="consent without a key"),
        pytest.param(service({KEY: "k"}, **PORTS), Terms("shop/web", "k", "", READ), id="key"),
        pytest.param(service({OLD_KEY: "k"}, **PORTS), Terms("shop/web", "k", "", READ), id="deprecated key"),
        pytest.param(
            service({KEY: "k", CONSENT: "true"}, **PORTS),
            Terms("shop/web", "k", "", READ, True),
            id="consent",
        ),
        pytest.param(
            service({KEY: "k", CONSENT: "maybe"}), Terms("shop/web", "k"), id="what is no consent is none"
        ),
        pytest.param(
            service({KEY: "k"}, selector={"b": "1", "a": "2"}, **LOCAL),
            Terms("shop/web", "k", '{"a":"2","b":"1"}'),
            id="policy Local: by the selector, in whatever order",
        ),
        pytest.param(
            service({KEY: "k"}, selector={"a": "1"}),
            Terms("shop/web", "k"),
            id="policy Cluster: any endpoints",
        ),
        pytest.param(
            service({KEY: "k"}, **LOCAL), Terms("shop/web", "k", "{}"), id="policy Local without a selector"
        ),
    ],
)
def test_a_service_shares_on_terms(asking, expected):
    assert terms_of(asking) == expected


def test_by_metallb_s_rule_a_key_counts_in_all_namespaces():
    asking = service({KEY: "k", CONSENT: "false"})
    assert terms_of(asking, shares_freely=True) == Terms("shop/web", "k", open_to_others=True)
    assert read_request(asking, shares_freely=True).terms == terms_of(asking, shares_freely=True)


NO_CLUSTER_IP = (
    "a Service without a cluster IP has nothing that an external address could lead to. "
    "Remove spec.clusterIP: None, or make the Service's type ClusterIP."
)
WRITE_ONE = "Write one, such as 192.0.2.10 or 2001:db8::10, or one of each family with a comma between."
NO_ADDRESS = f"this is no IP address. {WRITE_ONE}"
OTHER_FAMILY = "Ask for an address of each of these families and of no other, or change spec.ipFamilies."


@pytest.mark.parametrize(
    ("asking", "message"),
    [
        pytest.param(service(cluster_ip="None"), f"spec.clusterIP = 'None': {NO_CLUSTER_IP}", id="headless"),
        pytest.param(service(cluster_ip=""), f"spec.clusterIP = '': {NO_CLUSTER_IP}", id="no cluster IP"),
        pytest.param(
            service(cluster_ip="None", cluster_ips=("None",)),
            f"spec.clusterIP = 'None': {NO_CLUSTER_IP}",
            id="headless, in both fields",
        ),
        pytest.param(
            service(ip_family_policy="RequireDualStack"),
            "spec.ipFamilyPolicy = 'RequireDualStack': the Service has a cluster IP of one family only. "
            "Give the cluster both families, or write PreferDualStack.",
            id="RequireDualStack in a cluster of one family",
        ),
        pytest.param(
            service({CONSENT: "yes"}),
            "metadata.annotations[anvil-lb.io/share-across-namespaces] = 'yes': this is neither true nor "
            "false. Write 'true' or 'false', in quotes.",
            id="consent",
        ),
        pytest.param(
            service({IPS: "192.0.2.7"}, load_balancer_ip="192.0.2.8"),
            "metadata.annotations[metallb.io/loadBalancerIPs] = '192.0.2.7': "
            "spec.loadBalancerIP asks for 192.0.2.8 as well. Keep one of the two.",
            id="annotation and spec.loadBalancerIP",
        ),
        pytest.param(
            service({OLD_IPS: "192.0.2.7"}, load_balancer_ip="192.0.2.8"),
            "metadata.annotations[metallb.universe.tf/loadBalancerIPs] = '192.0.2.7': "
            "spec.loadBalancerIP asks for 192.0.2.8 as well. Keep one of the two.",
            id="deprecated annotation and spec.loadBalancerIP",
        ),
        pytest.param(
            service({IPS: "192.0.2.7,192.0.2.8"}),
            "metadata.annotations[metallb.io/loadBalancerIPs] = '192.0.2.7,192.0.2.8': these are several "
            "addresses of IPv4. Ask for one address of each family at most.",
            id="two addresses of a family",
        ),
        pytest.param(
            service({IPS: "192.0.2.7, edge"}, **BOTH),
            "metadata.annotations[metallb.io/loadBalancerIPs] = '192.0.2.7, edge': 'edge' is no IP address. "
            f"{WRITE_ONE}",
            id="one of two is no address",
        ),
        pytest.param(
            service({IPS: "192.0.2.7,2001:db8::7"}),
            "metadata.annotations[metallb.io/loadBalancerIPs] = '192.0.2.7,2001:db8::7': the Service's "
            f"cluster IPs are IPv4. {OTHER_FAMILY}",
            id="one of each family for a Service of one",
        ),
        pytest.param(
            service({IPS: "192.0.2.7"}, **BOTH, ip_family_policy="RequireDualStack"),
            "metadata.annotations[metallb.io/loadBalancerIPs] = '192.0.2.7': the Service's cluster IPs are "
            f"IPv4 and IPv6. {OTHER_FAMILY}",
            id="one of two families that are required",
        ),
        pytest.param(
            service({IPS: "192.0.2.0/24"}),
            f"metadata.annotations[metallb.io/loadBalancerIPs] = '192.0.2.0/24': {NO_ADDRESS}",
            id="range",
        ),
        pytest.param(
            service(load_balancer_ip="edge"), f"spec.loadBalancerIP = 'edge': {NO_ADDRESS}", id="name"
        ),
        pytest.param(
            service({IPS: "2001:db8::7%eth0"}, cluster_ip=V6),
            f"metadata.annotations[metallb.io/loadBalancerIPs] = '2001:db8::7%eth0': {NO_ADDRESS}",
            id="address with a zone, which would differ from the same without",
        ),
        pytest.param(
            service(load_balancer_ip="2001:db8::7"),
            f"spec.loadBalancerIP = '2001:db8::7': the Service's cluster IPs are IPv4. {OTHER_FAMILY}",
            id="address of the other family",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_rejected(asking, message):
    assert str(read_request(asking)) == f"Service shop/web: {message}"


@pytest.mark.parametrize(
    "asking",
    [
        pytest.param(service({IPS: "7" * 100_000}), id="annotation"),
        pytest.param(service({IPS: "7"}, load_balancer_ip="7" * 100_000), id="field"),
    ],
)
def test_a_long_text_makes_a_message_that_an_event_can_hold(asking):
    assert len(str(read_request(asking))) < 1024
