"""Addresses that are moved by people: what moves, what stays, and what a client sees of it."""

import json
import time

import pytest

from lb.cli.trial import NAMESPACE
from lb.lab.pulse import pulse
from tests.e2e.conftest import ADDRESS

URL = f"http://{ADDRESS}/"
DRAIN = "anvil-lb.io/drain"
GATE = "anvil-lb.io/gate-on-health-check"
EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"

SHORT = 0.5
"""Seconds: less than a node that dies is noticed in."""


@pytest.fixture
def announcer(trial):
    """The node that announces, where no speaker has just started."""
    trial.lab.wait_for(lambda: not any(_told(trial, "is_fresh")), "all speakers to be ripe", timeout=30)
    return trial.announcer(ADDRESS)


@pytest.fixture
def label(trial):
    """Sets labels of nodes, and takes them away afterwards."""
    labelled = []

    def put(node, text):
        labelled.append((node, text.partition("=")[0]))
        trial.lab.kubectl("label", "node", node, "--overwrite", text)

    yield put
    for node, key in labelled:
        trial.lab.kubectl("label", "node", node, f"{key}-")


def test_a_node_that_is_drained_hands_over_without_a_gap_and_takes_nothing_back(trial, announcer, label):
    with pulse(trial.lab.client(), URL) as fetches:
        _fetched_for(fetches, 1.0)
        label(announcer, f"{DRAIN}=true")
        successor = trial.lab.wait_for(lambda: _other(trial, announcer), "a successor to answer", timeout=20)
        _fetched_for(fetches, 2.0)
    _leaves_no_gap(fetches)
    assert trial.speaker(successor, "default/web")["nodes"][announcer] == "DRAINED"

    trial.lab.kubectl("label", "node", announcer, f"{DRAIN}-")
    trial.lab.wait_for(
        lambda: trial.speaker(announcer, "default/web")["nodes"][announcer] == "NOT_HOLDER",
        "the node to stand for election again",
        timeout=20,
    )
    assert trial.answering(ADDRESS) == [successor]


def test_a_speaker_that_is_stopped_hands_over_without_a_gap(trial, announcer):
    pods = trial.get("pods", "-n", NAMESPACE, "-l", "component=speaker")["items"]
    pod = next(each["metadata"]["name"] for each in pods if each["spec"]["nodeName"] == announcer)
    with pulse(trial.lab.client(), URL) as fetches:
        _fetched_for(fetches, 1.0)
        trial.lab.kubectl("delete", "pod", "-n", NAMESPACE, pod, "--wait=true")
        _fetched_for(fetches, 2.0)
    _leaves_no_gap(fetches)
    assert trial.answering(ADDRESS) != [announcer]


def test_the_status_tells_who_announces_and_follows(trial, announcer, label):
    trial.lab.wait_for(lambda: _statuses(trial) == [("web", announcer)], "the status", timeout=20)
    label(announcer, f"{DRAIN}=true")
    successor = trial.lab.wait_for(lambda: _other(trial, announcer), "a successor to answer", timeout=20)
    trial.lab.wait_for(lambda: _statuses(trial) == [("web", successor)], "the status to follow", timeout=20)


def test_where_a_label_excludes_every_node_one_warning_says_so(trial, announcer, label):
    for node in trial.lab.node_names:
        label(node, f"{EXCLUDE}=")
    trial.lab.wait_for(lambda: not trial.answering(ADDRESS), "nobody to answer", timeout=20)

    def warnings():
        found = trial.events("web", "announceFailed")
        return [
            each for each in found if each.startswith(f"no node announces {ADDRESS}: each node that could")
        ]

    trial.lab.wait_for(warnings, "a warning", timeout=20)
    assert len(warnings()) == 1


SLOWLY = {
    "terminationGracePeriodSeconds": 10,
    "containers": [
        {
            "name": "web",
            "lifecycle": {
                "preStop": {"exec": {"command": ["/usr/bin/python3", "-c", "import time; time.sleep(3)"]}}
            },
        }
    ],
}
AS_BEFORE = {"terminationGracePeriodSeconds": 1, "containers": [{"name": "web", "lifecycle": None}]}


@pytest.fixture
def stops_slowly(trial):
    """Pods that go on serving for a while when they are to stop, and packets that stay on their node.

    A node waits for its kube-proxy, which writes its rules a second or so after the speaker knows of a pod.
    """
    _roll_out(trial, SLOWLY)
    _patch(
        trial,
        "service",
        {"metadata": {"annotations": {GATE: "true"}}, "spec": {"externalTrafficPolicy": "Local"}},
    )
    yield
    _patch(
        trial,
        "service",
        {"metadata": {"annotations": {GATE: None}}, "spec": {"externalTrafficPolicy": "Cluster"}},
    )
    _roll_out(trial, AS_BEFORE)


def test_a_rolling_update_leaves_no_gap_where_the_traffic_policy_is_local(trial, announcer, stops_slowly):
    trial.fetch(URL)
    with pulse(trial.lab.client(), URL) as fetches:
        _fetched_for(fetches, 1.0)
        trial.lab.kubectl("rollout", "restart", "deployment/web")
        trial.lab.kubectl("rollout", "status", "deployment/web", "--timeout=100s", timeout=110)
        _fetched_for(fetches, 5.0)
    _leaves_no_gap(fetches, within=2 * SHORT)  # pods start and stop meanwhile, on few processors


def _roll_out(trial, pod):
    _patch(trial, "deployment", {"spec": {"template": {"spec": pod}}})
    trial.lab.kubectl("rollout", "status", "deployment/web", "--timeout=100s", timeout=110)


def _leaves_no_gap(fetches, within=SHORT):
    """Some request was answered all the time.

    One that is under way when the address moves may fail: the next node knows nothing of its connection.
    """
    assert fetches.longest_silence(fetches.fetches[0].started) < within


def _patch(trial, kind, body):
    trial.lab.kubectl("patch", kind, "web", "-p", json.dumps(body))


def _told(trial, what):
    return [each[what] for name in trial.lab.node_names for each in trial.speaker(name)["told"].values()]


def _fetched_for(fetches, seconds):
    """Returns once the client has fetched for so long from now on."""
    until = time.monotonic() + seconds
    while not fetches.fetches or fetches.fetches[-1].started < until:
        time.sleep(0.05)


def _other(trial, node):
    answering = trial.answering(ADDRESS)
    return answering[0] if len(answering) == 1 and answering[0] != node else None


def _statuses(trial):
    found = trial.get("servicel2statuses", "-n", NAMESPACE)["items"]
    return [
        (each["status"].get("serviceName"), each["status"].get("node")) for each in found if "status" in each
    ]
