"""A client is served throughout, whatever wrong objects come and go beside the good ones."""

import json

import pytest

from lb.cli.trial import MANIFESTS, NAMESPACE
from lb.lab.errors import LabError
from lb.lab.pulse import pulse
from tests.e2e.conftest import ADDRESS
from tests.integration.admission.bad_objects import named

URL = f"http://{ADDRESS}/"
CONFIGURATION = "validatingwebhookconfiguration/metallb-webhook-configuration"
KINDS = "l2advertisements,bgpadvertisements,bgppeers,communities,ipaddresspools"
BAD = [
    named("bad", "IPAddressPool", {"addresses": ["10.99.0.200/32"]}),
    named("bad", "L2Advertisement", {"ipAddressPools": ["lan", "lan"]}),
    named("bad", "BGPAdvertisement", {"peers": ["rack", "rack"]}),
    named("bad", "BGPPeer", {"myASN": 64512, "peerASN": 64513, "interface": "no interface"}),
    named(
        "bad", "Community", {"communities": [{"name": "a", "value": "0:1"}, {"name": "a", "value": "0:2"}]}
    ),
]
"""Of each kind that has one which the CRD takes."""
PATIENCE = 1.0
"""Seconds without an answer that are no more than a busy machine's."""


@pytest.fixture
def unasked(trial):
    """No webhook is asked."""
    trial.lab.kubectl("delete", CONFIGURATION)
    yield
    trial.lab.kubectl("delete", KINDS, "-n", NAMESPACE, "--field-selector=metadata.name=bad")
    trial.lab.kubectl("apply", "-n", NAMESPACE, "-f", str(MANIFESTS / "webhook.yaml"))
    _wait_for(trial, "Valid")


def test_the_webhook_of_an_installed_cluster_refuses_and_disturbs_nobody(trial):
    trial.lab.wait_for(lambda: _refused(trial, BAD[0]), "the webhook to be asked", 60)
    with pulse(trial.lab.client(), URL) as fetches:
        for each in BAD:
            assert _refused(trial, each), each["kind"]
    _assert_served(trial, fetches)


def test_a_client_is_served_while_bad_objects_of_each_kind_are_there(trial, unasked):
    with pulse(trial.lab.client(), URL) as fetches:
        _apply(trial, *BAD)
        _wait_for(trial, "Invalid", *(f"{each['kind']} {NAMESPACE}/bad: " for each in BAD))
        trial.lab.kubectl("rollout", "restart", "deployment/controller", "-n", NAMESPACE)
        trial.lab.kubectl("rollout", "status", "deployment/controller", "-n", NAMESPACE, timeout=70)
        trial.lab.kubectl("delete", KINDS, "-n", NAMESPACE, "--field-selector=metadata.name=bad")
        _wait_for(trial, "Valid")
    _assert_served(trial, fetches)


def test_a_client_is_served_while_good_objects_are_edited_into_bad_ones(trial, unasked):
    with pulse(trial.lab.client(), URL) as fetches:
        _apply(trial, named("lan", "IPAddressPool", {"addresses": ["127.0.0.0/8"]}))
        _apply(trial, named("lan", "L2Advertisement", {"interfaces": ["eth0", "eth0"]}))
        about = (f"IPAddressPool {NAMESPACE}/lan: ", f"L2Advertisement {NAMESPACE}/lan: ")
        _wait_for(trial, "Invalid", *about)
        trial.apply_samples("pool", "l2advertisement")
        _wait_for(trial, "Valid")
    _assert_served(trial, fetches)


def _apply(trial, *objects):
    trial.lab.kubectl("apply", "-f", "-", input="\n---\n".join(map(json.dumps, objects)))


def _refused(trial, item):
    try:
        _apply(trial, item)
    except LabError as refused:
        return "denied the request" in str(refused)
    trial.lab.kubectl("delete", item["kind"], "bad", "-n", NAMESPACE)
    return False


def _wait_for(trial, result, *texts):
    """Until the controller and every speaker say *result*, and the controller all of *texts*."""

    def look():
        found = trial.get("configurationstates", "-n", NAMESPACE)["items"]
        said = {each["metadata"]["name"]: each.get("status", {}) for each in found}
        summary = said["controller"].get("errorSummary", "")
        return all(each.get("result") == result for each in said.values()) and all(
            text in summary for text in texts
        )

    trial.lab.wait_for(look, f"every process to find the configuration {result}", 60)


def _assert_served(trial, fetches):
    assert trial.address("web") == ADDRESS
    assert len(fetches.answered) > 10
    assert fetches.longest_silence(0) < PATIENCE
