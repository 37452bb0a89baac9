"""Three real nodes: pods on them, and everything that can happen to a node or to its link."""

import socket
import time
from contextlib import contextmanager

import pytest

from lb.lab.errors import LabError
from lb.lab.setup import pause

KUBELET = 10250  # a port that answers on every node
NODE_DEAD_TIMEOUT = 60


def pod(name, node):
    return f"""
        apiVersion: v1
        kind: Pod
        metadata: {{name: {name}}}
        spec:
          nodeName: {node}
          terminationGracePeriodSeconds: 0
          containers: [{{name: main, image: localhost/pause:1, imagePullPolicy: Never}}]
    """


@contextmanager
def running_pods(cluster, pods):
    for name, node in pods.items():
        cluster.apply(pod(name, node))
    try:
        for name in pods:
            cluster.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s", timeout=70)
        yield
    finally:
        cluster.kubectl("delete", "pod", *pods, "--force", "--ignore-not-found")


def reaches(client, address, port=KUBELET, timeout=2.0):
    with client.inside():
        probe = socket.socket()
    with probe:
        probe.settimeout(timeout)
        return probe.connect_ex((str(address), port)) == 0


def condition(cluster, node):
    path = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"
    return cluster.kubectl("get", "node", node, f"--output={path}")


def test_a_pod_runs_on_every_node_with_addresses_of_both_families(cluster):
    with running_pods(cluster, {f"on-{node}": node for node in cluster.node_names}):
        seen = cluster.kubectl(
            "get", "pods", "--output=jsonpath={range .items[*]}{.status.podIPs[*].ip}{'\\n'}{end}"
        )
        assert len(seen.splitlines()) == 3
        assert all(len(line.split()) == 2 for line in seen.splitlines())


def test_a_killed_container_is_started_again_by_its_kubelet(cluster):
    with running_pods(cluster, {"victim": "n1"}):
        (process,) = cluster.container("victim")
        process.kill()
        count = "jsonpath={.status.containerStatuses[0].restartCount}"
        cluster.wait_for(
            lambda: cluster.kubectl("get", "pod", "victim", f"--output={count}") == "1",
            "the kubelet to restart it",
        )
        assert cluster.container("victim") != [process]


def test_a_container_that_is_not_there_is_named(cluster):
    with (
        running_pods(cluster, {"lonely": "n1"}),
        pytest.raises(LabError, match="default/lonely has no running container x"),
    ):
        cluster.container("lonely", "x")


def test_a_pods_log_and_exec_pass_through_the_kubelet(cluster):
    with running_pods(cluster, {"logged": "n1"}):
        assert cluster.kubectl("logs", "logged") == ""


def test_a_power_cut_stops_every_frame_and_the_node_returns_with_its_disk(cluster):
    client, node = cluster.client(), cluster.node("n2")
    assert reaches(client, node.address.v4)
    (node.machine.disk / "kept").write_text("on disk")
    with cluster.capture() as segment:
        cluster.cut("n2")
        cut = time.time()
        try:
            assert not node.on
            assert not reaches(client, node.address.v4, timeout=0.5)
            cluster.wait_for(
                lambda: condition(cluster, "n2") == "Unknown", "n2 to count as lost", NODE_DEAD_TIMEOUT
            )
        finally:
            cluster.boot("n2")
    assert [frame for frame in segment.frames if frame.port == "n2" and cut < frame.time < cut + 5] == []
    assert condition(cluster, "n2") == "True"
    assert node.run(["cat", "/var/kept"]) == "on disk"
    assert reaches(client, node.address.v4)


def test_a_node_that_is_on_cannot_be_booted(cluster):
    with pytest.raises(LabError, match="node n1 is on already"):
        cluster.boot("n1")


def test_a_command_on_a_node_that_is_off_says_so(cluster):
    cluster.cut("n3")
    try:
        with pytest.raises(LabError, match="n3 is off; boot it first"):
            cluster.node("n3").run(["true"])
    finally:
        cluster.boot("n3")


def test_a_partition_parts_two_hosts_and_no_others(cluster):
    client, other = cluster.client(), cluster.client("other")
    n1, n2 = (cluster.node(name).address.v4 for name in ("n1", "n2"))
    cluster.partition("client", ["n1"])
    try:
        assert not reaches(client, n1, timeout=0.5)
        assert reaches(client, n2)
        assert reaches(other, n1)
    finally:
        cluster.heal()
    assert reaches(client, n1)


