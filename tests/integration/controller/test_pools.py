"""Pools are drained, edited, deleted and made anew: whoever can keep the address that it has keeps it."""

import pytest

from lb.cli.trial import NAMESPACE
from tests.integration.controller.conftest import custom_resource

ADDRESSES = {"a": "192.0.2.19", "b": "192.0.2.12", "c": "192.0.2.15"}


@pytest.fixture
def three(cluster, controller):
    """Three Services of pool lan, with addresses that are not in the order of their names."""
    cluster.pool("lan", "192.0.2.10-192.0.2.20")
    for name, address in ADDRESSES.items():
        cluster.service(name, annotations={"metallb.io/loadBalancerIPs": address})
    for name, address in ADDRESSES.items():
        cluster.wait_for_address(name, address)
    cluster.lab.kubectl("annotate", "service", *ADDRESSES, "metallb.io/loadBalancerIPs-")


def drain(cluster, pool, value="=true"):
    cluster.lab.kubectl(
        "annotate", "ipaddresspool", pool, f"anvil-lb.io/drain{value}", "-n", NAMESPACE, "--overwrite"
    )


def test_a_pool_that_is_deleted_and_made_under_another_name_gives_each_its_old_address(cluster, three):
    cluster.delete("ipaddresspool", "lan", NAMESPACE)
    for name, address in ADDRESSES.items():
        cluster.wait_for_event(name, "ClearAssignment", text=f"{address} is taken back: ")
        cluster.wait_for_reason(name, "False", "NoPool")
    assert [cluster.addresses(name) for name in ADDRESSES] == [[], [], []]

    cluster.pool("office", "192.0.2.0/24")

    for name, address in ADDRESSES.items():
        cluster.wait_for_address(name, address)
        assert cluster.wait_for_event(name, "IPAllocated", text="pool office")


def test_a_range_that_goes_to_another_pool_takes_its_services_along(cluster, three):
    cluster.apply(
        custom_resource("IPAddressPool", "lan", {"addresses": ["192.0.2.10-192.0.2.14"]}),
        custom_resource("IPAddressPool", "other", {"addresses": ["192.0.2.15-192.0.2.20"]}),
    )

    for name, pool in {"a": "other", "b": "lan", "c": "other"}.items():
        told = cluster.wait_for_reason(name, "True", "Allocated", text=f" of pool {pool}")
        assert told == f"{ADDRESSES[name]} of pool {pool}"
        assert cluster.addresses(name) == [ADDRESSES[name]]


def test_an_edit_that_takes_an_address_away_tells_so_and_moves_nobody_else(cluster, three):
    cluster.pool("lan", "192.0.2.10-192.0.2.15")

    cluster.wait_for_address("a", "192.0.2.10")
    told = cluster.wait_for_event("a", "IPAllocated", text="in place of")
    assert told == 'Assigned IP ["192.0.2.10"] from pool lan in place of 192.0.2.19'
    assert [cluster.addresses(name) for name in ("b", "c")] == [["192.0.2.12"], ["192.0.2.15"]]


def test_a_pool_that_drains_gives_nothing_new_and_takes_nothing_away(cluster, three):
    cluster.pool("spare", "198.51.100.1/32")
    drain(cluster, "lan")
    cluster.service("d")
    cluster.wait_for_address("d", "198.51.100.1")
    cluster.service("e")
    told = cluster.wait_for_reason("e", "False", "NoFreeAddress")
    assert told == (
        "no pool has a free address; pool lan gives no address away any more (anvil-lb.io/drain); pool spare"
        " has no free address left. Add addresses to a pool, or free one."
    )
    assert [cluster.addresses(name) for name in ADDRESSES] == [[each] for each in ADDRESSES.values()]

    drain(cluster, "lan", "-")

    cluster.wait_for_address("e", "192.0.2.10")


def test_a_service_that_is_made_again_gets_its_old_address_and_a_new_one_gets_another(cluster, three):
    cluster.pool("lan", "192.0.2.12-192.0.2.20")
    cluster.delete("service", "b")
    cluster.service("new")
    cluster.wait_for_address("new", "192.0.2.13")

    cluster.service("b")

    cluster.wait_for_address("b", "192.0.2.12")


def test_a_waiting_service_gets_an_address_when_its_namespace_is_let_in(cluster, controller):
    kept = {"namespaceSelectors": [{"matchLabels": {"example.com/tier": "gold"}}]}
    cluster.pool("gold", "192.0.2.10/32", serviceAllocation=kept)
    cluster.service("web")
    told = cluster.wait_for_reason("web", "False", "NoFreeAddress")
    assert told == (
        "no pool has a free address; pool gold is kept for other Services (spec.serviceAllocation)."
        " Let a pool's spec.serviceAllocation admit the Service, or add a pool."
    )
    try:
        cluster.lab.kubectl("label", "namespace", "default", "example.com/tier=gold")
        cluster.wait_for_address("web", "192.0.2.10")
    finally:
        cluster.lab.kubectl("label", "namespace", "default", "example.com/tier-")
