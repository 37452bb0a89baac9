"""What a lab leaves on the machine, looked at without the lab's own code where that is possible."""

import os
from pathlib import Path

import pytest


class Traces:
    """Everything on this machine that bears the name of a lab."""

    def __init__(self, name: str) -> None:
        self._mark = f"anvil-lb.{name}."
        self._folder = f"/var/lib/anvil-lb/{name}"

    def all(self) -> dict[str, list[str]]:
        """The traces by kind; a kind without any is left out."""
        kinds = {
            "namespaces": self._marked(Path("/run/netns").glob("*")),
            "cgroups": self._marked(Path("/sys/fs/cgroup").glob("**/anvil-lb.*")),
            "mounts": [line for line in Path("/proc/mounts").read_text().splitlines() if self._is_ours(line)],
            "files": [str(path) for path in Path("/var/lib").glob("anvil-lb/*") if self._is_ours(f"{path} ")],
            "processes": [str(pid) for pid in self.processes()],
        }
        return {kind: found for kind, found in kinds.items() if found}

    def processes(self) -> list[int]:
        """The pids of processes in a cgroup of the lab, or with a file of it on their command line."""
        return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and self._runs_for_us(entry)]

    def _runs_for_us(self, pid: str) -> bool:
        try:
            told = [Path("/proc", pid, file).read_text() for file in ("cgroup", "cmdline", "environ")]
        except OSError:
            return False
        return any(self._mark in text or f"{self._folder}/" in text for text in told)

    def _is_ours(self, text: str) -> bool:
        return self._mark in text or any(f"{self._folder}{end}" in text for end in ("/", ".json", " "))

    def _marked(self, paths) -> list[str]:
        return [str(path) for path in paths if path.name.startswith(self._mark)]


@pytest.fixture
def traces():
    return Traces
