"""The cgroups of a lab's machines, in the hierarchies of version 1 or in the one of version 2.

Version 1: one per machine in every hierarchy, below the caller's own, so that limits set on the caller hold
for its lab too. Version 2: one per machine, below the root. There a cgroup with processes passes no
controller on, and the caller's own has processes; so has a machine, whose programs are therefore in a leaf
of their own beside its pods (`homes`). Source: cgroups(7), Documentation/admin-guide/cgroup-v1 and
cgroup-v2.rst. It does not know what runs in them.
"""

import os
import signal
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from lb.lab.errors import LabError
from lb.lab.pid_one import HOME, UNIFIED, UNIFIED_CONTROLLERS

MOUNTED = Path("/sys/fs/cgroup")
NEEDED = {"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "pids", "name=systemd"}  # version 1


def hierarchies(proc_cgroup: str, unified: str = "") -> dict[str, str]:
    """The hierarchies in the text of /proc/<pid>/cgroup: `cpu,cpuacct` → the path in it.

    It is `UNIFIED` alone on a machine without version 1; *unified* are the controllers at that root.
    Raises `LabError` when the kernel does not offer what a kubelet needs.
    """
    lines = (line.split(":", 2) for line in proc_cgroup.splitlines())
    paths = {controllers: path for _, controllers, path in lines}
    if paths.keys() == {UNIFIED}:
        _require(UNIFIED_CONTROLLERS, unified.split(), "the kernel's command line may turn them off")
        return paths
    paths.pop(UNIFIED, None)  # beside version 1 it has no controllers to speak of
    offered = [name for controllers in paths for name in controllers.split(",")]
    _require(NEEDED, offered, "boot with version 2 alone: systemd.unified_cgroup_hierarchy=1")
    return paths


def of_this_process() -> dict[str, str]:
    """The hierarchies of this machine and where this process is in them; raises as `hierarchies` does."""
    root = MOUNTED / "cgroup.controllers"
    unified = root.read_text() if root.exists() else ""
    return hierarchies(Path("/proc/self/cgroup").read_text(), unified)


def plan(name: str) -> dict[str, Path]:
    """Where a machine's cgroup *name* goes in each hierarchy, by the hierarchy's controllers."""
    own = of_this_process()
    if UNIFIED in own:
        return {UNIFIED: MOUNTED / name}
    return {
        controllers: MOUNTED / controllers.removeprefix("name=") / path.lstrip("/") / name
        for controllers, path in own.items()
    }


def create(groups: Mapping[str, Path]) -> None:
    """Make a machine's cgroups, as planned."""
    for controllers, directory in groups.items():
        if controllers == UNIFIED:
            _pass_controllers_on(directory.parent)
        directory.mkdir(exist_ok=True)
        if "cpuset" in controllers.split(","):
            _inherit_cpuset(directory)


def homes(groups: Mapping[str, Path]) -> list[Path]:
    """The cgroups that a machine's programs are to join, once it has booted."""
    return [path / HOME if controllers == UNIFIED else path for controllers, path in groups.items()]


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


def _require(needed: Iterable[str], offered: Iterable[str], remedy: str) -> None:
    if missing := set(needed) - set(offered):
        raise LabError(
            f"the lab needs the cgroup controllers of version 1, or those of version 2; this machine lacks "
            f"{', '.join(sorted(missing))} ({remedy})"
        )


def _pass_controllers_on(directory: Path) -> None:
    # systemd does the same for any unit with a weight or a limit, and leaves out what no unit asks for.
    try:
        (directory / "cgroup.subtree_control").write_text(
            " ".join(f"+{name}" for name in UNIFIED_CONTROLLERS)
        )
    except OSError as error:
        raise LabError(
            f"cgroup {directory} passes on no {', '.join(UNIFIED_CONTROLLERS)}: {error.strerror} "
            "(a container needs a writable hierarchy whose root has no processes)"
        ) from error


def _inherit_cpuset(directory: Path) -> None:
    # In version 1 a cpuset starts out empty, and an empty one takes no process.
    for file in ("cpuset.cpus", "cpuset.mems"):
        (directory / file).write_text((directory.parent / file).read_text())
