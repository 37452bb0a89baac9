"""A machine made of namespaces: what the control plane and each node run on.

It has a network namespace, PID, mount, UTS, IPC and cgroup namespaces, a disk (its /var) that outlives a
power cut, and a folder of configuration (its /run/lab). It knows nothing of Kubernetes. Everything in it
is a descendant of its PID 1, so killing that one process is a power cut.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lb.lab import cgroups, namespaces, pid_one, processes
from lb.lab.errors import BrokenLabError, LabError
from lb.lab.processes import Process
from lb.lab.waiting import wait_for

LOG_LINES_SHOWN = 15

# Joins cgroups, then runs what follows `--`. 0 stands for the writer. It happens before the machine is
# entered: from inside its cgroup namespace nobody can be moved who is not below its root already.
_JOIN_CGROUPS = 'while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs"; shift; done; shift; exec "$@"'


@dataclass(frozen=True)
class Program:
    """A program to run in a machine: its *name* (of its log, too) and what follows it on the command line."""

    name: str
    arguments: Sequence[str]


@dataclass(frozen=True)
class Machine:
    """A machine that may be on or off. All of it is in *directory* and in what is named *namespace*."""

    name: str
    namespace: str
    directory: Path
    cgroups: Mapping[str, Path]
    programs: Mapping[str, Path]
    sysctls: Mapping[str, str] = field(default_factory=dict)
    shadows: Mapping[str, str] = field(default_factory=dict)

    @property
    def disk(self) -> Path:
        """Its /var, as the host sees it; it survives a power cut."""
        return self.directory / "disk"

    @property
    def config(self) -> Path:
        """Its /run/lab, as the host sees it."""
        return self.directory / "config"

    def log(self, program: str) -> Path:
        """Where *program*'s output goes."""
        return self.directory / "log" / f"{program}.log"

    @property
    def pid(self) -> int | None:
        """The host pid of its PID 1; None while it is off."""
        try:
            pid = int((self.directory / "pid").read_text())
            there = os.stat(f"/proc/{pid}/ns/net").st_ino
            return pid if there == namespaces.path(self.namespace).stat().st_ino else None
        except FileNotFoundError:
            return None

    def power_on(self) -> None:
        """Boot: returns when the machine's file system stands and programs can be started in it."""
        self._prepare_folders()
        cgroups.remove(self.cgroups.values())  # stale ones keep a kubelet busy for most of a minute
        cgroups.create(self.cgroups)
        spec = self.directory / "machine.json"
        spec.write_text(json.dumps(self._spec(), indent=2))
        unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--propagation=slave"]
        pid_one_program = [sys.executable, "-IS", pid_one.__file__, str(spec)]
        inside = namespaces.command(self.namespace, [*unshare, "--uts", "--ipc", "--", *pid_one_program])
        self._spawn(["setsid", "--fork", *inside], "machine")
        wait_for(self._booted, f"machine {self.name} to boot", timeout=20, pause=0.01)

    def power_off(self) -> None:
        """Kill everything in it at once and free its cgroups; the disk stays."""
        kill_and_wait(self.namespace)
        cgroups.remove(self.cgroups.values())
        (self.directory / "pid").unlink(missing_ok=True)

    def start(self, program: Program) -> None:
        """Start *program* in the background; its output is added to its log."""
        detached = ["setsid", "--fork", program.name, *program.arguments]
        join = ["sh", "-ec", _JOIN_CGROUPS, "sh", *map(str, cgroups.homes(self.cgroups)), "--"]
        self._spawn([*join, *self.command(detached)], program.name)
        wait_for(self._nothing_is_starting, f"{program.name} on {self.name} to take its name", pause=0.002)

    def popen(self, argv: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
        """Run *argv* in the machine as `subprocess.Popen` would."""
        return subprocess.Popen(self.command(argv), **options)

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs *argv* in the machine; raises `LabError` if it is off."""
        if (pid := self.pid) is None:
            raise LabError(f"{self.name} is off; boot it first")
        path = f"PATH={pid_one.OWN}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        enter = ["nsenter", f"--target={pid}", "--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup"]
        return [*enter, "--wd=/", "--", "env", path, *argv]

    def processes(self, name: str | None = None) -> list[Process]:
        """What runs in it, pods too; with *name* only the programs so called."""
        any_hierarchy = next(iter(self.cgroups.values()))
        return [process for process in processes.in_cgroup(any_hierarchy) if name in (None, process.name)]

    def process(self, name: str) -> Process:
        """The one process called *name*; raises `LabError` if there is none or more than one."""
        found = self.processes(name)
        if len(found) != 1:
            running = ", ".join(sorted({process.name for process in self.processes()})) or "nothing"
            raise LabError(f"{self.name} runs {len(found)} processes called {name!r}; it runs: {running}")
        return found[0]

    def require(self, program: str) -> None:
        """Raise `BrokenLabError` with the end of its log unless *program* runs."""
        if not self.processes(program):
            raise BrokenLabError(f"{program} on {self.name} has ended. {self.last_words(program)}")

    def last_words(self, program: str) -> str:
        """The end of *program*'s log and where it lies, for an error message."""
        path = self.log(program)
        lines = path.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:] if path.exists() else []
        return "\n  ".join([f"The end of {path}:", *lines])

    def _booted(self) -> bool:
        if self.pid:
            return True
        if not processes.in_network_namespace(namespaces.path(self.namespace)):
            # Either it has not got there yet or it is gone; only in the second case its log says why.
            log = self.log("machine")
            if log.exists() and log.stat().st_size:
                raise BrokenLabError(f"machine {self.name} did not boot. {self.last_words('machine')}")
        return False

    def _nothing_is_starting(self) -> bool:
        # Between fork and exec a process bears its parent's name, and for a moment none.
        return not any(process.name in ("setsid", "") for process in self.processes())

    def _prepare_folders(self) -> None:
        for folder in ("config", "log", "disk/lib", "disk/log", "disk/tmp", "disk/cache", "disk/spool"):
            (self.directory / folder).mkdir(parents=True, exist_ok=True)
        for link, target in (("run", "/run"), ("lock", "/run/lock")):
            if not (self.disk / link).is_symlink():
                (self.disk / link).symlink_to(target)
        (self.disk / "tmp").chmod(0o1777)

    def _spec(self) -> dict[str, Any]:
        return {
            "hostname": self.name,
            "cgroups": {controllers: str(path) for controllers, path in self.cgroups.items()},
            "disk": str(self.disk),
            "config": str(self.config),
            "programs": {name: os.path.realpath(path) for name, path in self.programs.items()},
            "shadows": dict(self.shadows),
            "sysctls": dict(self.sysctls),
            "ready": str(self.directory / "pid"),
        }

    def _spawn(self, argv: Sequence[str], log: str) -> None:
        with self.log(log).open("ab") as output:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        if done.returncode != 0:
            raise BrokenLabError(f"{log} on {self.name} was not started. {self.last_words(log)}")


def kill(namespace: str) -> list[Process]:
    """Kill every process in the network namespace, and with a PID 1 all that it holds; returns them.

    This process is spared, should one of its threads be inside.
    """
    everybody = processes.in_network_namespace(namespaces.path(namespace))
    others = [process for process in everybody if process.pid != os.getpid()]
    for process in others:
        process.kill()
    return others


def kill_and_wait(namespace: str, timeout: float = 10) -> None:
    """`kill`, until nobody is left."""
    wait_for(lambda: not kill(namespace), f"the processes in {namespace} to end", timeout, pause=0.01)
