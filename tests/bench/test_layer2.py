"""How long a client goes without an answer when the announcing node fails or hands over; a speaker's weight.

A *silence* is the time from one answer to the next around a fault, for a client that opens a connection every
10 ms. Its server is on no node: what a cluster does about the pods of a node that is lost is not measured.
"""

import json
import socket
import statistics
import time
from pathlib import Path

import pytest

from lb.cli.trial import NAMESPACE, Trial
from tests.bench import second_port
from tests.bench.many import Many
from tests.bench.probe import probe, requests

RUNS = 20
BEFORE, AFTER = 0.1, 0.2
"""Seconds of answers before a fault, and after LONGEST."""
LONGEST = 0.8
"""Seconds after a fault from which on answers are waited for."""
DRAIN = "anvil-lb.io/drain"
FEW, MANY = 100, 500
FIRST_NODE = "n1"
CLIENT, ASKER = "client", "asker"
"""Who asks for answers is not disturbed by who looks for answering nodes."""
ARP = b"\x08\x06"
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def trial(cluster):
    trial = Trial(cluster)
    trial.install()
    trial.apply_samples("pool", "l2advertisement")
    return trial


@pytest.fixture(scope="module")
def address(trial):
    with probe(trial) as address:
        yield address


@pytest.fixture(scope="module")
def many(trial):
    many = Many(trial.lab, FIRST_NODE, trial.lab.client("server").address.v4)
    yield many
    many.remove()


@pytest.fixture
def other_cables(trial):
    """Each node has a second one, and announces on that alone; by MAC address its port."""
    lab = trial.lab
    try:
        for node in lab.node_names:
            second_port.plug(lab, node)
        _announce_on(trial, [second_port.INTERFACE])
        yield {second_port.mac(lab, node): second_port.port_of(node) for node in lab.node_names}
    finally:
        _announce_on(trial, None)
        for node in lab.node_names:
            second_port.segment(lab).detach(second_port.port_of(node))


def _announce_on(trial, interfaces):
    patch = {"spec": {"interfaces": interfaces}}
    trial.lab.kubectl(
        "patch", "l2advertisement/lan", "-n", NAMESPACE, "--type=merge", "-p", json.dumps(patch)
    )


def test_planned_moves(trial, address, figures):
    client = trial.lab.client(ASKER)
    with requests(client, address) as opened, requests(client, address, "udp") as sent:
        for _ in range(RUNS):
            _drain(trial, address)
        for _ in range(RUNS):
            _stop(trial, trial.announcer(address))
    figures["l2.planned.failed_requests"] = len(sent.failed)
    figures["l2.planned.requests"] = len(sent.seen)
    figures["l2.planned.broken_connections"] = len(opened.failed)
    figures["l2.planned.longest_silence_s"] = max(sent.longest_silence(0.0), opened.longest_silence(0.0))


def _drain(trial, address):
    owner = trial.announcer(address)
    trial.lab.kubectl("label", "node", owner, f"{DRAIN}=true")
    trial.lab.wait_for(lambda: trial.announcer(address) != owner, "another node to answer", timeout=20)
    trial.lab.kubectl("label", "node", owner, f"{DRAIN}-")


def _stop(trial, node, *how):
    """Let the speaker's pod go, and wait for the next one to be a member."""
    trial.lab.kubectl("delete", "pod", "-n", NAMESPACE, _pod(trial, node), "--wait=true", *how)
    trial.lab.wait_for(trial.speakers_agree, "all speakers to hear each other", timeout=60)


def _pod(trial, node):
    pods = trial.get("pods", "-n", NAMESPACE, "-l", "component=speaker")["items"]
    return next(pod["metadata"]["name"] for pod in pods if pod["spec"]["nodeName"] == node)


def test_killed_speaker(trial, address, figures):
    def kill(node):
        first, *_ = _processes(trial, node)
        first.kill()

    def replace(node):  # one that was killed often is started again later and later
        _stop(trial, node, "--force", "--grace-period=0")

    _put(figures, "kill", _silences(trial, address, kill, replace))


