"""Which Services share one address: by their key, ports and endpoints, and across namespaces by consent."""

import uuid

import pytest

KEY = {"metallb.io/allow-shared-ip": "web"}
CONSENT = {**KEY, "anvil-lb.io/share-across-namespaces": "true"}
HTTP, HTTPS, DNS = ([{"port": port}] for port in (80, 443, 53))


@pytest.fixture
def shop(cluster):
    """Another namespace."""
    name = f"shop-{uuid.uuid4().hex[:8]}"
    cluster.lab.kubectl("create", "namespace", name)
    yield name
    cluster.lab.kubectl("delete", "services", "--all", "-n", name)
    cluster.lab.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def lan(cluster):
    cluster.pool("lan", "192.0.2.10-192.0.2.20")


def test_services_with_one_key_share_an_address_unless_something_of_them_collides(cluster, lan, controller):
    cluster.service("first", annotations=KEY, ports=HTTP)
    cluster.wait_for_address("first", "192.0.2.10")
    other_key = {"metallb.io/allow-shared-ip": "other"}
    local = {"annotations": KEY, "externalTrafficPolicy": "Local"}

    cluster.service("same-port", annotations=KEY, ports=HTTP)
    cluster.service("other-port", annotations=KEY, ports=HTTPS)
    cluster.service("other-protocol", annotations=KEY, ports=[{"port": 80, "protocol": "UDP"}])
    cluster.service("other-key", annotations=other_key, ports=DNS)
    cluster.service("no-key", ports=DNS)
    cluster.service("local", **local, ports=DNS, selector={"app": "dns"})
    cluster.wait_for_address("local")
    cluster.service("local-too", **local, ports=HTTP, selector={"app": "dns"})
    cluster.service("local-elsewhere", **local, ports=HTTPS, selector={"app": "another"})

    cluster.wait_for_address("other-port", "192.0.2.10")
    cluster.wait_for_address("other-protocol", "192.0.2.10")
    alone = [cluster.wait_for_address(name) for name in ("same-port", "other-key", "no-key", "local")]
    assert len({"192.0.2.10", *alone}) == 5
    assert cluster.wait_for_address("local-too") == alone[-1]
    assert cluster.wait_for_address("local-elsewhere") not in {"192.0.2.10", *alone}


def test_a_service_that_does_not_share_any_more_moves_and_the_others_stay(cluster, lan, controller):
    for name, ports in {"first": HTTP, "second": HTTPS}.items():
        cluster.service(name, annotations=KEY, ports=ports)
        cluster.wait_for_address(name, "192.0.2.10")

    cluster.lab.kubectl("annotate", "service", "second", "metallb.io/allow-shared-ip-")

    cluster.wait_for_address("second", "192.0.2.11")
    assert cluster.addresses("first") == ["192.0.2.10"]


def test_a_waiting_service_joins_when_the_address_is_shared_with_it(cluster, controller):
    cluster.pool("tiny", "192.0.2.10/32")
    cluster.service("first", ports=HTTP)
    cluster.wait_for_address("first", "192.0.2.10")
    cluster.service("second", annotations=KEY, ports=HTTPS)
    cluster.wait_for_reason("second", "False", "NoFreeAddress")

    cluster.lab.kubectl("annotate", "service", "first", "metallb.io/allow-shared-ip=web")

    cluster.wait_for_address("second", "192.0.2.10")
    assert cluster.addresses("first") == ["192.0.2.10"]


def test_across_namespaces_an_address_is_shared_where_both_consent(cluster, lan, controller, shop):
    cluster.service("first", annotations=CONSENT, ports=HTTP)
    cluster.wait_for_address("first", "192.0.2.10")

    cluster.service("stranger", namespace=shop, annotations=KEY, ports=HTTPS)
    cluster.service("friend", namespace=shop, annotations=CONSENT, ports=DNS)

    cluster.wait_for_address("friend", "192.0.2.10", namespace=shop)
    cluster.wait_for_address("stranger", "192.0.2.11", namespace=shop)


def test_who_shares_with_no_other_namespace_is_named_to_those_who_ask_for_its_address(
    cluster, lan, controller, shop
):
    cluster.service("first", annotations=KEY, ports=HTTP)
    cluster.wait_for_address("first", "192.0.2.10")
    asks = {**CONSENT, "metallb.io/loadBalancerIPs": "192.0.2.10"}

    cluster.service("stranger", namespace=shop, annotations=asks, ports=HTTPS)

    told = cluster.wait_for_event("stranger", "AllocationFailed", shop)
    assert "Service default/first shares its address within its namespace only" in told
    assert cluster.addresses("stranger", shop) == []


def test_with_the_flag_a_key_counts_across_namespaces_as_in_metallb(cluster, lan, start, shop):
    start("controller", "--share-across-namespaces")
    cluster.service("first", annotations=KEY, ports=HTTP)
    cluster.wait_for_address("first", "192.0.2.10")

    cluster.service("stranger", namespace=shop, annotations=KEY, ports=HTTPS)

    cluster.wait_for_address("stranger", "192.0.2.10", namespace=shop)
