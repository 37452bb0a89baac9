"""The speaker as a process of its own, with its ServiceAccount's rights, on a real API server.

It runs on a client of the lab's segment: a machine whose one interface, eth0, leads there.
"""

import json
import sys

import pytest
import yaml

from lb.cli.trial import NAMESPACE
from lb.lab import addressing

NODE = "n1"
PORT = 17472
STATE = f"speaker-{NODE}"


class Speaker:
    def __init__(self, machine, log):
        self._machine = machine
        self._log = log

    def interfaces(self):
        answer = self._machine.fetch(f"http://127.0.0.1:{PORT}/debug")
        return json.loads(answer.body)["interfaces"]

    def ready(self):
        try:
            return self._machine.fetch(f"http://127.0.0.1:{PORT}/readyz").status == 200
        except OSError:
            return False

    @property
    def messages(self):
        return [json.loads(line)["msg"] for line in self._log.read_text().splitlines() if line[0] == "{"]


@pytest.fixture
def speaker(lab, as_speaker, tmp_path):
    machine, log = lab.client(), tmp_path / "speaker.log"
    command = [sys.executable, "-m", "speaker", "--namespace", NAMESPACE, "--node-name", NODE]
    rights = as_speaker(lab.segment_kubeconfig)
    command += ["--ml-bindaddr", str(machine.address.v4), "--kubeconfig", str(rights)]
    with log.open("wb") as output:
        process = machine.popen(command, stdout=output, stderr=output)
    speaker = Speaker(machine, log)
    lab.wait_for(speaker.ready, "the speaker to be ready", timeout=30)
    yield speaker
    process.terminate()
    assert process.wait(timeout=20) == 0
    sys.stdout.write("\n".join(speaker.messages))


def state(lab):
    found = lab.kubectl(
        "get", "configurationstate", STATE, "-n", NAMESPACE, "--ignore-not-found", "-o", "json"
    )
    return json.loads(found) if found else {}


def summary(lab):
    return state(lab).get("status", {}).get("errorSummary", "")


def annotations(lab, *names):
    """The values of these annotations of ours, once all of them are there."""
    present = state(lab)["metadata"]["annotations"]
    return [present[f"anvil-lb.io/{name}"] for name in names]


def exclude(lab, text):
    metadata = {"name": "metallb-excludel2", "namespace": NAMESPACE}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"excludel2.yaml": text}}
    lab.apply(yaml.safe_dump(body))


def test_it_tells_of_its_configuration_and_its_subnets(lab, speaker):
    lab.wait_for(lambda: state(lab).get("status"), "the state to be told")
    found = state(lab)
    assert found["status"]["result"] == "Valid"
    assert found["status"]["conditions"][0]["type"] == "configReconcilerValid"
    labels = {"metallb.io/component-type": "speaker", "metallb.io/node-name": NODE}
    assert found["metadata"]["labels"] == labels
    told = lab.wait_for(
        lambda: annotations(lab, "subnets", "hardware-addresses", "conflicts"), "all to be told"
    )
    subnets, mac, conflicts = told
    assert subnets == f"{addressing.SEGMENT},{addressing.SEGMENT6}"
    assert mac.count(":") == 5
    assert conflicts == ""


def test_a_bad_pool_is_told_of_until_it_is_gone(lab, speaker):
    for name in ("good", "overlapping"):
        metadata = {"name": name, "namespace": NAMESPACE}
        pool = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": metadata}
        lab.apply(yaml.safe_dump({**pool, "spec": {"addresses": ["198.51.100.0/24"]}}))
    lab.wait_for(lambda: "it overlaps with" in summary(lab), "the pool to be told of")
    lab.kubectl("delete", "ipaddresspools", "--all", "-n", NAMESPACE)
    lab.wait_for(lambda: not summary(lab), "the state to be well again")


def test_the_excluded_interfaces_are_followed_and_a_bad_list_changes_nothing(lab, speaker):
    lab.wait_for(lambda: speaker.interfaces() == ["eth0"], "eth0 to carry announcements")
    exclude(lab, "announcedInterfacesToExclude: ['^eth']")
    lab.wait_for(lambda: speaker.interfaces() == [], "eth0 to be excluded")
    lab.wait_for(
        lambda: state(lab)["metadata"]["annotations"]["anvil-lb.io/subnets"] == "", "no subnet to be left"
    )

    exclude(lab, "announcedInterfacesToExclude: ['^eth', '(']")

    wrong = 'data["excludel2.yaml"].announcedInterfacesToExclude[1]'
    lab.wait_for(lambda: wrong in summary(lab), "the bad pattern to be told of")
    assert any(wrong in message for message in speaker.messages)
    assert speaker.interfaces() == []
    exclude(lab, "announcedInterfacesToExclude: []")
    lab.wait_for(lambda: speaker.interfaces() == ["eth0"], "eth0 to carry announcements again")
    lab.wait_for(lambda: not summary(lab), "the state to be well again")
    lab.kubectl("delete", "configmap", "metallb-excludel2", "-n", NAMESPACE)
    lab.wait_for(
        lambda: any("^docker" in each for each in speaker.messages[-3:]), "the default list to count"
    )
