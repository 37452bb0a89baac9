"""What a lab is made of: finding it, and for `lbctl lab setup` getting what is missing.

It decides what is needed and from where; how it is built or installed is its neighbours' business.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lb.lab import cgroups
from lb.lab.errors import LabError
from lb.lab.setup import cache, debian, kubernetes, pause, programs
from lb.lab.setup.programs import Wanted, at_least


@dataclass(frozen=True)
class Packaged:
    """A program that comes with a Debian package, and what the lab does with it."""

    wanted: Wanted
    package: str
    purpose: str


def _containerd(name: str, purpose: str, *ask: str) -> Packaged:
    return Packaged(Wanted(name, ask, at_least(1, 6)), "containerd", purpose)


PACKAGED = (
    _containerd("containerd", "runs the nodes' containers", "--version"),
    _containerd("containerd-shim-runc-v2", "watches a container"),
    _containerd("ctr", "brings images to the nodes"),
    Packaged(Wanted("runc", ("--version",), at_least(1, 1)), "runc", "starts containers"),
    Packaged(Wanted("host-local"), "containernetworking-plugins", "gives pods their addresses and links"),
    Packaged(Wanted("iptables"), "iptables", "opens host ports of pods"),
    Packaged(
        Wanted("nft", ("--version",), at_least(1, 0, 1)), "nftables", "enters kube-proxy's rules, and faults"
    ),
)


@dataclass(frozen=True)
class Parts:
    """Where everything is: the *programs* by name, the folder of *cni* plugins, the *pause_image*."""

    programs: Mapping[str, Path]
    cni: Path
    pause_image: Path


def find() -> Parts:
    """The parts of this machine; raises `LabError` naming what is missing."""
    check_machine()
    found = {**_found(), **_built(kubernetes.built())}
    image = pause.built()
    missing = [name for name in _names() if name not in found] + ([] if image else ["the pause image"])
    if image is None or missing:
        raise LabError(f"missing: {', '.join(missing)}; `lbctl lab setup` gets it")
    return Parts(found, found["host-local"].parent, image)


def setup() -> Parts:
    """Install and build what is missing, telling on standard error; quick when nothing is."""
    check_machine()
    found = _found()
    _install([part for part in PACKAGED if part.wanted.name not in found])
    if any(wanted.name not in found for wanted in kubernetes.wanted()):
        kubernetes.programs()
    pause.image()
    return find()


def check_machine() -> None:
    """Raise `LabError` unless this process may make namespaces and the kernel has what a kubelet needs."""
    if os.geteuid() != 0:
        raise LabError("the lab makes network namespaces and mounts: run it as root")
    cgroups.of_this_process()


def _names() -> list[str]:
    return [wanted.name for wanted in kubernetes.wanted()] + [part.wanted.name for part in PACKAGED]


def _found() -> dict[str, Path]:
    everything = [*kubernetes.wanted(), *(part.wanted for part in PACKAGED)]
    return {wanted.name: path for wanted in everything if (path := programs.find(wanted))}


def _built(folder: Path | None) -> dict[str, Path]:
    return {wanted.name: folder / wanted.name for wanted in kubernetes.wanted()} if folder else {}


def _install(missing: Sequence[Packaged]) -> None:
    if not missing:
        return
    packages = sorted({part.package for part in missing})
    for package in packages:
        lacking = [f"{part.wanted.name} {part.purpose}" for part in missing if part.package == package]
        print(f"==> Debian package {package} is needed: {', '.join(lacking)}", file=sys.stderr)
    with cache.locked("apt"):  # a second set-up waits here and then finds the packages installed
        if any(programs.find(part.wanted) is None for part in missing):
            debian.install(packages)
