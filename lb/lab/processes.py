"""Processes of a machine, found in /proc: the kernel's own list, so nothing recorded can be out of date.

A process is named by its pid and start time; a pid alone may by now be somebody else's. Source: proc(5),
pid_namespaces(7).
"""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


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
        """SIGSTOP: it stays, and does nothing until `resume`."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT, after `pause`."""
        self.signal(signal.SIGCONT)

    def signal(self, number: signal.Signals) -> None:
        """Send signal *number*; a process that is gone already gets none."""
        if self.alive:
            os.kill(self.pid, number)


def find(pid: int) -> Process | None:
    """The process *pid*, or None if there is none or only its zombie."""
    try:
        # The name is in parentheses and may hold any character, closing parentheses too.
        _, _, fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    state, *_ = fields.split()
    if state in "ZX":
        return None
    return Process(pid, int(fields.split()[19]), os.path.basename(command.split(b"\0")[0].decode()))


def in_pid_namespace(of: int) -> list[Process]:
    """Every process in the PID namespace that *of*, a pid, is in; none if it is gone."""
    return _sharing("pid", _namespace(of, "pid"))


def in_network_namespace(path: Path) -> list[Process]:
    """Every process whose network namespace is the one bound at *path*."""
    return _sharing("net", path.stat().st_ino if path.exists() else None)


def _sharing(kind: str, inode: int | None) -> list[Process]:
    if inode is None:
        return []
    return list(_where(lambda pid: _namespace(pid, kind) == inode))


def _where(chosen: Callable[[int], bool]) -> Iterator[Process]:
    pids = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    for pid in pids:
        process = find(pid) if chosen(pid) else None
        if process is not None:
            yield process


def _namespace(pid: int, kind: str) -> int | None:
    try:
        return os.stat(f"/proc/{pid}/ns/{kind}").st_ino
    except OSError:
        return None
