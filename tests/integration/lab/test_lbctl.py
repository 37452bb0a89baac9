"""What a person types, on the lab that the tests share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LBCTL = Path(sys.executable).with_name("lbctl")


@pytest.fixture
def lbctl(cluster):
    """Run `lbctl lab` on the shared lab: its exit code, standard output and standard error."""

    def run(command, *arguments, **options):
        argv = [LBCTL, "lab", command, "--name", cluster.name, *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, **options)
        return done.returncode, done.stdout, done.stderr

    return run


def test_status_shows_nodes_and_where_the_kubeconfig_is(lbctl, cluster):
    code, output, _ = lbctl("status")
    assert code == 0
    assert str(cluster.kubeconfig) in output
    for name in cluster.node_names:
        assert f"  {name}  {cluster.node(name).address.v4}" in output


def test_kubectl_takes_its_own_options_wherever_they_stand(lbctl):
    assert lbctl("kubectl", "-n", "kube-system", "get", "serviceaccount", "default", "-o", "name")[:2] == (
        0,
        "serviceaccount/default\n",
    )


def test_kubectls_exit_code_is_handed_on(lbctl):
    code, _, error = lbctl("kubectl", "get", "pod", "absent")
    assert code == 1
    assert '"absent" not found' in error


def test_the_kubeconfig_serves_any_tool(lbctl, cluster):
    assert lbctl("kubeconfig")[1] == f"{cluster.kubeconfig}\n"


def test_a_shell_runs_on_the_node(lbctl):
    environment = {**os.environ, "SHELL": "/bin/sh"}
    assert lbctl("shell", "n2", input="hostname; exit 3\n", env=environment)[:2] == (3, "n2\n")


def test_an_answer_that_does_not_come_is_told_with_its_url(lbctl):
    code, output, error = lbctl("fetch", "http://10.99.0.11:1/")
    assert (code, output) == (1, "")
    assert error == "lbctl: no answer from http://10.99.0.11:1/: [Errno 111] Connection refused\n"


@pytest.mark.parametrize("url", ["ftp://10.99.0.11/", "http://10.99.0.11:99999/", "http://[::1", "http://"])
def test_what_is_no_url_is_told_without_a_traceback(lbctl, url):
    code, output, error = lbctl("fetch", url)
    assert (code, output) == (1, "")
    assert error.startswith(f"lbctl: cannot fetch {url!r}: ")
    assert error.count("\n") == 1


def test_cut_and_boot(lbctl, cluster):
    assert lbctl("cut", "n3") == (0, "", "")
    assert lbctl("cut", "n3") == (1, "", "lbctl: node n3 is off already\n")
    assert "n3  10.99.0.13  fd00:99::13  02:00:0a:63:00:0d  off" in lbctl("status")[1]
    assert lbctl("boot", "n3") == (0, "", "")
    assert cluster.node("n3").on


def test_a_lab_that_is_not_there_is_told_without_a_traceback():
    done = subprocess.run([LBCTL, "lab", "down", "--name", "nobodys"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("lbctl: there is no lab 'nobodys' (running: ")


def test_setup_has_nothing_to_do_the_second_time():
    done = subprocess.run([LBCTL, "lab", "setup"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
