"""The pause image: what containerd starts first in each pod. A static C program of 30 lines.

Source: the CRI's `sandbox_image`.
"""

import platform
import subprocess
from pathlib import Path

from lb.lab.errors import LabError
from lb.lab.image import oci
from lb.lab.image.layer import layer
from lb.lab.node import PAUSE_IMAGE
from lb.lab.setup import cache
from lb.lab.setup.progress import step

SOURCE = Path(__file__).parents[1] / "pause" / "pause.c"
FLAGS = ("-Os", "-static", "-s", "-Wall", "-Werror")


def image() -> Path:
    """The image as a tar; builds it if it is not in the cache."""
    return cache.entry("pause", _key(), _build) / "pause.tar"


def built() -> Path | None:
    """The image as a tar, or None if it is not in the cache."""
    tar = cache.place("pause", _key()) / "pause.tar"
    return tar if tar.exists() else None


def _key() -> str:
    return cache.key([SOURCE.read_bytes(), " ".join(FLAGS).encode(), platform.machine().encode()])


def _build(place: Path) -> None:
    architecture = oci.ARCHITECTURES[platform.machine()]
    config = {"architecture": architecture, "os": "linux", "config": {"Entrypoint": ["/pause"]}}
    with step("pause image"):
        only = layer("pause", _key(), "the pause program", lambda tree: _compile(tree / "pause"))
        oci.write(place / "pause.tar", PAUSE_IMAGE, config, [only])


def _compile(program: Path) -> None:
    try:
        done = subprocess.run(["cc", *FLAGS, f"-o{program}", str(SOURCE)], capture_output=True, text=True)
    except FileNotFoundError:
        raise LabError(
            "there is no C compiler (cc): install Debian's gcc and libc6-dev, or their like"
        ) from None
    if done.returncode != 0:
        raise LabError(f"the pause program did not compile: {done.stderr.strip()}")
