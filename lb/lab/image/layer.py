"""A layer of the image: a tree of files as a tar that depends on their names, kinds and contents only.

Owners, times, umask and the order of the directory do not show in it. Source: the OCI image
specification (layer, and for `diff_id` config).
"""

import gzip
import hashlib
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lb.lab.setup import cache

KEPT = 3  # of a kind: what the other clones and branches of a developer use may stay


@dataclass(frozen=True)
class Layer:
    """*blob* is the gzipped tar, *digest* `sha256:...` of it, *diff_id* of the tar itself.

    *about* is one line for the image's history.
    """

    blob: Path
    digest: str
    diff_id: str
    about: str


def layer(kind: str, key: str, about: str, fill: Callable[[Path], None]) -> Layer:
    """The layer of *kind* for *key* from the cache; *fill* puts its files into an empty directory."""

    def make(place: Path) -> None:
        tree, tar, blob = place / "tree", place / "layer.tar", place / "layer.tar.gz"
        tree.mkdir()
        fill(tree)
        pack(tree, tar)
        _compress(tar, blob)
        (place / "diff_id").write_text(_sha256(tar))
        (place / "digest").write_text(_sha256(blob))
        shutil.rmtree(tree)
        tar.unlink()

    place = cache.entry(f"image-{kind}", key, make, kept=KEPT)
    digest, diff_id = ((place / name).read_text() for name in ("digest", "diff_id"))
    return Layer(place / "layer.tar.gz", digest, diff_id, about)


def pack(tree: Path, tar: Path) -> None:
    """Write what is below *tree* to *tar*; equal trees give equal bytes."""
    with tarfile.open(tar, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in walk(tree):
            archive.add(path, str(path.relative_to(tree)), recursive=False, filter=_plain)


def unpack(blob: Path, root: Path) -> None:
    """Put the files of *blob* below *root*, over those that are there."""
    options = ["--preserve-permissions", "--directory", str(root)]
    subprocess.run(["tar", "--extract", "--file", str(blob), *options], check=True)


def walk(tree: Path) -> Iterator[Path]:
    """Every file and directory below *tree*, sorted, a directory before what it holds."""
    for path in sorted(tree.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from walk(path)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = _mode(member)
    return member


def _mode(member: tarfile.TarInfo) -> int:
    if member.mode & stat.S_ISVTX:  # /tmp and its kind
        return 0o1777
    return 0o755 if member.isdir() or member.mode & stat.S_IXUSR else 0o644


def _compress(tar: Path, blob: Path) -> None:
    # Neither a name nor a time in gzip's header (RFC 1952, section 2.3).
    with (
        tar.open("rb") as source,
        blob.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0, compresslevel=6) as target,
    ):
        shutil.copyfileobj(source, target, 1 << 20)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
