"""What a Service's status, condition and events say, and what becomes of what somebody else writes there."""

import calendar
import json
import signal
import time

import pytest

from tests.integration.controller.conftest import ALLOCATED

THEIRS = {
    "type": "example.com/Theirs",
    "status": "False",
    "reason": "Because",
    "message": "",
    "lastTransitionTime": "2025-01-01T00:00:00Z",
}
POOL, IPS = "metallb.io/address-pool", "metallb.io/loadBalancerIPs"


@pytest.fixture
def web(cluster, controller):
    """A Service that has an address."""
    cluster.pool("lan", "192.0.2.10-192.0.2.20")
    cluster.service("web")
    cluster.wait_for_address("web", "192.0.2.10")
    return "web"


def patch_status(cluster, name, status):
    patch = json.dumps({"status": status})
    cluster.lab.kubectl("patch", "service", name, "--subresource=status", "-p", patch)


def test_an_address_is_told_by_a_condition_that_can_be_waited_for(cluster, web):
    cluster.lab.kubectl("wait", "service/web", f"--for=condition={ALLOCATED}", "--timeout=10s")
    condition = cluster.condition("web")
    since = condition.pop("lastTransitionTime")
    assert abs(time.time() - parsed(since)) < 60
    assert condition == {
        "type": ALLOCATED,
        "status": "True",
        "reason": "Allocated",
        "message": "192.0.2.10 of pool lan",
    }
    ingress = cluster.get("service", "web")["status"]["loadBalancer"]["ingress"]
    assert ingress == [{"ip": "192.0.2.10", "ipMode": "VIP"}]


