"""From this clone to the image: the three layers in order, each made only if its inputs changed."""

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lb.lab.image import debian, layer, oci, source, wheels
from lb.lab.setup import cache

LOCK = source.CLONE / "requirements" / "runtime.lock"
CONFIG: dict[str, Any] = {
    "os": "linux",
    "architecture": oci.ARCHITECTURES[platform.machine()],
    "config": {
        # A manifest says `args: [controller]` or `args: [speaker]`.
        "Entrypoint": ["/usr/bin/python3", "-m"],
        "Env": [
            "PATH=/usr/local/bin:/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE=1",  # the root is read-only; what is needed is compiled
            "PYTHONSAFEPATH=1",  # the working directory is no place to import from
            "PYTHONUNBUFFERED=1",
        ],
        "WorkingDir": "/",
        "Labels": {
            "org.opencontainers.image.title": "anvil-lb",
            "org.opencontainers.image.description": "A bare-metal load balancer for Kubernetes",
            "org.opencontainers.image.licenses": "Apache-2.0",
            "org.opencontainers.image.version": source.version(),
        },
    },
}
Say = Callable[[str], None]


def build(say: Say = print) -> Path:
    """The image's tar in the cache, made as far as it is not there yet; *say* hears of each slow step.

    Raises `LabError` where Debian's packages or the wheels can't be had.
    """
    with cache.locked("image"):
        layers = _layers(say)
        reference = oci.name(source.version())
        key = _key(reference, repr(CONFIG), *(each.digest for each in layers))

        def make(place: Path) -> None:
            say(f"packing {reference}")
            oci.write(place / "image.tar", reference, CONFIG, layers)

        return cache.entry("image-oci", key, make, kept=layer.KEPT) / "image.tar"


def unpack(root: Path, say: Say = print) -> None:
    """Put the image's file system below *root*, made if need be. Raises as `build` does."""
    root.mkdir(parents=True, exist_ok=True)
    with cache.locked("image"):
        for each in _layers(say):
            layer.unpack(each.blob, root)


def _layers(say: Say) -> list[layer.Layer]:
    recipe = _key(*(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))
    python = _python(recipe, say)
    return [python, _wheels(recipe, python, say), _source(recipe, python)]


def _python(recipe: str, say: Say) -> layer.Layer:
    try:
        return _python_of(debian.current(), recipe, say)
    except debian.UnavailableError:  # no lists yet, or lists with versions that the archive has replaced
        say("the image's Python: apt's lists are out of date, apt-get update")
        debian.update()
        return _python_of(debian.current(), recipe, say)


def _python_of(packages: list[str], recipe: str, say: Say) -> layer.Layer:
    def fill(tree: Path) -> None:
        say(f"the image's Python: {len(packages)} packages of Debian")
        debian.fill(tree)

    return layer.layer("python", _key(recipe, *packages), f"Debian: {' '.join(debian.PACKAGES)}", fill)


def _wheels(recipe: str, python: layer.Layer, say: Say) -> layer.Layer:
    def fill(tree: Path) -> None:
        say(f"the image's wheels: {LOCK.relative_to(source.CLONE)}")
        wheels.fill(tree, LOCK, _root(python))

    key = _key(recipe, python.digest, LOCK.read_bytes())
    return layer.layer("wheels", key, f"pip install -r {LOCK.relative_to(source.CLONE)}", fill)


def _source(recipe: str, python: layer.Layer) -> layer.Layer:
    files = source.contents()

    def fill(tree: Path) -> None:
        source.fill(tree, files, _root(python))

    key = _key(recipe, python.digest, *(part for item in files.items() for part in item))
    return layer.layer("source", key, f"anvil-lb {source.version()}", fill)


def _root(python: layer.Layer) -> Path:
    return cache.entry(
        "image-root", _key(python.digest), lambda place: layer.unpack(python.blob, place), kept=layer.KEPT
    )


def _key(*parts: str | bytes) -> str:
    return cache.key(part.encode() if isinstance(part, str) else part for part in parts)
