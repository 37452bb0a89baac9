"""The cgroups of a lab's machines: one per machine in every version 1 hierarchy, below the caller's own.

Below the caller's own, so that limits set on the caller hold for its lab too. Source: cgroups(7),
Documentation/admin-guide/cgroup-v1. It does not know what runs in them.
"""

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from lb.lab.errors import LabError

MOUNTED = Path("/sys/fs/cgroup")
NEEDED = {"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "pids", "name=systemd"}


def hierarchies(proc_cgroup: str) -> dict[str, str]:
    """The version 1 hierarchies in the text of /proc/<pid>/cgroup: `cpu,cpuacct` → the path in it.

    Raises `LabError` when the kernel does not offer what a kubelet needs.
    """
    lines = (line.split(":", 2) for line in proc_cgroup.splitlines())
    paths = {controllers: path for _, controllers, path in lines if controllers}
    missing = NEEDED - {name for controllers in paths for name in controllers.split(",")}
    if missing:
        raise LabError(
            f"this machine has no cgroup version 1 hierarchy for {', '.join(sorted(missing))}: the lab "
            "needs version 1 (boot with systemd.unified_cgroup_hierarchy=0)"
        )
    return paths


def plan(name: str) -> dict[str, Path]:
    """Where a machine's cgroup *name* goes in each hierarchy, by the hierarchy's controllers."""
    own = hierarchies(Path("/proc/self/cgroup").read_text())
    return {
        controllers: MOUNTED / controllers.removeprefix("name=") / path.lstrip("/") / name
        for controllers, path in own.items()
    }


def create(directories: Iterable[Path]) -> None:
    """Make the cgroups; a cpuset starts out empty and takes its parent's processors and memory nodes."""
    for directory in directories:
        directory.mkdir(exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems"):
            if (directory / file).exists():
                (directory / file).write_text((directory.parent / file).read_text())


def remove(directories: Iterable[Path], timeout: float = 10) -> None:
    """Kill what is left in the cgroups and remove them with all below, once the kernel lets them go."""
    deadline = time.monotonic() + timeout
    for directory in directories:
        while directory.exists() and not _removed(directory):
            if time.monotonic() > deadline:
                raise LabError(f"cgroup {directory} stays busy: see its cgroup.procs")
            time.sleep(0.02)


def _removed(directory: Path) -> bool:
    # A dying process leaves its cgroup a little after its pid is gone: busy now, free soon.
    try:
        for inner, _, _ in os.walk(directory, topdown=False):
            _kill_members(Path(inner))
            os.rmdir(inner)
    except OSError:
        return not directory.exists()
    return True


def _kill_members(directory: Path) -> None:
    for pid in (directory / "cgroup.procs").read_text().split():
        os.kill(int(pid), signal.SIGKILL)
