"""Kubernetes clusters for every test that wants one, started once per run.

A test that harms a shared lab mends it again before it ends.
"""

import os
from collections.abc import Iterator

import pytest

from lb.lab.lab import Lab


@pytest.fixture(scope="session")
def control_plane() -> Iterator[Lab]:
    """etcd, API server, controller manager and scheduler, without nodes."""
    with Lab.up(f"test-{os.getpid()}-api", nodes=0) as lab:
        yield lab


@pytest.fixture(scope="session")
def cluster() -> Iterator[Lab]:
    """Three nodes."""
    with Lab.up(f"test-{os.getpid()}", nodes=3) as lab:
        yield lab
