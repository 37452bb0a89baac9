"""PID 1 of a lab's machine: makes the machine's view of the file system, then reaps orphans for ever.

Runs as a program inside fresh PID, mount, UTS and IPC namespaces and the machine's network namespace;
its one argument is a JSON file, written by `lb.lab.machine`. It starts nothing: the lab starts programs
in the machine from outside, and they become children of this process. Standard library only, as it is
run by path. Source: mount(2), cgroup_namespaces(7), pid_namespaces(7).
"""

import ctypes
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_SHARED = 2, 4, 8, 4096, 16384, 1 << 20
PLAIN = MS_NOSUID | MS_NODEV | MS_NOEXEC
CLONE_NEWCGROUP = 0x02000000
OWN = Path("/run/lab")  # the machine's own configuration, as its programs see it
CGROUPS = Path("/sys/fs/cgroup")
UNIFIED = ""  # version 2's hierarchy, as /proc/<pid>/cgroup calls it
UNIFIED_CONTROLLERS = ("cpu", "cpuset", "memory", "pids")  # what a kubelet asks for
HOME = "init"  # in version 2: the leaf for the machine's programs

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    """Raise the C library's last error if *result* is one."""
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(source: str | Path, target: str | Path, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2)."""
    arguments = [str(argument).encode() for argument in (source, target, kind)]
    check(libc.mount(*arguments, flags, data.encode()), f"mount {source} on {target}")


def bind(source: str | Path, target: str | Path) -> None:
    """Show *source* at *target*."""
    mount(source, target, flags=MS_BIND)


def join_cgroups(groups: dict[str, str]) -> None:
    """Move into the machine's cgroups and see them as the roots of their hierarchies."""
    for directory in groups.values():
        Path(directory, "cgroup.procs").write_text("0")  # 0: the writer
    check(libc.unshare(CLONE_NEWCGROUP), "unshare(CLONE_NEWCGROUP)")


def mount_kernel_views(hierarchies: list[str]) -> None:
    """/proc, /sys and cgroups as this machine's namespaces show them."""
    mount("proc", "/proc", "proc", PLAIN)
    mount("sysfs", "/sys", "sysfs", PLAIN)
    if hierarchies == [UNIFIED]:
        mount("cgroup2", CGROUPS, "cgroup2", PLAIN)
        move_into_leaf()
    else:
        mount("tmpfs", CGROUPS, "tmpfs", PLAIN, "mode=755")
        for controllers in hierarchies:
            mount_hierarchy(controllers)


def mount_hierarchy(controllers: str) -> None:
    """Mount a hierarchy of version 1."""
    target = CGROUPS / controllers.removeprefix("name=")
    target.mkdir()
    named = f"none,{controllers}" if controllers.startswith("name=") else controllers
    mount("cgroup", target, "cgroup", PLAIN, named)


def move_into_leaf() -> None:
    """Leave the root of version 2's hierarchy, so that it can pass its controllers on to pods."""
    (CGROUPS / HOME).mkdir()
    (CGROUPS / HOME / "cgroup.procs").write_text("0")
    (CGROUPS / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in UNIFIED_CONTROLLERS))


def mount_own_disk(disk: str, config: str, programs: dict[str, str]) -> None:
    """Give the machine a /var and a /run of its own; nothing that it writes there reaches the host."""
    descriptors = {name: os.open(path, os.O_PATH) for name, path in programs.items()}  # may lie in /var
    sources = {path: os.open(path, os.O_PATH) for path in (disk, config)}
    mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    for directory in ("lock", "netns", OWN.name):
        Path("/run", directory).mkdir()
    bind(f"/proc/self/fd/{sources[config]}", OWN)
    (OWN / "bin").mkdir(exist_ok=True)
    for name, descriptor in descriptors.items():
        (OWN / "bin" / name).touch()
        bind(f"/proc/self/fd/{descriptor}", OWN / "bin" / name)
    bind(f"/proc/self/fd/{sources[disk]}", "/var")


def shadow(files: dict[str, str]) -> None:
    """Bind the files of /run/lab over others, given as target → source; absent targets are left alone.

    A kubelet writes sysctls that belong to the whole machine: it gets plain files to write to instead.
    """
    for target, source in files.items():
        real = os.path.realpath(target)
        if os.path.exists(real):
            bind(OWN / source, real)


def main() -> None:
    """Become the machine, say so in the file `ready` (our host pid is in it), and reap."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    spec: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    host_pid = os.readlink("/proc/self")  # /proc is still the host's
    ready = os.open(spec["ready"] + ".partial", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    where = os.open(os.path.dirname(spec["ready"]), os.O_PATH)
    socket.sethostname(spec["hostname"])
    join_cgroups(spec["cgroups"])
    mount_kernel_views(list(spec["cgroups"]))
    mount_own_disk(spec["disk"], spec["config"], spec["programs"])
    shadow(spec["shadows"])
    for name, value in spec["sysctls"].items():
        Path("/proc/sys", name).write_text(value)
    mount("", "/", flags=MS_REC | MS_SHARED)  # a kubelet passes mounts on to its containers
    os.write(ready, host_pid.encode())
    name = os.path.basename(spec["ready"])
    os.rename(name + ".partial", name, src_dir_fd=where, dst_dir_fd=where)
    reap()


def reap() -> None:
    """Collect every orphan of the machine; never returns."""
    while True:
        signal.sigwait({signal.SIGCHLD})
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


if __name__ == "__main__":
    main()
