from ipaddress import ip_address

import pytest

from lb.api.meta import ObjectMeta
from lb.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceSpec, ServiceStatus
from lb.config.services import (
    KNOWN,
    annotation,
    annotation_key,
    deprecated,
    is_of_class,
    is_ours,
    key,
    status_addresses,
    unknown,
)

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


def test_a_service_that_is_being_deleted_or_of_another_type_is_of_our_class_all_the_same():
    assert is_of_class(service(class_=CLASS, deleted="2026-01-01T00:00:00Z", type_="ClusterIP"), CLASS)
    assert not is_of_class(service(), CLASS)


@pytest.mark.parametrize(
    ("entries", "addresses"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("10.0.0.1", "10.0.0.1", id="address"),
        pytest.param("lb.example", "", id="host name"),
        pytest.param("10.0.0.1.2", "", id="garbage"),
        pytest.param("fe80::1%eth0", "", id="zone"),
        pytest.param("x 10.0.0.1", "10.0.0.1", id="after garbage"),
        pytest.param("10.0.0.1 10.0.0.2", "10.0.0.1", id="two of one version: the first"),
        pytest.param("10.0.0.1 2001:db8::1", "10.0.0.1 2001:db8::1", id="one of each version"),
        pytest.param("2001:db8::1 10.0.0.1", "2001:db8::1 10.0.0.1", id="one of each, in their order"),
        pytest.param("10.0.0.2 2001:db8::1 10.0.0.1", "10.0.0.2 2001:db8::1", id="three"),
    ],
)
def test_the_status_names_the_first_address_of_each_version_in_it(entries, addresses):
    ingress = [
        LoadBalancerIngress(hostname=each) if each == "lb.example" else LoadBalancerIngress(ip=each)
        for each in entries.split()
    ]
    assert status_addresses(service(ingress=ingress)) == tuple(map(ip_address, addresses.split()))


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


@pytest.mark.parametrize(
    ("annotation", "remedy"),
    [
        (
            "anvil-lb.io/share-across-namespace",
            "Nothing reads it: write anvil-lb.io/share-across-namespaces, or remove it.",
        ),
        ("metallb.io/adress-pool", "Nothing reads it: write metallb.io/address-pool, or remove it."),
        (
            "anvil-lb.io/x",
            "Nothing reads it: write one of anvil-lb.io/gate-on-health-check,"
            " anvil-lb.io/share-across-namespaces, metallb.io/address-pool, metallb.io/allow-shared-ip,"
            " metallb.io/loadBalancerIPs, or remove it.",
        ),
    ],
)
def test_an_annotation_that_nothing_reads_is_told_with_what_may_be_meant(annotation, remedy):
    assert unknown({annotation: "true", "example.com/anvil-lb.io": "", **dict.fromkeys(KNOWN, "")}) == {
        annotation: remedy
    }
