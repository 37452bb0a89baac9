"""What a person sees of the webhooks through kubectl."""

import pytest

from lb.cli.trial import NAMESPACE
from tests.integration.admission.conftest import peer, pool

DENIED = 'admission webhook "ipaddresspoolvalidationwebhook.metallb.io" denied the request'


@pytest.fixture
def decider(cluster, replicas):
    replica = replicas.decider()
    cluster.wait_until_asked()
    return replica


def test_an_object_is_written_and_its_warnings_are_shown(cluster, decider):
    said = cluster.apply(pool("lan", warn="The first.|The second\nof two lines."))
    assert said.ok
    assert said.output == "ipaddresspool.metallb.io/lan created\n"
    assert said.error == "Warning: The first.\nWarning: The second of two lines."


def test_a_denied_object_is_not_written_and_each_reason_is_shown(cluster, decider):
    said = cluster.apply(pool("lan", deny="No.|Never.", warn="Think again."))
    assert not said.ok
    assert said.error == (
        "Warning: Think again.\n"
        f'Error from server (Forbidden): error when creating "STDIN": {DENIED}: No.\nNever.'
    )
    assert cluster.get("ipaddresspools")["items"] == []


def test_a_denied_change_leaves_the_object_be_even_when_forced(cluster, decider):
    assert cluster.apply(pool("lan")).ok
    before = cluster.get("ipaddresspool", "lan")

    said = cluster.apply(pool("lan", deny="Not so."), options=("--force",))

    assert not said.ok
    assert said.error.endswith(f"{DENIED}: Not so.")
    assert cluster.get("ipaddresspool", "lan") == before


def test_a_denied_deletion_leaves_the_object_be(cluster, decider):
    assert cluster.apply(pool("lan", **{"deny-deletion": "It is needed."})).ok

    said = cluster.kubectl("delete", "ipaddresspool", "lan")

    assert said.error == f"Error from server (Forbidden): {DENIED}: It is needed."
    assert cluster.get("ipaddresspool", "lan")


def test_an_object_in_another_namespace_is_refused_with_the_right_one(cluster, decider):
    said = cluster.apply(pool("lan", "default"))
    assert said.error == (
        f'Error from server (Forbidden): error when creating "STDIN": {DENIED}: IPAddressPool default/lan:'
        f" metadata.namespace = 'default': resource must be created in {NAMESPACE} namespace. In others it is"
        " not read."
    )


def test_many_long_warnings_arrive_cut_and_counted(cluster, decider):
    said = cluster.apply(pool("lan", warn="|".join(f"{n}: {'x' * 400}" for n in range(100))))
    shown = said.error.splitlines()
    assert shown[0] == f"Warning: 0: {'x' * 250}..."
    assert shown[-1] == "Warning: 87 more warnings are not shown"


def test_a_large_object_is_answered(cluster, decider):
    large = pool("lan")
    low, high = "2001:0db8:0000:0000:0000:0000:0001:{:04x}", "2001:0db8:0000:0000:0000:0000:0002:{:04x}"
    large["spec"]["addresses"] = [f"{low}-{high}".format(n, n) for n in range(10_000)]
    assert cluster.apply(large, verb="create").ok
    assert cluster.kubectl("label", "ipaddresspool", "lan", "size=large").ok


def test_a_peer_written_as_v1beta1_is_read_as_v1beta2_and_back(cluster, decider):
    written = peer("router", "v1beta1", peerASN=64501, peerAddress="192.0.2.1", holdTime="90s")
    said = cluster.apply(written)
    assert said.ok
    assert said.error == "Warning: v1beta1 is deprecated, please use v1beta2"

    newer = cluster.get("bgppeers.v1beta2.metallb.io", "router")
    assert (newer["apiVersion"], newer["spec"]["peerAddress"]) == ("metallb.io/v1beta2", "192.0.2.1")
    assert newer["spec"]["holdTime"] == "90s"
    older = cluster.get("bgppeers.v1beta1.metallb.io", "router")
    assert older["apiVersion"] == "metallb.io/v1beta1"
    assert written["spec"].items() <= older["spec"].items()


def test_what_v1beta1_cannot_say_survives_an_edit_in_it(cluster, decider):
    assert cluster.apply(peer("router", "v1beta2", peerASN=64501, peerAddress="192.0.2.1", vrf="red")).ok
    patch = '{"spec": {"peerAddress": "192.0.2.2"}}'
    resource = "bgppeers.v1beta1.metallb.io"
    assert cluster.kubectl("patch", resource, "router", "--type=merge", "-p", patch).ok

    spec = cluster.get("bgppeers.v1beta2.metallb.io", "router")["spec"]
    assert (spec["peerAddress"], spec["vrf"]) == ("192.0.2.2", "red")


def test_a_v1beta1_peer_is_reviewed_as_v1beta2(cluster, decider):
    denied = peer("router", "v1beta1", peerASN=64501, peerAddress="192.0.2.1")
    denied["metadata"]["annotations"] = {"deny": "Seen."}
    said = cluster.apply(denied)
    assert said.error.endswith('webhook "bgppeersvalidationwebhook.metallb.io" denied the request: Seen.')


def test_while_nobody_answers_only_a_protected_pool_cannot_be_changed(as_installed, replicas):
    replica = replicas.decider()
    as_installed.wait_until_asked()
    assert as_installed.apply(pool("free"), pool("kept", **{"anvil-lb.io/protect": "true"})).ok
    replica.end()

    assert as_installed.kubectl("label", "ipaddresspool", "free", "a=b").ok
    said = as_installed.kubectl("delete", "ipaddresspool", "kept")
    assert not said.ok
    assert 'failed calling webhook "protectedipaddresspoolvalidationwebhook.metallb.io"' in said.error
    replica.start()
    as_installed.wait_until_asked()
    assert as_installed.kubectl("delete", "ipaddresspool", "kept").ok
