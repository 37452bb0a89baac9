"""Whether the configuration is right: told by the controller in its ConfigurationState and its metrics.

What is wrong here is what no CRD can refuse: pools that overlap.
"""

import signal

from lb.cli.trial import MANIFESTS, NAMESPACE


def metrics(controller):
    prefix = "metallb_k8s_client_config_"
    lines = controller.ask("/metrics").splitlines()
    return [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]


def test_a_bad_pool_is_told_of_until_it_is_mended(cluster, controller, state):
    cluster.pool("lan", "192.0.2.10-192.0.2.20")
    right = state.wait_for("Valid")
    assert (right["type"], right["status"], right["reason"]) == ("poolReconcilerValid", "True", "Reconciled")
    assert metrics(controller) == ["loaded_bool 1.0", "stale_bool 0.0"]

    cluster.pool("bad", "192.0.2.20-192.0.2.30")

    wrong = state.wait_for("Invalid", "IPAddressPool metallb-system/bad: spec.addresses")
    assert (wrong["status"], wrong["reason"]) == ("False", "ConfigurationError")
    assert metrics(controller) == ["loaded_bool 1.0", "stale_bool 1.0"]
    cluster.delete("ipaddresspool", "bad", NAMESPACE)
    state.wait_for("Valid")
    assert metrics(controller) == ["loaded_bool 1.0", "stale_bool 0.0"]


def test_the_time_of_a_condition_outlives_the_controller(cluster, controller, state):
    cluster.pool("lan", "192.0.2.10-192.0.2.20")
    state.wait_for("Valid")
    cluster.pool("bad", "192.0.2.20-192.0.2.30")
    before = state.wait_for("Invalid", "192.0.2.20-192.0.2.30")
    controller.end(signal.SIGKILL)
    cluster.pool("bad", "192.0.2.20-192.0.2.40")
    controller.start()

    after = state.wait_for("Invalid", "192.0.2.20-192.0.2.40")

    assert after["lastTransitionTime"] == before["lastTransitionTime"]


def test_a_state_that_somebody_deletes_is_made_again(cluster, controller, state):
    state.wait_for("Valid")
    before = state.object()["metadata"]
    cluster.delete("configurationstate", "controller", NAMESPACE)
    state.wait_for("Valid")
    after = state.object()["metadata"]
    assert after["uid"] != before["uid"]
    assert after["labels"] == before["labels"] == {"metallb.io/component-type": "controller"}


def test_addresses_are_given_out_where_no_state_can_be_written(cluster, controller, state):
    cluster.pool("lan", "192.0.2.10/32")
    state.wait_for("Valid")
    cluster.lab.kubectl("delete", "crd", "configurationstates.metallb.io")
    controller.restart()

    cluster.service("web")

    cluster.wait_for_address("web", "192.0.2.10")
    crd = "crds/metallb.io_configurationstates.yaml"
    cluster.lab.kubectl("apply", "-f", str(MANIFESTS / crd))
    state.wait_for("Valid")
