"""Whatever a person writes: a clear answer, and nothing else disturbed."""

import json

import pytest

from lb.cli.trial import NAMESPACE
from lb.lab.errors import LabError
from tests.integration.controller.conftest import custom_resource


@pytest.fixture
def web(cluster, controller):
    """A Service that has an address of a good pool, and is to keep it whatever happens."""
    cluster.pool("good", "192.0.2.10-192.0.2.20")
    cluster.service("web")
    cluster.wait_for_address("web", "192.0.2.10")
    yield
    assert cluster.addresses("web") == ["192.0.2.10"]
    assert controller.running
    cluster.service("afterwards")
    cluster.wait_for_address("afterwards")


def test_a_pool_with_a_bad_address_is_refused_with_the_field_and_the_remedy(cluster, controller, web):
    # Of what the CRD's own rules do not see.
    cluster.pool("bad", "2001:db8::9-2001:db8::1", "224.0.0.0/24")

    told = cluster.wait_for_event("bad", "ConfigurationError", NAMESPACE, text="spec.addresses[0]")
    assert told == (
        "IPAddressPool metallb-system/bad: spec.addresses[0] = '2001:db8::9-2001:db8::1': "
        "the range ends before it starts. Write 2001:db8::1-2001:db8::9."
    )
    assert cluster.wait_for_event("bad", "ConfigurationError", NAMESPACE, text="spec.addresses[1]")
    assert told in controller.messages


def test_a_good_pool_edited_into_a_bad_one_takes_no_address_away(cluster, controller, web):
    cluster.pool("good", "127.0.0.1/32")
    cluster.wait_for_event("good", "ConfigurationError", NAMESPACE, text="loopback")

    cluster.service("other")

    cluster.wait_for_address("other", "192.0.2.11")


def test_a_bad_pool_takes_no_address_away_when_the_controller_restarts(cluster, controller, web):
    cluster.pool("good", "127.0.0.1/32")
    cluster.wait_for_event("good", "ConfigurationError", NAMESPACE, text="loopback")
    controller.restart()
    cluster.lab.wait_for(lambda: controller.ask("/readyz") == "ok\n", "the controller to be ready again")
    cluster.service("waits")
    cluster.wait_for_event("waits", "AllocationFailed")

    assert cluster.addresses("web") == ["192.0.2.10"]
    noted = cluster.get("service", "web")["metadata"]["annotations"]
    assert noted["metallb.io/ip-allocated-from-pool"] == "good"
    cluster.pool("good", "192.0.2.10-192.0.2.20")
    cluster.wait_for_address("waits", "192.0.2.11")


def test_of_two_pools_that_overlap_the_one_that_was_there_stays(cluster, controller, web):
    cluster.pool("greedy", "192.0.2.0/24")

    told = cluster.wait_for_event("greedy", "ConfigurationError", NAMESPACE)
    assert "overlaps with 192.0.2.10-192.0.2.20 of IPAddressPool good" in told


def test_a_service_that_asks_for_an_address_of_no_pool_is_told_so(cluster, controller, web):
    cluster.service("lost", loadBalancerIP="203.0.113.7")

    told = cluster.wait_for_event("lost", "AllocationFailed")
    assert told == (
        'Failed to allocate IP for "default/lost": 203.0.113.7 is asked for and lies in no pool; '
        "pool good does not hold the address asked for. "
        "Ask for an address of a pool, or add this one to a pool."
    )
    assert cluster.addresses("lost") == []


@pytest.mark.parametrize(
    "ingress",
    [
        [{"ip": "203.0.113.77"}],
        [{"hostname": "example.com"}],
        [{"ip": "192.0.2.10"}, {"ip": "192.0.2.11"}],
        [{"ip": "192.0.2.10", "ipMode": "Proxy"}],
        [{"ip": "192.0.2.10", "ports": [{"port": 80, "protocol": "TCP", "error": "Bad"}]}],
        [],
    ],
    ids=[
        "another address",
        "a name",
        "two addresses",
        "a mode that kube-proxy passes over",
        "ports",
        "nothing",
    ],
)
def test_garbage_in_a_status_is_put_right(cluster, controller, web, ingress):
    patch = json.dumps({"status": {"loadBalancer": {"ingress": ingress or None}}})
    cluster.lab.kubectl("patch", "service", "web", "--subresource=status", "--type=merge", "-p", patch)

    cluster.lab.wait_for(
        lambda: (
            cluster.get("service", "web")["status"]["loadBalancer"].get("ingress")
            == [{"ip": "192.0.2.10", "ipMode": "VIP"}]
        ),
        "the status to be put right",
    )


def test_an_unknown_field_is_refused_by_name(cluster, controller, web):
    with pytest.raises(LabError, match=r'unknown field "spec\.adresses"'):
        cluster.apply(
            custom_resource("IPAddressPool", "typo", {"addresses": ["198.51.100.0/24"], "adresses": []})
        )


def test_a_pool_that_is_kept_for_a_namespace_is_not_for_others_who_ask(cluster, controller, web):
    cluster.pool("fenced", "198.51.100.0/24", serviceAllocation={"namespaces": ["kube-system"]})
    cluster.service("asks", annotations={"metallb.io/address-pool": "fenced"})

    told = cluster.wait_for_event("asks", "AllocationFailed")
    assert "pool fenced is kept for other Services (spec.serviceAllocation)" in told


def test_a_right_that_is_missing_is_named_and_its_return_is_enough(cluster, controller, web):
    cluster.lab.kubectl("delete", "clusterrolebinding", "metallb-system:controller")
    cluster.service("denied")

    def names_the_right():
        return [text for text in controller.messages if "services" in text and "403" in text]

    cluster.lab.wait_for(names_the_right, "a message that names the missing right", timeout=30)
    cluster.lab.kubectl("apply", "-k", "manifests/")

    cluster.wait_for_address("denied", "192.0.2.11")


def test_an_api_server_that_goes_away_loses_nothing(cluster, controller, web):
    cluster.lab.api_server.stop()
    controller.restart()
    cluster.lab.api_server.start()
    cluster.service("later")

    cluster.wait_for_address("later", "192.0.2.11")
