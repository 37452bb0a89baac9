"""Killed at any moment, and without an API server or its past: no address is given twice, and none is lost.

The pools have exactly as many addresses as are wanted, so that one that leaks is missed.
"""

import random
import signal
import sys

from tests.integration.cluster.past import compact
from tests.integration.controller import crowd
from tests.integration.controller.witness import witness

KILLS = 10


def some_have_addresses(cluster, seen, number):
    cluster.lab.wait_for(lambda: len(seen.given) >= number, f"{number} Services to have an address")


def all_are_well(cluster, seen, services):
    """Each of *services* has one address, which was nobody else's and never another; nothing is left over."""
    cluster.lab.wait_for(lambda: len(seen.given) == len(services), "each to have an address", timeout=120)
    cluster.lab.wait_for(lambda: not seen.fenced, "the marks of void writes to go")
    assert seen.faults == []
    assert sorted(seen.given) == sorted(services)
    assert {len(addresses) for addresses in seen.given.values()} == {1}


def test_a_controller_that_is_killed_ten_times_gives_no_address_twice_and_loses_none(cluster, controller):
    services = crowd.names(2000)
    seed = random.randrange(1_000_000)
    sys.stdout.write(f"random.Random({seed})\n")
    moments = sorted(random.Random(seed).sample(range(1, len(services)), KILLS))
    cluster.pool("lan", "10.64.0.1-10.64.7.208")
    with witness(cluster.lab) as seen, crowd.coming(cluster.lab.kubeconfig, services):
        for moment in moments:
            some_have_addresses(cluster, seen, moment)
            controller.restart(signal.SIGKILL)
        all_are_well(cluster, seen, services)


def test_an_api_server_that_is_killed_and_forgets_the_past_costs_no_address(cluster, controller):
    services = crowd.names(400)
    lab = cluster.lab
    cluster.pool("lan", "10.64.0.1-10.64.1.144")
    with witness(lab) as seen, crowd.coming(lab.kubeconfig, services, per_second=100):
        for moment in (50, 200):
            some_have_addresses(cluster, seen, moment)
            lab.api_server.stop()
            compact(lab)
            lab.api_server.start()
        all_are_well(cluster, seen, services)


def test_a_controller_that_sleeps_while_the_past_is_forgotten_finds_what_came_and_went(cluster, controller):
    lab = cluster.lab
    cluster.pool("lan", "10.64.0.1-10.64.0.100")
    first, second = crowd.names(100, "first"), crowd.names(50, "second")
    with witness(lab) as seen:
        crowd.create(lab.kubeconfig, first)
        all_are_well(cluster, seen, first)
        controller.send(signal.SIGSTOP)
        crowd.delete(lab.kubeconfig, first[:50])
        crowd.create(lab.kubeconfig, second)
        compact(lab)
        lab.api_server.stop()
        lab.api_server.start()
        controller.send(signal.SIGCONT)
        all_are_well(cluster, seen, first[50:] + second)
    assert any("410 Expired" in line for line in controller.messages)
