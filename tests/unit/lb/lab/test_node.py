import json
from datetime import UTC, datetime
from pathlib import Path

import yaml

from lb.lab import node
from lb.lab.pki import Authority

CNI = Path("/opt/plugins")


def texts():
    return {name: content.decode() for name, content in node.files("n2", 2, Authority("lab"), CNI).items()}


def test_every_file_that_another_refers_to_is_there():
    files = texts()
    referred = {
        word.removeprefix("/run/lab/").rstrip("\"'")
        for text in files.values()
        for word in text.split()
        if word.startswith("/run/lab/")
    }
    assert referred
    assert referred <= set(files)


def test_every_shadow_has_a_file_to_show():
    assert set(node.SHADOWS.values()) <= set(texts())


def test_a_kubelet_gets_a_file_for_each_machine_wide_sysctl_that_it_writes():
    assert node.SHADOWS["/proc/sys/kernel/panic"] == "sysctl/kernel/panic"
    assert texts()["sysctl/kernel/panic"] == "10\n"


def test_pods_get_addresses_of_both_families_from_their_nodes_ranges():
    link, *_ = json.loads(texts()["net.d/10-lab.conflist"])["plugins"]
    assert link["ipam"]["ranges"] == [[{"subnet": "10.244.2.0/24"}], [{"subnet": "fd00:244:2::/64"}]]


def test_pods_of_a_node_share_no_bridge_on_which_answers_pass_kube_proxys_rules():
    link, *_ = json.loads(texts()["net.d/10-lab.conflist"])["plugins"]
    assert link["type"] == "ptp"


def test_kube_proxy_takes_what_comes_over_the_pods_links_for_local():
    proxy = yaml.safe_load(texts()["kube-proxy.yaml"])
    assert proxy["detectLocal"] == {"interfaceNamePrefix": "veth"}
    assert proxy["hostnameOverride"] == "n2"


def test_the_kubelet_speaks_often_enough_for_the_control_planes_grace():
    kubelet = yaml.safe_load(texts()["kubelet.yaml"])
    assert int(kubelet["nodeStatusUpdateFrequency"].removesuffix("s")) * 2 < 10
    assert kubelet["nodeLeaseDurationSeconds"] < 10


def test_the_plugins_folder_is_the_one_given():
    assert 'bin_dir = "/opt/plugins"' in texts()["containerd.toml"]


SINCE = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)


def seen(status, heartbeat):
    condition = {"type": "Ready", "status": status, "lastHeartbeatTime": heartbeat}
    return {"status": {"conditions": [{"type": "DiskPressure", "status": "False"}, condition]}}


def test_a_node_is_ready_by_a_word_of_the_same_second_or_later():
    assert node.ready_since(seen("True", "2026-01-02T03:04:05Z"), SINCE)
    assert node.ready_since(seen("True", "2026-01-02T03:04:09Z"), SINCE)


def test_a_word_from_before_does_not_count():
    assert not node.ready_since(seen("True", "2026-01-02T03:04:04Z"), SINCE)


def test_a_node_that_says_no_is_not_ready():
    assert not node.ready_since(seen("False", "2026-01-02T03:04:09Z"), SINCE)


def test_a_node_without_conditions_is_not_ready():
    assert not node.ready_since({"status": {}}, SINCE)
