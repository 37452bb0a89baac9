from ipaddress import ip_address

import pytest

from lb.api.meta import ObjectMeta
from lb.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceSpec, ServiceStatus
from lb.config.services import annotation, annotation_key, deprecated, is_ours, key, status_address

CLASS = "example.com/lb"


def service(type_="LoadBalancer", class_=None, deleted=None, ingress=()):
    return Service(
        ObjectMeta(name="web", namespace="shop", deletion_timestamp=deleted),
        ServiceSpec(type=type_, load_balancer_class=class_),
        ServiceStatus(LoadBalancerStatus(tuple(ingress))),
    )


def test_a_service_goes_by_namespace_and_name():
    assert key(service()) == "shop/web"


@pytest.mark.parametrize(
    ("given", "load_balancer_class", "ours"),
    [
        pytest.param(service(), None, True, id="no class, and we are the default"),
        pytest.param(service(class_=""), None, True, id="empty class, and we are the default"),
        pytest.param(service(class_=CLASS), CLASS, True, id="our class"),
        pytest.param(service(class_=CLASS), None, False, id="a class, and we are the default"),
        pytest.param(service(), CLASS, False, id="no class, and we have one"),
        pytest.param(service(class_="example.com/other"), CLASS, False, id="class of another"),
        pytest.param(service(type_="ClusterIP"), None, False, id="other type"),
        pytest.param(service(deleted="2026-01-01T00:00:00Z"), None, False, id="being deleted"),
    ],
)
def test_a_service_is_ours_by_type_and_class(given, load_balancer_class, ours):
    assert is_ours(given, load_balancer_class) is ours


@pytest.mark.parametrize(
    ("ingress", "address"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([LoadBalancerIngress(ip="10.0.0.1")], "10.0.0.1", id="address"),
        pytest.param([LoadBalancerIngress(hostname="lb.example")], None, id="host name"),
        pytest.param([LoadBalancerIngress(ip="10.0.0.1.2")], None, id="garbage"),
        pytest.param([LoadBalancerIngress(ip="fe80::1%eth0")], None, id="zone"),
        pytest.param(
            [LoadBalancerIngress(ip="x"), LoadBalancerIngress(ip="10.0.0.1")], "10.0.0.1", id="after garbage"
        ),
        pytest.param(
            [LoadBalancerIngress(ip="10.0.0.1"), LoadBalancerIngress(ip="10.0.0.2")], "10.0.0.1", id="two"
        ),
    ],
)
def test_the_status_names_the_first_address_in_it(ingress, address):
    expected = ip_address(address) if address is not None else None
    assert status_address(service(ingress=ingress)) == expected


NEW, OLD = "metallb.io/address-pool", "metallb.universe.tf/address-pool"


@pytest.mark.parametrize(
    ("annotations", "found_key", "value"),
    [
        pytest.param({}, NEW, None, id="neither"),
        pytest.param({NEW: "a"}, NEW, "a", id="today's"),
        pytest.param({OLD: "b"}, OLD, "b", id="deprecated"),
        pytest.param({OLD: "b", NEW: "a"}, NEW, "a", id="both: today's wins"),
        pytest.param({OLD: "b", NEW: ""}, NEW, "", id="both, today's empty: it wins nevertheless"),
    ],
)
def test_an_annotation_is_found_under_either_prefix(annotations, found_key, value):
    assert annotation(annotations, "address-pool") == value
    assert annotation_key(annotations, "address-pool") == found_key


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        pytest.param({NEW: "a", "example.com/metallb.universe.tf": "b"}, {}, id="none"),
        pytest.param(
            {OLD: "b", "metallb.universe.tf/allow-shared-ip": "x"},
            {
                OLD: f"Use {NEW} in its place.",
                "metallb.universe.tf/allow-shared-ip": "Use metallb.io/allow-shared-ip in its place.",
            },
            id="two",
        ),
        pytest.param({OLD: "b", NEW: "a"}, {OLD: f"Remove it: {NEW} is there too, and counts."}, id="both"),
        pytest.param(
            {"metallb.universe.tf/ip-allocated-from-pool": "a"},
            {
                "metallb.universe.tf/ip-allocated-from-pool": "It is ours to write, is removed, and stands in"
                " metallb.io/ip-allocated-from-pool now."
            },
            id="ours",
        ),
        pytest.param(
            {"metallb.universe.tf/adress-pool": "a", "metallb.universe.tf.example/x": ""},
            {
                "metallb.universe.tf.example/x": "Nothing reads it: remove it.",
                "metallb.universe.tf/adress-pool": "Nothing reads it: remove it.",
            },
            id="unknown",
        ),
    ],
)
def test_deprecated_annotations_are_found_with_what_to_do(annotations, expected):
    assert deprecated(annotations) == expected
    assert list(deprecated(annotations)) == sorted(expected)
