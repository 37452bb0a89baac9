"""Results kept under $XDG_CACHE_HOME/anvil-lb/image by a hash of what they are made from.

An entry is a directory that appears whole or not at all: it is made beside its place and renamed.
What an entry means is its maker's business.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

KEPT = 3  # entries per kind: the present one and those of the other clones or branches in use


def directory() -> Path:
    """Where the entries are."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home, "anvil-lb", "image")


def key(*parts: bytes | str) -> str:
    """A name for what is made from *parts*: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:16]


@contextmanager
def locked() -> Iterator[None]:
    """Hold the cache for one build at a time; what a killed build left half-made is removed."""
    directory().mkdir(parents=True, exist_ok=True)
    with open(directory() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in directory().glob("*.partial"):
            shutil.rmtree(leftover)
        yield


def entry(kind: str, key: str, make: Callable[[Path], None]) -> Path:
    """The entry of *kind* for *key*; *make* fills it if it does not exist. Call while `locked`."""
    place = directory() / f"{kind}-{key}"
    if not place.exists():
        partial = place.with_suffix(".partial")
        partial.mkdir()
        make(partial)
        partial.rename(place)
    os.utime(place)
    _forget_oldest(kind)
    return place


def _forget_oldest(kind: str) -> None:
    by_age = sorted(directory().glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in by_age[KEPT:]:
        shutil.rmtree(old)