def test_a_partition_hides_frames_from_packet_sockets_too(cluster):
    client = cluster.client()
    cluster.partition("client", "n1")
    try:
        with cluster.capture("n1") as at_node, cluster.capture() as segment:
            assert not reaches(client, cluster.node("n1").address.v4, timeout=0.5)
        assert client.mac in {frame.source for frame in segment.frames}
        assert client.mac not in {frame.source for frame in at_node.frames}
    finally:
        cluster.heal()


def test_loss_takes_its_share_of_frames_and_ends(cluster):
    client, address = cluster.client(), cluster.node("n1").address.v4
    with client.inside():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sender:
        assert reaches(client, address)  # so that ARP is settled
        cluster.loss("n1", 50)
        try:
            with cluster.capture("n1") as taken:
                send_many(sender, address, 2000)
        finally:
            cluster.loss("n1", 0)
        # 2000 throws of a coin: 6 standard deviations are 134.
        assert 866 <= arrived(taken) <= 1134
        with cluster.capture("n1") as taken:
            send_many(sender, address, 200)
        assert arrived(taken) == 200


MARK = b"one of many"


def send_many(sender, address, count):
    for _ in range(count):
        sender.sendto(MARK, (str(address), 9))


def arrived(taken):
    return sum(
        MARK in frame.raw and not frame.outgoing and frame.raw[14:15] == b"\x45" for frame in taken.frames
    )


def test_everything_lost_means_nobody_answers_arp(cluster):
    client = cluster.client("fresh")
    cluster.loss("n1", 100)
    try:
        assert not reaches(client, cluster.node("n1").address.v4, timeout=0.5)
        assert client.neighbor("10.99.0.11") is None
    finally:
        cluster.loss("n1", 0)
    assert reaches(client, cluster.node("n1").address.v4)
    assert client.neighbor("10.99.0.11") == cluster.node("n1").mac


def test_a_pulled_cable_takes_the_nodes_carrier(cluster):
    client, node = cluster.client(), cluster.node("n1")
    carrier = ["cat", "/sys/class/net/eth0/carrier"]
    cluster.link_down("n1")
    try:
        assert node.run(carrier) == "0\n"
        assert not reaches(client, node.address.v4, timeout=0.5)
    finally:
        cluster.link_up("n1")
    cluster.wait_for(lambda: node.run(carrier) == "1\n", "the carrier to return")
    assert reaches(client, node.address.v4)


def test_a_paused_process_does_nothing_until_it_is_resumed(cluster):
    client, node = cluster.client(), cluster.node("n1")
    kubelet = node.process("kubelet")
    kubelet.pause()
    try:
        assert not answers_tls(client, node.address.v4)
    finally:
        kubelet.resume()
    assert answers_tls(client, node.address.v4, timeout=20)


def answers_tls(client, address, timeout=1.0):
    with client.inside():
        probe = socket.socket()
    with probe:
        probe.settimeout(timeout)
        probe.connect((str(address), KUBELET))
        probe.sendall(b"GET / HTTP/1.0\r\n\r\n")  # not TLS: a kubelet that lives says so
        try:
            return probe.recv(1) != b""
        except TimeoutError:
            return False


def test_a_killed_kubelet_can_be_started_again(cluster):
    node = cluster.node("n1")
    killed = node.process("kubelet")
    killed.kill()
    cluster.wait_for(lambda: not killed.alive, "the kubelet to end")
    with pytest.raises(LabError, match=r"n1 runs 0 processes called 'kubelet'; it runs: .*containerd"):
        node.process("kubelet")
    node.start("kubelet")
    assert node.process("kubelet") != killed


def test_an_image_is_brought_to_every_node_once(cluster):
    tar = pause.image()
    cluster.load(tar)
    for name in cluster.node_names:
        assert "localhost/pause:1" in cluster.node(name).images()


def test_the_nodes_go_on_without_the_api_server(cluster):
    client = cluster.client()
    cluster.api_server.stop()
    try:
        assert reaches(client, cluster.node("n1").address.v4)
        assert {"kubelet", "kube-proxy"} <= {
            process.name for process in cluster.node("n1").machine.processes()
        }
    finally:
        cluster.api_server.start()
    cluster.wait_for(
        lambda: all(condition(cluster, node) == "True" for node in cluster.node_names),
        "all nodes to be Ready",
    )


def test_a_kubelet_writes_no_sysctl_of_the_whole_machine(cluster):
    with open("/proc/sys/kernel/panic") as ours:
        assert ours.read().strip() == PANIC
    assert cluster.node("n1").run(["cat", "/proc/sys/kernel/panic"]) == "10\n"


with open("/proc/sys/kernel/panic") as before:
    PANIC = before.read().strip()
