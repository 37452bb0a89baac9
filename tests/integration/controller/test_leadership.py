"""Several controllers: one allocates; whatever is killed, paused or cut off, no address is given twice."""

import signal

import pytest
import yaml

from lb.cli.trial import NAMESPACE
from lb.lab.control_plane import SERVER
from tests.integration.controller import crowd
from tests.integration.controller.witness import witness

SHORT = ("--lease-duration=3", "--renew-deadline=2", "--retry-period=0.5")


@pytest.fixture
def wait_for(cluster):
    def wait(condition, what, timeout=30):
        return cluster.lab.wait_for(condition, what, timeout)

    return wait


@pytest.fixture
def pair(start, wait_for):
    """Starts two controllers with *flags*: the one that leads, and the one that stands by."""

    def begin(*flags, **elsewhere):
        leader = start("one", *flags, **elsewhere)
        wait_for(lambda: leader.debug["leads"], "the first one to lead")
        other = start("two", *flags)
        wait_for(lambda: other.ask("/readyz") == "ok\n", "the second one to be ready")
        return leader, other

    return begin


def test_one_leads_and_the_other_is_ready_and_takes_over_at_once_from_one_that_stops(cluster, pair, wait_for):
    one, two = pair()  # with the usual times, which last longer than this test
    cluster.pool("lan", "192.0.2.10-192.0.2.20")
    cluster.service("a")
    cluster.wait_for_address("a", "192.0.2.10")
    told = {"leads": False, "leader": "one", "identity": "two", "holdings": {}}
    wait_for(lambda: told.items() <= two.debug.items(), "the other to see who leads")
    assert "anvil_lb_controller_leads_bool 0.0" in two.ask("/metrics").splitlines()

    assert one.end(signal.SIGTERM) == 0

    wait_for(lambda: two.debug["leads"], "the other one to lead", timeout=5)
    cluster.service("b")
    cluster.wait_for_address("b", "192.0.2.11")
    assert two.debug["holdings"] == {"default/a": ["192.0.2.10"], "default/b": ["192.0.2.11"]}
    assert len(cluster.events("a", "IPAllocated")) == 1
    one.start()
    wait_for(lambda: one.debug["leader"] == "two", "the first one to see who leads now")
    assert (one.debug["leads"], two.debug["leads"]) == (False, True)
    assert one.ask("/readyz") == "ok\n"


def test_the_other_takes_over_from_one_that_was_killed(cluster, pair, wait_for):
    one, two = pair(*SHORT)
    cluster.pool("lan", "192.0.2.10-192.0.2.20")
    cluster.service("a")
    cluster.wait_for_address("a", "192.0.2.10")

    one.end(signal.SIGKILL)
    cluster.service("b")

    cluster.wait_for_address("b", "192.0.2.11")
    assert cluster.addresses("a") == ["192.0.2.10"]
    assert two.debug["leads"]
    lease = cluster.get("lease", "anvil-lb-controller", "-n", NAMESPACE)["spec"]
    assert (lease["holderIdentity"], lease["leaseTransitions"]) == ("two", 1)
    one.start()
    wait_for(lambda: one.debug["leader"] == "two", "the first one to see who leads now")
    assert not one.debug["leads"]


@pytest.fixture
def seen(cluster):
    """A pool of exactly as many addresses as are wanted, and a witness of who gets them."""
    cluster.pool("lan", "10.64.0.1-10.64.1.144")
    with witness(cluster.lab) as seeing:
        yield seeing


CROWD = crowd.names(400)
PER_SECOND = 50


def takes_over(other, seen, wait_for):
    """Returns when *other* leads and has given addresses."""
    wait_for(lambda: other.debug["leads"], "the other to lead")
    now = len(seen.given)
    wait_for(lambda: len(seen.given) > now + 20, "the other to give addresses")


def stands_by(former, wait_for):
    wait_for(lambda: former.debug["leader"] and not former.debug["leads"], "the former leader to stand by")


def test_a_leader_that_is_paused_under_load_and_goes_on_later_gives_no_address_twice(
    cluster, pair, seen, wait_for
):
    leader, other = pair(*SHORT)
    with crowd.coming(cluster.lab.kubeconfig, CROWD, PER_SECOND):
        for _ in range(2):
            now = len(seen.given)
            wait_for(lambda: len(seen.given) > now + 50, "the leader to be busy")  # noqa: B023 - called at once
            leader.send(signal.SIGSTOP)
            takes_over(other, seen, wait_for)
            leader.send(signal.SIGCONT)
            stands_by(leader, wait_for)
            leader, other = other, leader
    wait_for(lambda: len(seen.given) == len(CROWD) and not seen.fenced, "each to have an address")
    assert seen.faults == []
    assert (leader.debug["leads"], other.debug["leads"]) == (True, False)


def test_a_leader_that_is_cut_off_under_load_and_comes_back_later_gives_no_address_twice(
    cluster, pair, seen, wait_for, as_controller
):
    far, lab = cluster.lab.client("far"), cluster.lab
    leader, other = pair(*SHORT, kubeconfig=on_the_segment(as_controller), host=far)
    with crowd.coming(lab.kubeconfig, CROWD, PER_SECOND):
        wait_for(lambda: len(seen.given) > 50, "the leader to be busy")
        lab.partition("far", "control-plane")
        try:
            wait_for(lambda: not leader.debug["leads"], "the one that is cut off to give up")
            takes_over(other, seen, wait_for)
        finally:
            lab.heal()
        wait_for(lambda: leader.debug["leader"] == "two", "the former leader to see who leads now")
    wait_for(lambda: len(seen.given) == len(CROWD) and not seen.fenced, "each to have an address")
    assert seen.faults == []
    assert (leader.debug["leads"], other.debug["leads"]) == (False, True)


def on_the_segment(kubeconfig):
    """A kubeconfig that leads to the API server's own address instead of the host's loopback."""
    config = yaml.safe_load(kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = SERVER
    path = kubeconfig.with_name("segment.kubeconfig")
    path.write_text(yaml.safe_dump(config))
    return path
