"""Faults of nodes, cables and processes: after each, exactly one node answers for the address."""

import json
import random
import sys
import time
from contextlib import contextmanager

import pytest

from lb.cli.trial import NAMESPACE
from lb.lab.waiting import wait_for
from tests.e2e import flood
from tests.e2e.conftest import ADDRESS
from tests.e2e.witness import question, witness

WITNESS = "witness"
ENOUGH = 20
"""Questions in a row that one node alone answers."""
DRAIN = "anvil-lb.io/drain"
ROUNDS = 20
SECONDS, ENOUGH_GARBAGE = "10", 20_000
"""How long it is sent, and how much of it each second at least, on a machine that has more to do."""


@pytest.fixture
def announcer(trial):
    return trial.announcer(ADDRESS)


@pytest.fixture
def seen(trial):
    with witness(trial.lab.client(WITNESS), ADDRESS) as seen:
        yield seen


def _mac(trial, node):
    return trial.lab.node(node).address.mac


def _others(trial, node):
    return [name for name in trial.lab.node_names if name != node]


def _only(trial, seen, unlike=None, timeout=20):
    """The node that answers, once one alone does; another one than *unlike*."""

    def look():
        last = seen.replies[-ENOUGH:]
        macs = {mac for _, mac in last}
        is_fresh = len(last) == ENOUGH and last[0][0] > began
        return macs.pop() if is_fresh and len(macs) == 1 else None

    began = time.monotonic()
    not_this = _mac(trial, unlike) if unlike else None
    nodes = {_mac(trial, name): name for name in trial.lab.node_names}
    return nodes[wait_for(lambda: (mac := look()) != not_this and mac, "one node alone to answer", timeout)]


@contextmanager
def _healed(trial):
    try:
        yield
    finally:
        trial.lab.heal()
        trial.lab.wait_for(trial.speakers_agree, "all speakers to hear each other", timeout=60)


def test_an_owner_without_its_cable_is_replaced_and_one_alone_answers_when_it_is_back(trial, announcer, seen):
    trial.lab.link_down(announcer)
    successor = _only(trial, seen, unlike=announcer)
    trial.lab.link_up(announcer)
    trial.lab.wait_for(trial.speakers_agree, "all speakers to hear each other", timeout=60)
    assert _only(trial, seen) in (announcer, successor)  # as for two that served through a partition


def test_an_owner_that_is_selected_no_more_hands_over(trial, announcer, seen):
    lab, label = trial.lab, "test.anvil-lb.io/edge"
    lab.kubectl("label", "node", "--all", f"{label}=yes")
    try:
        _select(trial, [{"matchLabels": {label: "yes"}}])
        assert _only(trial, seen) == announcer
        lab.kubectl("label", "node", announcer, "--overwrite", f"{label}=no")
        successor = _only(trial, seen, unlike=announcer)
        assert trial.speaker(successor, "default/web")["nodes"][announcer] == "NOT_SELECTED"
    finally:
        _select(trial, None)
        lab.kubectl("label", "node", "--all", f"{label}-")


def _select(trial, selectors):
    patch = json.dumps({"spec": {"nodeSelectors": selectors}})
    trial.lab.kubectl("patch", "l2advertisement/lan", "-n", NAMESPACE, "--type=merge", "-p", patch)


def test_an_owner_that_one_node_does_not_hear_stays(trial, announcer, seen):
    deaf, hearing = _others(trial, announcer)
    with _healed(trial):
        began = time.monotonic()
        trial.lab.mute(announcer, [deaf])
        trial.lab.wait_for(
            lambda: trial.speaker(deaf)["silent_for_s"][announcer] > 2, "a long silence", timeout=20
        )
        assert trial.speakers_agree()
    assert set(seen.since(began)) == {_mac(trial, announcer)}
    assert trial.speaker(hearing, "default/web")["node"] == announcer