def test_link_down(trial, address, figures):
    """Without its only cable a node can tell nobody: the others find out by its silence."""
    _put(figures, "only_link_down", _silences(trial, address, trial.lab.link_down, trial.lab.link_up))


def test_link_down_of_a_node_that_is_heard(trial, address, other_cables, figures):
    segment = second_port.segment(trial.lab)
    trial.lab.wait_for(lambda: trial.announcer(address) in other_cables, "the other cables to be used")
    silences = _silences(
        trial,
        address,
        lambda mac: segment.set_link(other_cables[mac], "down"),
        lambda mac: segment.set_link(other_cables[mac], "up"),
    )
    _put(figures, "link_down", silences)


def test_power_cut(trial, address, figures):
    _put(figures, "power_cut", _silences(trial, address, trial.lab.cut, trial.lab.boot))


def test_memory(trial, many, figures):
    """PSS of all processes of the pod: what is shared with other processes counts in parts."""
    many.grow(FEW)
    _wait_for_all(trial, many)
    pods = [_processes(trial, node) for node in trial.lab.node_names]
    figures["speaker.rss_mib"] = max(sum(_mib(each, "Pss") for each in pod) for pod in pods)
    figures["speaker.rss_of_main_process_mib"] = max(_mib(pod[0], "Rss") for pod in pods)


def test_power_cut_of_a_node_with_many_addresses(trial, many, figures):
    many.grow(MANY)
    trial.lab.client(CLIENT)
    lasts = []
    for _ in range(RUNS):
        _wait_for_all(trial, many)
        with trial.lab.capture(CLIENT) as seen:
            began = time.time()
            trial.lab.cut(FIRST_NODE)
            told = trial.lab.wait_for(
                lambda: _told(seen, many.addresses), "all addresses to be told", timeout=20
            )
        lasts.append(max(told.values()) - began)
        trial.lab.boot(FIRST_NODE)
    _put(figures, "lost_500_addresses", lasts)
    figures["l2.lost_500_addresses.last_s"] = max(lasts)


def _wait_for_all(trial, many):
    """Returns once their node announces all of them, and no other one does."""

    def done():
        if not trial.speakers_agree():
            return False
        told = trial.speaker("n2")["told"]
        serving = {name: each["serves"] for name, each in told.items()}
        return serving.pop(FIRST_NODE) >= len(many.addresses) and not any(serving.values())

    trial.lab.wait_for(done, "all addresses to be announced by one node", timeout=60)


def _told(seen, addresses):
    """When each of *addresses* was made known first; None where some were not yet."""
    found = {}
    for frame in seen.frames:
        if frame.raw[12:14] == ARP and frame.raw[28:32] == frame.raw[38:42]:
            found.setdefault(socket.inet_ntoa(frame.raw[28:32]), frame.time)
    return found if found.keys() >= set(addresses) else None


def _silences(trial, address, harm, mend):
    """Those of RUNS runs, when *harm* is done to the node that announces, and mended afterwards."""
    silences = []
    for _ in range(RUNS):
        trial.lab.wait_for(trial.speakers_agree, "all speakers to hear each other", timeout=60)
        owner = trial.announcer(address)
        with requests(trial.lab.client(ASKER), address) as taken:
            taken.wait_for_answers(0.0, BEFORE)
            began = time.monotonic()
            harm(owner)
            taken.wait_for_answers(began + LONGEST, AFTER)
        assert trial.announcer(address) != owner
        silences.append(taken.longest_silence(began))
        mend(owner)
    return silences


def _put(figures, name, seconds):
    """Of so few runs the 99th percentile is the longest but one at best, so it is the longest."""
    figures[f"l2.{name}.median_s"] = statistics.median(seconds)
    figures[f"l2.{name}.p99_s"] = max(seconds)


def _processes(trial, node):
    """Those of the speaker's pod, the first one first."""
    found = trial.lab.container(_pod(trial, node), namespace=NAMESPACE)
    return sorted(found, key=lambda each: (each.started, each.pid))


def _mib(process, name):
    lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024
