import os
import signal
import subprocess
import sys

import pytest

from lb.lab import processes


@pytest.fixture
def sleeper():
    """A program that waits to be told to end."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        yield running
        running.kill()


def test_a_process_is_known_by_the_name_of_its_program(sleeper):
    found = processes.find(sleeper.pid)
    assert found is not None
    assert found.name == os.path.basename(sys.executable)
    assert found.alive


def test_a_process_that_has_ended_is_gone_even_before_it_is_waited_for(sleeper):
    found = processes.find(sleeper.pid)
    found.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # a zombie from here on
    assert not found.alive
    assert processes.find(sleeper.pid) is None
    assert not found.reaped
    sleeper.wait()
    assert found.reaped


def test_a_paused_process_has_stopped_and_a_resumed_one_goes_on(sleeper):
    found = processes.find(sleeper.pid)
    found.pause()
    assert os.waitid(os.P_PID, sleeper.pid, os.WSTOPPED | os.WNOHANG) is not None
    found.resume()
    assert os.waitid(os.P_PID, sleeper.pid, os.WCONTINUED) is not None


def test_pausing_what_has_ended_is_no_error(sleeper):
    found = processes.find(sleeper.pid)
    found.kill()
    sleeper.wait()
    found.pause()


def test_a_pid_that_is_somebody_elses_by_now_gets_no_signal(sleeper):
    found = processes.find(sleeper.pid)
    former = processes.Process(found.pid, found.started - 1, found.name)
    assert not former.alive
    former.signal(signal.SIGKILL)
    assert found.alive


def test_a_namespace_that_is_not_there_holds_nobody(tmp_path):
    assert processes.in_network_namespace(tmp_path / "none") == []


def test_a_cgroup_that_is_not_there_holds_nobody(tmp_path):
    assert processes.in_cgroup(tmp_path / "none") == []
