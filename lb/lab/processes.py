"""Processes, found in the kernel's own lists by namespace or cgroup: no record of ours can be out of date.

A process is named by its pid and start time; a pid alone may by now be somebody else's. Source: proc(5).
"""

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lb.lab.waiting import wait_for


@dataclass(frozen=True)
class Process:
    """A process as seen from the outside: host pid, start time in clock ticks after boot, program name."""

    pid: int
    started: int
    name: str

    @property
    def alive(self) -> bool:
        """Whether it is still running (a zombie is not)."""
        return find(self.pid) == self

    @property
    def reaped(self) -> bool:
        """Whether nothing is left of it: a zombie's other threads may still hold what it had open."""
        try:
            return int(_fields(Path(f"/proc/{self.pid}/stat").read_text())[19]) != self.started
        except OSError:
            return True

    @property
    def cgroups(self) -> str:
        """The text of its /proc/<pid>/cgroup; empty when it is gone."""
        try:
            return Path(f"/proc/{self.pid}/cgroup").read_text()
        except OSError:
            return ""

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        self.signal(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: it stays, and from the return of this on does nothing until `resume`."""
        self.signal(signal.SIGSTOP)
        wait_for(self._all_threads_stopped, f"{self.name} ({self.pid}) to stop", pause=0.001)

    def resume(self) -> None:
        """SIGCONT, after `pause`."""
        self.signal(signal.SIGCONT)

    def signal(self, number: signal.Signals) -> None:
        """Send signal *number*; a process that is gone already gets none."""
        if self.alive:
            os.kill(self.pid, number)

    def _all_threads_stopped(self) -> bool:
        # A thread on another processor runs on until that one takes notice.
        stats = [stat.read_text() for stat in Path(f"/proc/{self.pid}/task").glob("*/stat")]
        return not self.alive or all(_fields(stat)[0] in "TtZX" for stat in stats)


def find(pid: int) -> Process | None:
    """The process *pid*, or None if there is none or only its zombie."""
    try:
        fields = _fields(Path(f"/proc/{pid}/stat").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    if fields[0] in "ZX":
        return None
    return Process(pid, int(fields[19]), os.path.basename(command.split(b"\0")[0].decode()))


def in_network_namespace(path: Path) -> list[Process]:
    """Every process whose network namespace is the one bound at *path*."""
    wanted = path.stat().st_ino if path.exists() else None
    everybody = (int(entry) for entry in os.listdir("/proc") if entry.isdigit())
    return _running(pid for pid in everybody if wanted is not None and _network_namespace(pid) == wanted)


def in_cgroup(directory: Path) -> list[Process]:
    """Every process in the cgroup *directory* and below."""
    lists = (Path(inner, "cgroup.procs") for inner, _, _ in os.walk(directory))
    return _running(pid for pids in lists for pid in _members(pids))


def _fields(stat: str) -> list[str]:
    # From the state on. The name before is in parentheses and may hold any character, these too.
    return stat.rpartition(")")[2].split()


def _running(pids: Iterable[int]) -> list[Process]:
    return [process for pid in pids if (process := find(pid))]


def _members(pids: Path) -> list[int]:
    try:
        return [int(pid) for pid in pids.read_text().split()]
    except OSError:  # the cgroup went away
        return []


def _network_namespace(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except OSError:
        return None
