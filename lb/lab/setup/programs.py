"""Programs that may be on the machine already: where they are looked for, and which version fits.

Source: the kubebuilder convention ($KUBEBUILDER_ASSETS), Kubernetes' version skew policy.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Version = tuple[int, ...]
# What the machine may have outside a user's PATH, and where Debian and others put CNI plugins.
FURTHER_FOLDERS = ("/usr/sbin", "/sbin", "/usr/lib/cni", "/opt/cni/bin")
_VERSION = re.compile(r"(?<![\d.])(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Wanted:
    """A program, how to ask for its version (nothing: any fits), and which version fits."""

    name: str
    ask: tuple[str, ...] = ()
    fits: Callable[[Version], bool] = lambda version: True


def at_least(*least: int) -> Callable[[Version], bool]:
    """Fits from version *least* on."""
    return lambda version: version >= least


def of_minor(*minor: int) -> Callable[[Version], bool]:
    """Fits any patch of the version *minor*."""
    return lambda version: version[: len(minor)] == minor


def find(wanted: Wanted) -> Path | None:
    """The first fitting program in $KUBEBUILDER_ASSETS, on PATH and in the system's folders, or None."""
    for folder in folders(os.environ):
        found = shutil.which(wanted.name, path=folder)
        if found and (not wanted.ask or _fits(wanted, found)):
            return Path(found)
    return None


def folders(environment: "os._Environ[str] | dict[str, str]") -> list[str]:
    """Where programs are looked for, in this order."""
    assets = environment.get("KUBEBUILDER_ASSETS", "")
    return [
        folder for folder in (assets, *environment.get("PATH", "").split(":"), *FURTHER_FOLDERS) if folder
    ]


def version(text: str) -> Version | None:
    """The first version number in what a program says of itself."""
    match = _VERSION.search(text)
    return tuple(int(part or 0) for part in match.groups()) if match else None


def _fits(wanted: Wanted, program: str) -> bool:
    said = subprocess.run([program, *wanted.ask], capture_output=True, text=True, check=False).stdout
    known = version(said)
    return known is not None and wanted.fits(known)
