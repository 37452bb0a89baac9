"""One bad object of each kind, come in while no webhook was asked: all others stay in force."""

import json

import pytest

from lb.cli.trial import MANIFESTS, NAMESPACE
from tests.integration.admission.bad_objects import PEER, named

RACK = {**PEER, "bfdProfile": "fast"}
GOOD = (
    named("good", "IPAddressPool", {"addresses": ["192.0.2.10-192.0.2.20"]}),
    named("good", "L2Advertisement", {"ipAddressPools": ["good"]}),
    named("fast", "BFDProfile", {"receiveInterval": 100}),
    named("rack", "BGPPeer", RACK),
    named("told", "Community", {"communities": [{"name": "blackhole", "value": "65535:666"}]}),
    named("sent", "BGPAdvertisement", {"communities": ["blackhole"], "peers": ["rack"]}),
)
WRONG = {
    "IPAddressPool": {"addresses": ["127.0.0.0/8"]},
    "L2Advertisement": {"ipAddressPools": ["good", "good"]},
    "BFDProfile": {"receiveInterval": 1},
    "BGPPeer": {"myASN": 64512, "peerASN": 64513, "interface": "no interface"},
    "Community": {"communities": [{"name": "a", "value": "65000:1"}, {"name": "a", "value": "65000:2"}]},
    "BGPAdvertisement": {"peers": ["rack", "rack"]},
}
"""By kind, a spec that its CRD takes; but for the BFDProfile, of which the CRD sees all."""
IN_FORCE = {each["kind"]: [each["metadata"]["name"]] for each in GOOD}


@pytest.fixture
def lenient(cluster):
    """The CRD of BFDProfiles as somebody else wrote it, without bounds."""
    path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/receiveInterval/minimum"
    patch = json.dumps([{"op": "remove", "path": path}])
    cluster.lab.kubectl("patch", "crd", "bfdprofiles.metallb.io", "--type=json", "-p", patch)
    probe = named("probe", "BFDProfile", WRONG["BFDProfile"])
    cluster.lab.wait_for(
        lambda: cluster.lab.kubectl("apply", "--dry-run=server", "-f", "-", input=json.dumps(probe)),
        "the CRD to be lenient",
    )
    yield
    cluster.lab.apply(MANIFESTS / "crds/metallb.io_bfdprofiles.yaml")


@pytest.fixture
def web(cluster, controller, lenient, state):
    """All that is good, and a Service that has an address."""
    cluster.apply(*GOOD)
    cluster.service("web")
    cluster.wait_for_address("web", "192.0.2.10")
    wait_for_in_force(cluster, controller)
    state.wait_for("Valid")


def wait_for_in_force(cluster, controller):
    cluster.lab.wait_for(
        lambda: json.loads(controller.ask("/debug"))["in_force"] == IN_FORCE,
        "what is good to be in force",
        20,
    )


def reference(item):
    return f"{item['kind']} {NAMESPACE}/{item['metadata']['name']}: "


def test_one_bad_object_of_each_kind_disturbs_no_other(cluster, controller, web, state):
    bad = [named("bad", kind, spec) for kind, spec in WRONG.items()]

    cluster.apply(*bad)

    state.wait_for("Invalid", *map(reference, bad))
    wait_for_in_force(cluster, controller)
    assert cluster.addresses("web") == ["192.0.2.10"]
    cluster.service("new")
    cluster.wait_for_address("new", "192.0.2.11")
    for each in bad:
        assert cluster.wait_for_event("bad", "ConfigurationError", NAMESPACE, text=reference(each))

    for each in bad:
        cluster.delete(each["kind"], "bad", NAMESPACE)
    state.wait_for("Valid")
    assert cluster.addresses("web") == ["192.0.2.10"]


def test_each_object_that_is_edited_into_a_bad_one_stays_in_force_as_it_was(cluster, controller, web, state):
    edited = [named(each["metadata"]["name"], each["kind"], WRONG[each["kind"]]) for each in GOOD]

    cluster.lab.kubectl("replace", "-f", "-", input="\n---\n".join(map(json.dumps, edited)))

    state.wait_for("Invalid", *map(reference, edited))
    wait_for_in_force(cluster, controller)
    assert cluster.addresses("web") == ["192.0.2.10"]
    cluster.service("new")
    cluster.wait_for_address("new", "192.0.2.11")

    cluster.lab.kubectl("replace", "-f", "-", input="\n---\n".join(map(json.dumps, GOOD)))
    state.wait_for("Valid")
    assert cluster.addresses("web") == ["192.0.2.10"]


def test_bad_objects_take_no_address_away_when_the_controller_restarts(cluster, controller, web, state):
    cluster.apply(*(named("bad", kind, spec) for kind, spec in WRONG.items()))
    state.wait_for("Invalid")

    controller.restart()

    cluster.lab.wait_for(lambda: controller.ask("/readyz") == "ok\n", "the controller to be ready again")
    wait_for_in_force(cluster, controller)
    cluster.service("new")
    cluster.wait_for_address("new", "192.0.2.11")
    assert cluster.addresses("web") == ["192.0.2.10"]
