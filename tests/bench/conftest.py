"""Figures: printed at the end, and written to build/bench.json as one flat object."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

FILE = Path("build/bench.json")
MEASURED = pytest.StashKey[dict[str, float]]()


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> Iterator[dict[str, float]]:
    """Figures by dotted name; those of earlier runs that are not measured again stay in the file."""
    measured: dict[str, float] = {}
    yield measured
    before = json.loads(FILE.read_text()) if FILE.exists() else {}
    FILE.parent.mkdir(exist_ok=True)
    beside = FILE.with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps({**before, **measured}, indent=2, sort_keys=True) + "\n")
    beside.replace(FILE)
    request.config.stash[MEASURED] = measured


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.section(f"figures, also in {FILE}")
    for name, value in sorted(config.stash.get(MEASURED, {}).items()):
        terminalreporter.write_line(f"{name:28} {value:14.4f}")
