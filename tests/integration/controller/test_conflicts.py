"""Strangers of whom speakers tell: what the controller says of them, and what it does."""

import pytest
import yaml

from lb.cli.trial import NAMESPACE

from .conftest import custom_resource

POOL = "192.0.2.10-192.0.2.12"
FIRST, SECOND = "192.0.2.10", "192.0.2.11"
MAC = "02:00:00:00:00:99"
CONFLICT = "anvil-lb.io/AddressConflict"
ASIDE = "anvil-lb.io/quarantine"


class Speakers:
    """The ConfigurationStates of speakers, as these would write them."""

    def __init__(self, cluster):
        self._cluster = cluster

    def tell(self, conflicts, node="n1", macs="02:00:00:00:00:01"):
        state = {
            "apiVersion": "metallb.io/v1beta1",
            "kind": "ConfigurationState",
            "metadata": {
                "name": f"speaker-{node}",
                "namespace": NAMESPACE,
                "labels": {"metallb.io/component-type": "speaker", "metallb.io/node-name": node},
                "annotations": {
                    "anvil-lb.io/conflicts": conflicts,
                    "anvil-lb.io/hardware-addresses": macs,
                },
            },
        }
        self._cluster.lab.apply(yaml.safe_dump(state))


@pytest.fixture
def speakers(cluster):
    return Speakers(cluster)


def conflict(cluster, service="web"):
    conditions = cluster.status(service).get("conditions", [])
    return next((each for each in conditions if each["type"] == CONFLICT), {})


def wait_for_conflict(cluster, status, text=""):
    def look():
        found = conflict(cluster)
        return found if found.get("status") == status and text in found["message"] else None

    return cluster.lab.wait_for(look, f"the conflict to be {status}", timeout=20)


def aside(cluster, pool="edge"):
    path = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/ipaddresspools/{pool}"
    return cluster.look(path)["metadata"].get("annotations", {}).get(ASIDE)


def set_aside(cluster, text):
    cluster.lab.kubectl(
        "annotate", "ipaddresspool", "edge", "-n", NAMESPACE, "--overwrite", f"{ASIDE}={text}"
    )


def available(cluster):
    path = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/ipaddresspools/edge"
    return cluster.look(path).get("status", {}).get("availableIPv4")


def test_a_conflict_is_a_condition_of_the_service_until_it_ends(cluster, start, speakers):
    start("controller")
    cluster.pool("edge", POOL)
    cluster.service("web")
    cluster.wait_for_address("web", FIRST)
    assert conflict(cluster) == {}
    speakers.tell(f"{FIRST} {MAC} eth0")
    found = wait_for_conflict(cluster, "True")
    assert found["reason"] == "AddressConflict"
    assert found["message"] == (
        f"{FIRST} is used by {MAC}, which node n1 hears on eth0. Take the address from that host, or set it"
        " aside by the annotation anvil-lb.io/quarantine of its pool; with --on-conflict=quarantine the"
        " controller does that."
    )
    speakers.tell("")
    assert wait_for_conflict(cluster, "False")["reason"] == "NoConflict"
    assert cluster.condition("web")["status"] == "True"
    assert cluster.addresses("web") == [FIRST]
    assert aside(cluster) is None


def test_another_speaker_is_no_stranger(cluster, start, speakers):
    start("controller", "--on-conflict", "quarantine")
    cluster.pool("edge", POOL)
    cluster.service("web")
    cluster.wait_for_address("web", FIRST)
    cluster.service("other")
    cluster.wait_for_address("other", SECOND)
    speakers.tell("", "n2", MAC)
    speakers.tell(f"{FIRST} {MAC} eth0, {SECOND} 02:00:00:00:00:98 eth0")
    cluster.wait_for_address("other", "192.0.2.12")
    assert conflict(cluster) == {}
    assert aside(cluster) == SECOND


def test_an_address_in_conflict_is_set_aside_until_somebody_takes_it_back(cluster, start, speakers):
    controller = start("controller", "--on-conflict", "quarantine")
    cluster.pool("edge", POOL)
    cluster.service("web")
    cluster.wait_for_address("web", FIRST)
    speakers.tell(f"{FIRST} {MAC} eth0")
    cluster.wait_for_address("web", SECOND)
    assert aside(cluster) == FIRST
    cluster.lab.wait_for(lambda: available(cluster) == 1, "the pool to count it out", timeout=20)
    wait_for_conflict(cluster, "False")
    told = cluster.wait_for_event("edge", "addressQuarantined", NAMESPACE)
    assert told == (
        f"{FIRST} is set aside: the host with the hardware address {MAC}, which node n1 hears on eth0, uses"
        " it. Once it does not, take the address out of the annotation anvil-lb.io/quarantine."
    )
    speakers.tell("")
    controller.restart()
    cluster.service("asking", annotations={"metallb.io/loadBalancerIPs": FIRST})
    why = cluster.wait_for_reason("asking", "False", "AddressQuarantined")
    assert why == (
        f"{FIRST} is asked for and is set aside; pool edge has set the address asked for aside, since another"
        " host uses it (anvil-lb.io/quarantine). Ask for another address, or free this one and take it out of"
        " the pool's annotation."
    )
    set_aside(cluster, "")
    cluster.wait_for_address("asking", FIRST)
    assert cluster.addresses("web") == [SECOND]


def test_a_bad_annotation_changes_nothing_and_is_told(cluster, start, speakers):
    start("controller", "--on-conflict", "quarantine")
    cluster.pool("edge", POOL)
    cluster.service("web")
    cluster.wait_for_address("web", FIRST)
    set_aside(cluster, f"{SECOND},nonsense")
    cluster.wait_for_event("edge", "ConfigurationError", NAMESPACE, text="'nonsense': this is no IP address")
    assert cluster.addresses("web") == [FIRST]
    cluster.service("other")
    cluster.wait_for_address("other", SECOND)


def test_without_the_flag_nothing_is_set_aside(cluster, start, speakers):
    start("controller")
    cluster.apply(custom_resource("IPAddressPool", "edge", {"addresses": [POOL]}))
    cluster.service("web")
    cluster.wait_for_address("web", FIRST)
    speakers.tell(f"{FIRST} {MAC} eth0")
    wait_for_conflict(cluster, "True", FIRST)
    assert aside(cluster) is None
    assert cluster.addresses("web") == [FIRST]
