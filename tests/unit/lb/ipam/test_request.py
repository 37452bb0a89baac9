from ipaddress import ip_address

import pytest

from lb.api.meta import ObjectMeta
from lb.api.service import Service, ServiceSpec
from lb.ipam.request import Request, read_request

POOL, IPS = "metallb.io/address-pool", "metallb.io/loadBalancerIPs"
OLD_POOL, OLD_IPS = "metallb.universe.tf/address-pool", "metallb.universe.tf/loadBalancerIPs"
V4, V6 = "10.96.0.1", "fd00::1"


def service(annotations=None, **spec):
    spec = {"cluster_ip": V4, **spec}
    meta = ObjectMeta(name="web", namespace="shop", annotations=annotations or {})
    return Service(meta, ServiceSpec(type="LoadBalancer", **spec))


def request(versions=(4,), pool=None, address=None):
    return Request("shop/web", versions, pool, ip_address(address) if address else None, "shop")


@pytest.mark.parametrize(
    ("asking", "expected"),
    [
        pytest.param(service(), request(), id="nothing in particular"),
        pytest.param(service(cluster_ip=V6), request((6,)), id="IPv6"),
        pytest.param(
            service(cluster_ips=(V6, V4)), request((6, 4)), id="both families, in the Service's order"
        ),
        pytest.param(
            service(cluster_ips=(V4, V6), ip_family_policy="PreferDualStack"),
            request((4, 6)),
            id="dual stack, where there can be",
        ),
        pytest.param(service({POOL: "edge"}), request(pool="edge"), id="pool"),
        pytest.param(service({POOL: ""}), request(), id="pool, empty"),
        pytest.param(service({OLD_POOL: "edge"}), request(pool="edge"), id="pool, deprecated annotation"),
        pytest.param(service({OLD_POOL: "a", POOL: "b"}), request(pool="b"), id="pool, both annotations"),
        pytest.param(service({IPS: " 192.0.2.7 "}), request(address="192.0.2.7"), id="address"),
        pytest.param(service({OLD_IPS: "192.0.2.7"}), request(address="192.0.2.7"), id="address, deprecated"),
        pytest.param(
            service(load_balancer_ip="192.0.2.7"), request(address="192.0.2.7"), id="spec.loadBalancerIP"
        ),
        pytest.param(
            service({IPS: ""}, load_balancer_ip="192.0.2.7"),
            request(address="192.0.2.7"),
            id="spec.loadBalancerIP and an empty annotation",
        ),
        pytest.param(
            service({IPS: "2001:DB8::7", POOL: "edge"}, cluster_ips=(V4, V6)),
            request((4, 6), "edge", "2001:db8::7"),
            id="pool and address of the second family",
        ),
    ],
)
def test_a_service_asks(asking, expected):
    assert read_request(asking) == expected


def test_a_request_tells_namespace_and_labels_for_pools_that_are_kept_for_some():
    asking = Service(
        ObjectMeta(name="web", namespace="bank", labels={"tier": "gold"}), ServiceSpec(cluster_ip=V4)
    )
    assert read_request(asking) == Request("bank/web", (4,), namespace="bank", labels={"tier": "gold"})


NO_CLUSTER_IP = (
    "a Service without a cluster IP has nothing that an external address could lead to. "
    "Remove spec.clusterIP: None, or make the Service's type ClusterIP."
)
NO_ADDRESS = "this is no IP address. Write one, such as 192.0.2.10 or 2001:db8::10."
OTHER_FAMILY = "Ask for an address of that family, or change spec.ipFamilies."


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
            service(cluster_ips=(V4, V6), ip_family_policy="RequireDualStack"),
            "spec.ipFamilyPolicy = 'RequireDualStack': two addresses for one Service are not supported yet. "
            "Write PreferDualStack or SingleStack, and the Service gets one address.",
            id="RequireDualStack",
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
            service({IPS: "192.0.2.7,2001:db8::7"}, cluster_ips=(V4, V6)),
            "metadata.annotations[metallb.io/loadBalancerIPs] = '192.0.2.7,2001:db8::7': "
            "two addresses for one Service are not supported yet. Ask for one address.",
            id="two addresses",
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