def test_an_owner_that_hears_but_is_not_heard_yields(trial, announcer, seen):
    with _healed(trial):
        trial.lab.mute(announcer, _others(trial, announcer))
        _only(trial, seen, unlike=announcer)
    _only(trial, seen)


def test_a_link_that_loses_thirty_percent_for_a_minute_moves_nothing(trial, announcer, seen):
    began = time.monotonic()
    trial.lab.loss(announcer, 30)
    try:
        wait_for(lambda: time.monotonic() > began + 60, "a minute", timeout=70)
    finally:
        trial.lab.loss(announcer, 0)
    assert _only(trial, seen) == announcer
    assert set(seen.since(began)) == {_mac(trial, announcer)}


def test_when_an_owner_that_was_paused_goes_on_one_alone_answers_within_a_second(trial, announcer, seen):
    paused = time.monotonic()
    with _paused(trial, announcer):
        _only(trial, seen, unlike=announcer)
        wait_for(lambda: time.monotonic() > paused + 10, "ten seconds", timeout=20)
        resumed = time.monotonic()
    wait_for(lambda: time.monotonic() > resumed + 2, "two seconds of replies", timeout=10)
    assert len(set(seen.since(resumed + 1.0))) == 1
    trial.lab.wait_for(trial.speakers_agree, "all speakers to hear each other", timeout=60)
    _only(trial, seen)


@contextmanager
def _paused(trial, node):
    running = _processes(trial, node)
    for each in running:
        each.pause()
    try:
        yield
    finally:
        for each in running:
            each.resume()


def _processes(trial, node):
    pods = trial.get("pods", "-n", NAMESPACE, "-l", "component=speaker")["items"]
    pod = next(each["metadata"]["name"] for each in pods if each["spec"]["nodeName"] == node)
    return sorted(trial.lab.container(pod, namespace=NAMESPACE), key=lambda each: (each.started, each.pid))


def test_floods_of_garbage_leave_the_announcement_intact(trial, announcer, seen):
    client = trial.lab.client("flooder")
    command = [
        sys.executable,
        flood.__file__,
        SECONDS,
        _mac(trial, announcer),
        question(client, ADDRESS).hex(),
    ]
    began = time.monotonic()
    sent = int(client.run(command))
    sys.stdout.write(f"{sent / float(SECONDS):.0f} frames/s\n")
    assert set(seen.since(began)) == {_mac(trial, announcer)}
    assert trial.speakers_agree()
    assert _only(trial, seen) == announcer
    assert sent > ENOUGH_GARBAGE * float(SECONDS)


def _cut(trial, node):
    trial.lab.cut(node)
    yield
    trial.lab.boot(node)


def _unplug(trial, node):
    trial.lab.link_down(node)
    yield
    trial.lab.link_up(node)


def _drain(trial, node):
    trial.lab.kubectl("label", "node", node, f"{DRAIN}=true")
    yield
    trial.lab.kubectl("label", "node", node, f"{DRAIN}-")


def _mute(trial, node):
    trial.lab.mute(node, _others(trial, node))
    yield
    trial.lab.heal()


def _lose(trial, node):
    trial.lab.loss(node, 30)
    yield
    trial.lab.loss(node, 0)


def _pause(trial, node):
    with _paused(trial, node):
        yield


FAULTS = (_cut, _unplug, _drain, _mute, _lose, _pause)


def test_after_each_of_twenty_faults_at_random_one_node_answers(trial, announcer, seen):
    seed = random.randrange(10**6)
    sys.stdout.write(f"seed {seed}\n")  # shown where it fails
    chance = random.Random(seed)
    for number in range(ROUNDS):
        node, fault = chance.choice(trial.lab.node_names), chance.choice(FAULTS)
        sys.stdout.write(f"{number}: {fault.__name__[1:]} {node}\n")
        course = fault(trial, node)
        next(course)
        _only(trial, seen)
        next(course, None)
        trial.lab.wait_for(trial.speakers_agree, "all speakers to hear each other", timeout=60)
        _only(trial, seen)
