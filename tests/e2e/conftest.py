"""anvil-lb on three real nodes, installed as the README says, with a web server behind an address."""

from collections.abc import Iterator

import pytest

from lb.cli.trial import Trial
from lb.lab.lab import Lab

ADDRESS = "10.99.0.200"


@pytest.fixture(scope="session")
def installed(cluster: Lab) -> Trial:
    trial = Trial(cluster)
    trial.install()
    trial.apply_samples("pool", "l2advertisement", "web", "service")
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s", timeout=70)
    trial.address("web")
    return trial


@pytest.fixture
def trial(installed: Trial) -> Iterator[Trial]:
    """All is well before each test and after it."""
    _settle(installed)
    yield installed
    for name in installed.lab.node_names:
        if not installed.lab.node(name).on:
            installed.lab.boot(name)
    _settle(installed)


def _settle(trial: Trial) -> None:
    """Wait until every speaker is ready and each knows of the others, and the web server answers."""
    trial.lab.wait_for(trial.speakers_agree, "all speakers to hear each other", timeout=60)
    trial.lab.kubectl("rollout", "status", "deployment/web", "--timeout=60s", timeout=70)
    assert trial.address("web") == ADDRESS
    trial.fetch(f"http://{ADDRESS}/")
    assert trial.answering(ADDRESS) == [trial.announcer(ADDRESS)]
