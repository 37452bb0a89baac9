"""What the failure detector costs a node, how soon it finds a death and whom it wrongs, on virtual time.

All machines of a cluster run in this process, on a network that loses one datagram of a hundred. The times
that the machines take are real; those of the network are drawn by chance, and processes are never late but
where it is said. How late they are on a busy machine is measured by the outages of real clusters.
"""

import os
import random

import pytest

from tests.unit.speaker.layer2.protocol.network import Network, at_random, names

SIZES = (3, 50, 200)
LOSS = 0.01
QUIET = {3: 60.0, 50: 10.0, 200: 5.0}
"""Seconds for which costs are counted."""
DEATHS = {3: 100, 50: 20, 200: 5}
MINUTES = {3: 10.0, 50: 3.0, 200: 1.0}
"""For which bad links, slow nodes and paused processes are borne; MEMBERSHIP_MINUTES takes their place."""
PAUSE, RECOVERY = 10.0, 1.0
LOSSY = 0.3
SLOW = 0.2


def lan(sender, receiver, chance):
    """Seconds on a wire and in two hosts that are not idle."""
    return 0.0002 + 0.002 * chance


def cluster(size, seed):
    network = Network(names(size), seed=seed, delay=lan, lost=at_random(seed, LOSS))
    network.run(3.0)
    assert network.all_agree_on(names(size))
    return network


@pytest.mark.parametrize("size", SIZES)
def test_cost(figures, size):
    network, seconds = cluster(size, seed=1), QUIET[size]
    sent, sent_bytes = sum(network.sent.values()), network.sent_bytes
    network.measures = True
    network.run(network.now + seconds)
    assert network.losses() == []
    share = seconds * size
    figures[f"membership.packets_per_s_at_{size}"] = (sum(network.sent.values()) - sent) / share
    figures[f"membership.bytes_per_s_at_{size}"] = (network.sent_bytes - sent_bytes) / share
    figures[f"membership.cpu_percent_at_{size}"] = 100 * network.seconds / share


@pytest.mark.parametrize("size", SIZES)
def test_detection(figures, size):
    network, chance, found = cluster(size, seed=2), random.Random(2), []
    for _ in range(DEATHS[size]):
        network.run(network.now + chance.random())
        dead, at = chance.choice(sorted(network.speakers)), network.now
        network.kill(dead)
        network.run(at + 1.0)
        assert network.all_agree_on(set(names(size)) - {dead})
        losses = network.losses(at)
        assert {other for _, _, other in losses} == {dead}
        found += [when - at for when, _, _ in losses]
        network.start(dead)
        network.run(network.now + 1.0)
        assert network.all_agree_on(names(size))
    found.sort()
    figures[f"membership.detect_median_s_at_{size}"] = found[len(found) // 2]
    figures[f"membership.detect_p99_s_at_{size}"] = found[int(0.99 * len(found))]


@pytest.mark.parametrize("size", SIZES)
def test_false_verdicts(figures, size):
    minutes = float(os.environ.get("MEMBERSHIP_MINUTES", MINUTES[size]))
    network, chance = cluster(size, seed=3), random.Random(3)
    everybody = names(size)
    slow, one, paused = everybody[0], everybody[1], everybody[-1]
    other = next(name for name in network.speakers[one].silences(network.now) if name != slow)
    network.lost = lambda *link: chance.random() < (LOSSY if set(link) == {one, other} else LOSS)
    network.delay = lambda *link: lan(*link) + (SLOW if slow in link[:2] else 0.0)
    end, pauses = network.now + 60 * minutes, []
    while network.now < end:
        network.run(network.now + 20.0)
        network.sleep(paused, PAUSE)
        pauses.append(network.now)
        network.run(network.now + 20.0)
    losses = network.losses()
    right = [
        (at, observer, lost)
        for at, observer, lost in losses
        if paused in (observer, lost) and any(0 <= at - began <= PAUSE + RECOVERY for began in pauses)
    ]
    assert {lost for _, _, lost in right} == {paused}
    assert network.all_agree_on(everybody)
    figures[f"membership.false_verdicts_at_{size}"] = len(losses) - len(right)
    figures["membership.false_verdicts"] = sum(
        value for name, value in figures.items() if name.startswith("membership.false_verdicts_at_")
    )
    assert len(losses) == len(right)
