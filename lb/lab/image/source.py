"""The image's third layer: our own packages, without the lab, which no process imports."""

import tomllib
from pathlib import Path

from lb.lab.image import bytecode
from lb.lab.image.layer import walk
from lb.lab.image.wheels import SITE

CLONE = Path(__file__).parents[3]
PACKAGES = ("controller", "lb", "speaker")


def version() -> str:
    """The version in pyproject.toml."""
    return str(tomllib.loads((CLONE / "pyproject.toml").read_text())["project"]["version"])


def contents() -> dict[str, bytes]:
    """Path below the site directory → bytes, of all that goes into the layer."""
    files = [path for package in PACKAGES for path in walk(CLONE / package) if path.is_file()]
    ours = {str(path.relative_to(CLONE)): path.read_bytes() for path in files if _wanted(path)}
    # importlib.metadata answers with it.
    metadata = f"Metadata-Version: 2.1\nName: anvil-lb\nVersion: {version()}\n".encode()
    return {**ours, f"anvil_lb-{version()}.dist-info/METADATA": metadata}


def fill(tree: Path, files: dict[str, bytes], root: Path) -> None:
    """Put *files* below *tree*, compiled by the Python unpacked at *root*."""
    for name, data in files.items():
        path = tree / SITE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    bytecode.compile_below(tree, SITE, root)


def _wanted(path: Path) -> bool:
    inside = path.relative_to(CLONE)
    return "__pycache__" not in inside.parts and not inside.is_relative_to("lb/lab")