def parsed(timestamp):
    return calendar.timegm(time.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ"))


VAIN = [
    ("unknown-pool", {POOL: "nowhere"}, "UnknownPool"),
    ("no-such-address", {IPS: "203.0.113.7"}, "AddressNotInPool"),
    ("elsewhere", {IPS: "192.0.2.11", POOL: "kept"}, "AddressNotInRequestedPool"),
    ("taken", {IPS: "192.0.2.10"}, "AddressInUse"),
    ("not-for-us", {POOL: "kept"}, "PoolNotForThisService"),
    ("draining", {POOL: "drained"}, "PoolDraining"),
    ("full", {POOL: "full"}, "NoFreeAddress"),
    ("garbage", {IPS: "192.0.2"}, "InvalidRequest"),
    ("other-family", {IPS: "2001:db8::1"}, "InvalidRequest"),
]


def test_why_there_is_no_address_is_told_in_one_word_and_by_an_event(cluster, web):
    cluster.pool("kept", "198.51.100.0/28", serviceAllocation={"namespaces": ["kube-system"]})
    cluster.pool("drained", "198.51.100.16/28")
    cluster.lab.kubectl(
        "annotate", "ipaddresspool", "drained", "anvil-lb.io/drain=true", "-n", "metallb-system"
    )
    cluster.pool("full", "198.51.100.32/32")
    cluster.service("a-full", annotations={POOL: "full"})
    cluster.wait_for_address("a-full")
    for name, annotations, _ in VAIN:
        cluster.service(name, annotations=annotations)

    for name, _, reason in VAIN:
        told = cluster.wait_for_reason(name, "False", reason)
        event = f'Failed to allocate IP for "default/{name}": {told}'
        assert cluster.wait_for_event(name, "AllocationFailed") == event
    services = cluster.get("services", "-n", "default")["items"]
    with_address = {each["metadata"]["name"] for each in services if each["status"]["loadBalancer"]}
    assert with_address == {"web", "a-full"}


def test_a_service_that_asks_in_vain_keeps_what_it_has_and_says_why(cluster, web):
    before = cluster.condition("web")["lastTransitionTime"]

    cluster.lab.kubectl("annotate", "service", "web", f"{IPS}=203.0.113.7")

    told = cluster.wait_for_reason("web", "True", "AddressNotInPool")
    assert told.startswith("203.0.113.7 is asked for and lies in no pool; pool lan does not hold")
    event = cluster.wait_for_event("web", "AllocationFailed")
    assert cluster.events("web", "AllocationFailed") == [event]
    assert cluster.addresses("web") == ["192.0.2.10"]
    assert cluster.condition("web")["lastTransitionTime"] == before


def test_a_change_is_told_once_also_over_a_restart_which_writes_nothing(cluster, controller, web):
    version = cluster.get("service", "web")["metadata"]["resourceVersion"]

    controller.restart()

    cluster.service("afterwards")
    cluster.wait_for_address("afterwards", "192.0.2.11")
    assert cluster.get("service", "web")["metadata"]["resourceVersion"] == version
    assert cluster.events("web", "IPAllocated") == ['Assigned IP ["192.0.2.10"] from pool lan']
    assert cluster.events("web", "ClearAssignment") == []


def test_conditions_of_others_stay_and_ours_goes_with_the_type(cluster, web):
    patch_status(cluster, "web", {"conditions": [THEIRS]})
    cluster.lab.kubectl("annotate", "service", "web", f"{IPS}=192.0.2.15")
    cluster.wait_for_address("web", "192.0.2.15")
    assert THEIRS in cluster.get("service", "web")["status"]["conditions"]

    cluster.service("web", type="ClusterIP")

    cluster.lab.wait_for(
        lambda: cluster.get("service", "web")["status"]["conditions"] == [THEIRS], "our condition to go", 20
    )
    assert cluster.addresses("web") == []


def test_a_service_that_comes_back_with_another_class_is_let_go(cluster, web):
    cluster.service("web", type="ClusterIP")
    cluster.lab.wait_for(lambda: cluster.condition("web") is None, "its condition to go", 20)

    cluster.service("web", loadBalancerClass="example.com/other")

    cluster.service("asks", annotations={IPS: "192.0.2.10"})
    cluster.wait_for_address("asks", "192.0.2.10")
    assert cluster.addresses("web") == []
    assert cluster.condition("web") is None


def test_of_a_service_that_went_to_another_class_while_nobody_looked_nothing_is_said_any_more(
    cluster, controller, web
):
    controller.send(signal.SIGSTOP)
    cluster.service("web", type="ClusterIP")
    cluster.service("web", loadBalancerClass="example.com/other")
    controller.send(signal.SIGCONT)

    cluster.lab.wait_for(lambda: cluster.condition("web") is None, "its condition to go", 20)
    assert "metallb.io/ip-allocated-from-pool" not in cluster.get("service", "web")["metadata"]["annotations"]


def test_a_condition_that_somebody_edits_is_put_right(cluster, web):
    right = cluster.condition("web")

    patch_status(cluster, "web", {"conditions": [{**right, "status": "False", "message": "no"}]})

    cluster.lab.wait_for(
        lambda: cluster.condition("web")["message"] == right["message"], "it to be right", 20
    )
    assert cluster.condition("web")["status"] == "True"


@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
def test_a_condition_that_is_no_condition_deafens_nobody(cluster, controller, web, twice):
    """The API server takes it without a time, and then shows null."""
    ours = [{"type": ALLOCATED, "status": "True", "reason": "Allocated"}] * (1 + twice)
    patch = json.dumps({"status": {"conditions": [{"type": "example.com/Theirs", "status": "True"}, *ours]}})
    cluster.lab.kubectl("patch", "service", web, "--subresource=status", "--type=merge", "-p", patch)
    cluster.wait_for_reason(web, "True", "Allocated", "192.0.2.10 of pool lan")
    types = [each["type"] for each in cluster.status(web)["conditions"]]
    assert sorted(types) == [ALLOCATED, "example.com/Theirs"]

    controller.restart()

    cluster.service("other")
    cluster.wait_for_address("other", "192.0.2.11")
    assert cluster.addresses(web) == ["192.0.2.10"]


def test_of_two_services_with_one_address_the_older_keeps_it_and_the_other_is_told_and_moved(
    cluster, controller, web
):
    controller.end(signal.SIGKILL)
    age = cluster.get("service", "web")["metadata"]["creationTimestamp"]
    cluster.lab.wait_for(lambda: time.time() > parsed(age) + 1, "the next second to come")
    cluster.service("a-younger-one")  # by its name it would come first
    patch_status(cluster, "a-younger-one", {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}})

    controller.start()

    cluster.wait_for_address("a-younger-one", "192.0.2.11")
    told = cluster.wait_for_event("a-younger-one", "IPAllocated")
    assert told == 'Assigned IP ["192.0.2.11"] from pool lan in place of 192.0.2.10'
    assert cluster.addresses("web") == ["192.0.2.10"]


def test_whoever_writes_another_status_each_time_does_not_keep_us_busy(cluster, controller, web):
    """As the load balancer of another product does that serves all Services too."""
    theirs = [{"ip": "203.0.113.1"}]
    for _ in range(12):
        patch_status(cluster, web, {"loadBalancer": {"ingress": theirs}})
        cluster.wait_for_address(web, "192.0.2.10")
    before = time.monotonic()
    for _ in range(3):
        patch_status(cluster, web, {"loadBalancer": {"ingress": theirs}})
        cluster.wait_for_address(web, "192.0.2.10")
    assert time.monotonic() - before > 2

    cluster.service("other")

    cluster.wait_for_address("other", "192.0.2.11")


def test_an_address_that_somebody_writes_into_a_second_status_meanwhile_is_taken_out(cluster, web):
    cluster.service("other")
    cluster.wait_for_address("other", "192.0.2.11")

    patch_status(cluster, "other", {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}})

    cluster.wait_for_address("other", "192.0.2.11")
    assert cluster.addresses("web") == ["192.0.2.10"]
