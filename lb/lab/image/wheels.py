"""The image's second layer: the wheels of requirements/runtime.lock, checked by their hashes.

They are chosen for Debian 12's Python 3.11, whatever Python runs the builder. What our processes never
load is left out; the tests import the rest inside the image.
"""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

from lb.lab.errors import LabError
from lb.lab.image import bytecode

SITE = "usr/local/lib/python3.11/dist-packages"  # on Debian's sys.path as it is
GLIBC = 36  # Debian 12 has 2.36: wheels for 2.36 and older load
UNUSED = (
    "bin",  # commands for people, with this machine's Python in their first line
    "etc",  # ExaBGP's examples
    "share",  # manuals
    "*/tests",
    "*.dist-info/RECORD",  # lists the files above
    "tzdata/zoneinfo/[!_]*",  # our processes speak UTC
    "scapy/contrib",  # protocols loaded by name only
    # The typed models and calls, 65 MB: we read with msgspec and call paths; kubernetes.aio gives us
    # configuration and credentials. The packages stay, because their parents import them.
    "kubernetes/client/api/[!_]*",
    "kubernetes/client/models/[!_]*",
    "kubernetes/aio/client/api/[!_]*",
    "kubernetes/aio/client/models/[!_]*",
)


def fill(tree: Path, lock: Path, root: Path) -> None:
    """Put the wheels of *lock* below *tree*, compiled by the Python unpacked at *root*."""
    site = tree / SITE
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--root-user-action", "ignore"]  # --target: not into anybody's system
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-compile"]
    command += ["--implementation", "cp", "--python-version", "3.11", *_platforms()]
    command += ["--target", str(site), "--requirement", str(lock)]
    if subprocess.run(command, check=False).returncode:
        raise LabError(f"pip could not install the image's wheels from {lock}; it says why above.")
    for pattern in UNUSED:
        for path in site.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    bytecode.compile_below(tree, SITE, root)


def _platforms() -> list[str]:
    machine = platform.machine()
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC, 16, -1)]
    tags += [f"manylinux2014_{machine}", f"linux_{machine}"]
    return [option for tag in tags for option in ("--platform", tag)]
