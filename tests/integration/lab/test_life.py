"""Starting and ending labs: several at once, killed ones, interrupted ones."""

import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from lb.lab import record
from lb.lab.errors import BrokenLabError, LabError
from lb.lab.lab import Lab
from lb.lab.setup import parts
from lb.lab.waiting import wait_for


@pytest.fixture
def name():
    return f"t-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def spawn():
    """Start a program; it is killed at the end of the test if it still runs."""
    running = []

    def start(*argv):
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        running.append(process)
        return process

    yield start
    for process in running:
        with process:
            process.kill()


LBCTL = Path(sys.executable).with_name("lbctl")
UP = "import sys; from lb.lab.lab import Lab; Lab.up(sys.argv[1], nodes=0); print('up', flush=True); input()"


def test_a_lab_with_a_node_comes_and_goes_without_a_trace(name, traces):
    with Lab.up(name, nodes=1) as lab:
        assert set(traces(name).all()) == {"namespaces", "mounts", "cgroups", "files", "processes"}
        assert lab.kubectl("get", "nodes", "--output=name") == "node/n1\n"
    assert traces(name).all() == {}


def test_two_labs_side_by_side_know_nothing_of_each_other(control_plane, name):
    with Lab.up(name, nodes=0) as other:
        other.kubectl("create", "namespace", "only-here")
        assert "only-here" in other.kubectl("get", "namespaces")
        assert "only-here" not in control_plane.kubectl("get", "namespaces")
    assert control_plane.kubectl("get", "namespaces")


def test_a_name_is_taken_once(control_plane):
    with pytest.raises(LabError, match=f"lab '{control_plane.name}' exists already"):
        Lab.up(control_plane.name, nodes=0)
    assert control_plane.kubectl("get", "namespaces")


def test_what_a_killed_run_left_is_cleaned_by_the_next(spawn, name, traces):
    run = spawn(sys.executable, "-c", UP, name)
    while run.stdout.readline() != "up\n":
        assert run.poll() is None
    run.kill()
    run.wait()
    assert traces(name).all()
    assert name in record.remove_leftovers()
    assert traces(name).all() == {}


def test_a_run_killed_halfway_leaves_nothing_that_cannot_be_cleaned(spawn, name, traces):
    run = spawn(sys.executable, "-c", UP, name)
    wait_for(lambda: "processes" in traces(name).all(), "the first process of the lab")
    run.kill()
    run.wait()
    record.remove_leftovers()
    assert traces(name).all() == {}


def test_a_running_lab_is_no_leftover(control_plane):
    assert control_plane.name not in record.remove_leftovers()
    assert control_plane.kubectl("get", "namespaces")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_takes_itself_down(spawn, name, traces, number):
    run = spawn(LBCTL, "lab", "up", "--name", name, "--nodes", "1")
    wait_for(lambda: "processes" in traces(name).all(), "the first process of the lab")
    run.send_signal(number)
    output, _ = run.communicate()
    assert (run.returncode, "lbctl: interrupted" in output) == (130, True)
    assert traces(name).all() == {}


def test_a_part_that_fails_is_named_with_its_last_words(name, traces, tmp_path, monkeypatch):
    broken = tmp_path / "etcd"
    broken.write_text("#!/bin/sh\necho I cannot go on >&2\nexit 1\n")
    broken.chmod(0o755)
    found = parts.find()
    monkeypatch.setattr(
        parts, "find", lambda: parts.Parts({**found.programs, "etcd": broken}, found.cni, found.pause_image)
    )
    with pytest.raises(BrokenLabError, match=r"etcd on control-plane has ended.*\n.*I cannot go on"):
        Lab.up(name, nodes=0)
    assert traces(name).all() == {}


def test_the_owner_of_a_lab_survives_its_end_even_inside_it(name, traces):
    lab = Lab.up(name, nodes=0)
    with lab.client().inside():
        lab.down()
    assert traces(name).all() == {}
