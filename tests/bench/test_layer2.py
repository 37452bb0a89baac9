"""How long a client goes without an answer when the announcing node loses its power."""

import statistics
import time

from lb.cli.trial import Trial
from lb.lab.pulse import pulse

RUNS = 5
BEFORE, AFTER = 1.0, 4.0
"""Seconds of fetching around the cut."""


def test_power_cut(cluster, figures):
    trial = Trial(cluster)
    trial.install()
    trial.apply_samples("pool", "l2advertisement", "web", "service")
    trial.kubectl("rollout", "status", "deployment/web", "--timeout=60s", timeout=70)
    silences = [_cut(trial, trial.address("web")) for _ in range(RUNS)]
    figures["l2.power_cut.median_s"] = statistics.median(silences)
    figures["l2.power_cut.worst_s"] = max(silences)


def _cut(trial, address):
    """Seconds from the last answer before the cut to the first after it."""
    url = f"http://{address}/"
    trial.lab.wait_for(trial.speakers_agree, "all speakers to hear each other", timeout=60)
    trial.kubectl("rollout", "status", "deployment/web", "--timeout=60s", timeout=70)
    trial.fetch(url)
    node = trial.announcer(address)
    with pulse(trial.lab.client(), url) as fetches:
        time.sleep(BEFORE)
        cut = time.monotonic()
        trial.lab.cut(node)
        time.sleep(AFTER)
    assert trial.announcer(address) != node
    assert [fetch for fetch in fetches.answered if fetch.started > cut + 1]
    trial.lab.boot(node)
    return fetches.longest_silence(cut)
