"""What a user sees of the allocator, on a real API server."""

import signal


def test_a_service_gets_an_address_and_is_told(cluster, controller):
    cluster.pool("lan", "192.0.2.10-192.0.2.20")
    cluster.service("web")

    assert cluster.wait_for_address("web") == "192.0.2.10"
    told = cluster.wait_for_event("web", "IPAllocated")
    assert told == 'Assigned IP ["192.0.2.10"] from pool lan'
    annotations = cluster.get("service", "web")["metadata"]["annotations"]
    assert annotations["metallb.io/ip-allocated-from-pool"] == "lan"


def test_a_pool_may_come_after_the_service(cluster, controller):
    cluster.service("web")
    complaint = cluster.wait_for_event("web", "AllocationFailed")
    assert "there is no IPAddressPool" in complaint

    cluster.pool("lan", "192.0.2.10/32")

    cluster.wait_for_address("web", "192.0.2.10")


def test_an_ipv6_service_gets_an_ipv6_address(cluster, controller):
    cluster.pool("both", "192.0.2.0/28", "2001:db8::10-2001:db8::20")

    cluster.service("six", ipFamilies=["IPv6"], ipFamilyPolicy="SingleStack")
    cluster.service("four", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")

    assert cluster.wait_for_address("six") == "2001:db8::10"
    assert cluster.wait_for_address("four") == "192.0.2.0"


def test_no_address_moves_when_the_controller_is_killed_and_others_come_and_go(cluster, controller):
    cluster.pool("lan", "192.0.2.10-192.0.2.20")
    for name in ("a", "b", "c"):
        cluster.service(name)
        cluster.wait_for_address(name)
    before = {name: cluster.addresses(name) for name in ("b", "c")}

    controller.end(signal.SIGKILL)
    cluster.delete("service", "a")
    cluster.service("d")
    controller.start()

    assert cluster.wait_for_address("d") == "192.0.2.10"
    assert {name: cluster.addresses(name) for name in ("b", "c")} == before


def test_a_waiting_service_gets_the_address_that_becomes_free(cluster, controller):
    cluster.pool("tiny", "192.0.2.10/32")
    cluster.service("first")
    cluster.wait_for_address("first", "192.0.2.10")
    cluster.service("second")
    complaint = cluster.wait_for_event("second", "AllocationFailed")
    assert "pool tiny has no free address left" in complaint

    cluster.delete("service", "first")

    cluster.wait_for_address("second", "192.0.2.10")


def test_a_service_may_ask_for_its_address(cluster, controller):
    cluster.pool("lan", "192.0.2.10-192.0.2.20")

    cluster.service("new", annotations={"metallb.io/loadBalancerIPs": "192.0.2.17"})
    cluster.service("old", loadBalancerIP="192.0.2.18")
    cluster.service("deprecated", annotations={"metallb.universe.tf/loadBalancerIPs": "192.0.2.19"})

    cluster.wait_for_address("new", "192.0.2.17")
    cluster.wait_for_address("old", "192.0.2.18")
    cluster.wait_for_address("deprecated", "192.0.2.19")


def test_a_service_may_ask_for_a_pool_that_is_not_assigned_by_itself(cluster, controller):
    cluster.pool("kept", "192.0.2.10/32", autoAssign=False)
    cluster.service("any")
    complaint = cluster.wait_for_event("any", "AllocationFailed")
    assert "pool kept is used only by Services that name it (autoAssign is false)" in complaint

    cluster.service("named", annotations={"metallb.io/address-pool": "kept"})

    cluster.wait_for_address("named", "192.0.2.10")
    assert cluster.addresses("any") == []


def test_a_service_that_stops_being_a_load_balancer_frees_its_address(cluster, controller):
    cluster.pool("tiny", "192.0.2.10/32")
    cluster.service("first")
    cluster.wait_for_address("first")
    cluster.service("second")

    cluster.service("first", type="ClusterIP")

    cluster.wait_for_address("second", "192.0.2.10")
    cluster.lab.wait_for(
        lambda: (
            "metallb.io/ip-allocated-from-pool"
            not in cluster.get("service", "first")["metadata"].get("annotations", {})
        ),
        "the note of the pool to go",
    )
    assert cluster.addresses("first") == []


def test_a_service_whose_deletion_waits_for_a_finalizer_shows_no_address_that_another_has(
    cluster, controller
):
    cluster.pool("tiny", "192.0.2.10/32")
    cluster.service("first")
    cluster.wait_for_address("first")
    cluster.service("second")
    cluster.lab.kubectl(
        "patch", "service", "first", "-p", '{"metadata": {"finalizers": ["example.com/wait"]}}'
    )

    cluster.lab.kubectl("delete", "service", "first", "--wait=false")

    cluster.wait_for_address("second", "192.0.2.10")
    assert cluster.addresses("first") == []
    cluster.lab.kubectl("patch", "service", "first", "-p", '{"metadata": {"finalizers": null}}')


def test_a_service_of_another_class_is_left_alone(cluster, controller):
    cluster.pool("lan", "192.0.2.10-192.0.2.20")
    cluster.service("theirs", loadBalancerClass="example.com/other")
    cluster.service("ours")

    cluster.wait_for_address("ours", "192.0.2.10")
    assert cluster.addresses("theirs") == []


def test_a_pool_that_is_taken_away_takes_its_addresses_along(cluster, controller):
    cluster.pool("old", "192.0.2.10/32")
    cluster.service("web")
    cluster.wait_for_address("web", "192.0.2.10")

    cluster.delete("ipaddresspool", "old", "metallb-system")
    cluster.wait_for_event("web", "ClearAssignment", text="192.0.2.10")
    cluster.pool("new", "198.51.100.1/32")

    cluster.wait_for_address("web", "198.51.100.1")


def test_deprecated_annotations_are_told_of_and_the_one_that_is_ours_is_removed(cluster, controller):
    cluster.pool("lan", "192.0.2.10/32", autoAssign=False)
    old = {"metallb.universe.tf/address-pool": "lan", "metallb.universe.tf/ip-allocated-from-pool": "lan"}
    cluster.service("web", annotations=old)

    cluster.wait_for_address("web", "192.0.2.10")
    told = cluster.wait_for_event("web", "deprecatedAnnotation", text="/address-pool")
    assert told == (
        "Service uses deprecated annotation metallb.universe.tf/address-pool:"
        " Use metallb.io/address-pool in its place."
    )
    annotations = cluster.get("service", "web")["metadata"]["annotations"]
    assert "metallb.universe.tf/ip-allocated-from-pool" not in annotations
    assert annotations["metallb.io/ip-allocated-from-pool"] == "lan"


def test_the_metrics_tell_how_full_a_pool_is(cluster, controller):
    cluster.pool("lan", "192.0.2.0/24", avoidBuggyIPs=True)
    cluster.service("web")
    cluster.wait_for_address("web", "192.0.2.1")

    metrics = controller.ask("/metrics").splitlines()

    assert 'metallb_allocator_addresses_total{pool="lan"} 254.0' in metrics
    assert 'metallb_allocator_addresses_in_use_total{pool="lan"} 1.0' in metrics
    assert controller.ask("/readyz") == "ok\n"
