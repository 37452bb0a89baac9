"""etcd and the Kubernetes programs, linked from their Go modules into one program with many names.

The module beside, `lb/lab/kubernetes`, says which versions. Source: `go help build`; the version
variables are those of k8s.io/component-base.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lb.lab.errors import LabError
from lb.lab.setup import cache, golang
from lb.lab.setup.golang import MODULE
from lb.lab.setup.programs import Version, Wanted, at_least, of_minor
from lb.lab.setup.progress import step

NAME = "kubernetes"
SOURCES = ("go.mod", "go.sum", "main.go")
LINES_OF_A_FAILURE = 20


def wanted() -> list[Wanted]:
    """The programs that the build gives, and which versions of them may stand in for it."""
    minor = of_minor(*version((MODULE / "go.mod").read_text())[:2])
    kubernetes = [
        Wanted(name, ("--version",), minor)
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
    ]
    kubectl = Wanted("kubectl", ("version", "--client"), minor)
    return [Wanted("etcd", ("--version",), at_least(3, 6)), *kubernetes, kubectl]


def version(go_mod: str) -> Version:
    """The version of Kubernetes that a go.mod asks for, such as (1, 37, 2)."""
    match = re.search(r"^\s*k8s\.io/kubernetes v(\d+)\.(\d+)\.(\d+)$", go_mod, re.MULTILINE)
    if match is None:
        raise LabError("go.mod names no version of k8s.io/kubernetes")
    return tuple(int(part) for part in match.groups())


def flags(version: Version) -> tuple[str, ...]:
    """The build flags; the nodes report the version that is linked in here."""
    major, minor, patch = version
    variables = {"gitVersion": f"v{major}.{minor}.{patch}", "gitMajor": major, "gitMinor": minor}
    defined = [f"-X k8s.io/component-base/version.{name}={value}" for name, value in variables.items()]
    return "-trimpath", "-ldflags=" + " ".join(["-s -w", *defined])


def programs() -> Path:
    """The folder with the built programs; builds them if they are not in the cache."""
    go = golang.toolchain()
    return cache.entry(NAME, _key(go), lambda place: _build(go, place))


def built() -> Path | None:
    """The folder with the built programs, or None if they are not in the cache."""
    place = cache.place(NAME, _key(golang.toolchain()))
    return place if place.exists() else None


def _key(go: Path) -> str:
    toolchain = subprocess.run([go, "version"], capture_output=True, check=True).stdout
    sources = [(MODULE / name).read_bytes() for name in SOURCES]
    return cache.key([*sources, *map(str.encode, _flags()), repr(golang.ENVIRONMENT).encode(), toolchain])


def _flags() -> tuple[str, ...]:
    return flags(version((MODULE / "go.mod").read_text()))


def _build(go: Path, place: Path) -> None:
    command = [str(go), "build", "-v", *_flags(), f"-o={place / NAME}", "."]
    output: list[str] = []

    def so_far() -> str:
        fetched = sum(line.startswith("go: downloading") for line in output)
        return f"{fetched} modules fetched, {len(output) - fetched} packages compiled"

    title = "Kubernetes from its Go modules (once; about 8 minutes on two cores)"
    with step(title, so_far):
        _run(command, output)
    for wanted_program in wanted():
        (place / wanted_program.name).symlink_to(NAME)


def _run(command: Sequence[str], output: list[str]) -> None:
    environment = {**os.environ, **golang.ENVIRONMENT}
    with subprocess.Popen(
        command, cwd=MODULE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as build:
        assert build.stdout is not None
        try:
            output.extend(line.rstrip() for line in build.stdout)
        except BaseException:
            build.terminate()  # interrupted: leaving would wait for its end otherwise
            raise
    if build.returncode != 0:
        said = "\n  ".join(output[-LINES_OF_A_FAILURE:])
        raise LabError(f"Kubernetes did not build; go said at last:\n  {said}")
