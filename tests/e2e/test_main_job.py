"""The main job: a client reaches a Service through its address, whatever fails."""

import json
import time

import pytest

from lb.cli.trial import NAMESPACE
from lb.lab.pulse import pulse
from tests.e2e.conftest import ADDRESS

URL = f"http://{ADDRESS}/"


@pytest.fixture
def announcer(trial):
    return trial.announcer(ADDRESS)


def test_a_client_on_the_segment_fetches_a_page_through_the_address(trial, announcer):
    assert trial.fetch(URL).startswith("hello from pod web-")
    assert trial.lab.client().neighbor(ADDRESS) == trial.lab.node(announcer).address.mac


def test_each_speaker_tells_the_same_story(trial, announcer):
    def stories():
        return [trial.speaker(name, "default/web") for name in trial.lab.node_names]

    trial.lab.wait_for(lambda: len({story["text"] for story in stories()}) == 1, "one story", timeout=20)
    assert {story["node"] for story in stories()} == {announcer}
    assert stories()[0]["text"].startswith(f"node {announcer} ")
    assert trial.why("web", announcer).startswith(
        f'announcing from node "{announcer}" with protocol "layer2"'
    )


def test_a_takeover_is_made_known_by_gratuitous_arp_in_both_forms(trial, announcer):
    with trial.lab.capture() as seen:
        trial.lab.cut(announcer)
        successor = trial.lab.wait_for(lambda: _other(trial, announcer), "a successor to answer", timeout=20)

    mac = trial.lab.node(successor).address.mac
    forms = {each.operation for each in seen.arp if each.gratuitous and each.sender_mac == mac}
    assert forms == {1, 2}


def test_a_power_cut_moves_the_address_to_a_node_that_lives(trial, announcer):
    with pulse(trial.lab.client(), URL) as fetches:
        cut = time.monotonic()
        trial.lab.cut(announcer)
        successor = trial.lab.wait_for(lambda: _other(trial, announcer), "a successor to answer", timeout=20)
        trial.lab.wait_for(lambda: _answered_since(fetches, cut + 1), "an answer after the cut", timeout=20)

    assert successor in trial.lab.node_names
    assert trial.answering(ADDRESS) == [successor]
    assert trial.speakers_agree()


def test_no_address_moves_when_pods_and_the_controller_die(trial, announcer):
    trial.lab.kubectl("delete", "pod", "-l", "app=web", "--wait=true")
    trial.lab.kubectl(
        "delete", "pod", "-n", NAMESPACE, "-l", "component=controller", "--grace-period=0", "--force"
    )
    trial.lab.kubectl("rollout", "status", "deployment/web", "--timeout=60s", timeout=70)
    trial.lab.kubectl("rollout", "status", "deployment/controller", "-n", NAMESPACE, timeout=70)

    assert trial.address("web") == ADDRESS
    assert trial.announcer(ADDRESS) == announcer
    assert trial.fetch(URL)


def test_a_speaker_that_stops_says_so_and_another_takes_over(trial, announcer):
    pod = _speaker_pod(trial, announcer)
    with trial.lab.capture() as seen:
        trial.lab.kubectl("delete", "pod", "-n", NAMESPACE, pod, "--wait=true")
        trial.lab.wait_for(trial.speakers_agree, "the new speaker to be a member", timeout=60)

    others = {trial.lab.node(name).address.mac for name in trial.lab.node_names if name != announcer}
    assert others & {each.sender_mac for each in seen.arp if each.gratuitous and each.sender_ip == ADDRESS}
    assert trial.answering(ADDRESS) != [announcer]  # it stays where it is


def test_a_broken_path_between_two_nodes_moves_nothing(trial, announcer):
    other = next(name for name in trial.lab.node_names if name != announcer)
    with trial.lab.capture() as seen:
        trial.lab.partition(announcer, other)
        try:
            trial.lab.wait_for(
                lambda: trial.speaker(other)["silent_for_s"][announcer] > 2, "a long silence", timeout=20
            )
            assert trial.speakers_agree()
            assert trial.answering(ADDRESS) == [announcer]
        finally:
            trial.lab.heal()
    assert {each.sender_mac for each in seen.arp if each.sender_ip == ADDRESS} == {
        trial.lab.node(announcer).address.mac
    }


def test_only_pods_of_this_node_answer_where_the_traffic_policy_is_local(trial, announcer):
    _patch_policy(trial, "Local")
    try:
        trial.lab.wait_for(
            lambda: f"on node {trial.announcer(ADDRESS)}" in trial.fetch(URL), "an answer of a local pod"
        )
        node = trial.announcer(ADDRESS)
        assert all(trial.fetch(URL).endswith(f"on node {node}\n") for _ in range(10))
    finally:
        _patch_policy(trial, "Cluster")


def test_processes_hold_no_more_rights_than_they_need(trial):
    def status(selector):
        pod = trial.get("pods", "-n", NAMESPACE, "-l", selector)["items"][0]["metadata"]["name"]
        code = "print(open('/proc/1/status').read())"
        text = trial.lab.kubectl("exec", "-n", NAMESPACE, pod, "--", "/usr/bin/python3", "-c", code)
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    net_raw = 1 << 13
    speaker, controller = status("component=speaker"), status("component=controller")
    assert int(speaker["CapEff"], 16) == net_raw
    assert int(controller["CapEff"], 16) == 0
    for each in (speaker, controller):
        assert each["NoNewPrivs"] == "1"
        assert each["Seccomp"] == "2"
    assert controller["Uid"].split()[0] == "65534"


def test_without_the_api_server_traffic_goes_on_and_a_power_cut_fails_over(trial, announcer):
    away = 20.0  # seconds
    stopped = time.monotonic()
    trial.lab.api_server.stop()
    try:
        with pulse(trial.lab.client(), URL) as fetches:
            trial.lab.wait_for(lambda: _answered_since(fetches, stopped + 5), "answers after 5 s", timeout=10)
            assert not [fetch for fetch in fetches.fetches if fetch.error]
            cut = time.monotonic()
            trial.lab.cut(announcer)
            successor = trial.lab.wait_for(lambda: _other(trial, announcer), "a successor", timeout=20)
            trial.lab.wait_for(
                lambda: _answered_since(fetches, stopped + away), "answers to the end", timeout=30
            )
        assert _answered_since(fetches, cut + 1)
        assert trial.answering(ADDRESS) == [successor]
    finally:
        trial.lab.api_server.start()


def _other(trial, node):
    answering = trial.answering(ADDRESS)
    return answering[0] if len(answering) == 1 and answering[0] != node else None


def _answered_since(fetches, moment):
    return [fetch for fetch in fetches.answered if fetch.started > moment]


def _speaker_pod(trial, node):
    pods = trial.get("pods", "-n", NAMESPACE, "-l", "component=speaker")["items"]
    return next(pod["metadata"]["name"] for pod in pods if pod["spec"]["nodeName"] == node)


def _patch_policy(trial, policy):
    patch = json.dumps({"spec": {"externalTrafficPolicy": policy}})
    trial.lab.kubectl("patch", "service", "web", "-p", patch)
