"""Built things under $XDG_CACHE_HOME/anvil-lb, each named by a hash of what it is made from.

An entry is a directory that appears whole or not at all; two set-ups at once build it once.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def directory() -> Path:
    """Where the entries are."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "anvil-lb")


def key(parts: Iterable[bytes]) -> str:
    """A name for what is made from *parts*: 16 hexadecimal digits; their boundaries count."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def place(kind: str, key: str) -> Path:
    """The entry of *kind* for *key*, whether it is there or not."""
    return directory() / f"{kind}-{key}"


def entry(kind: str, key: str, make: Callable[[Path], None], *, kept: int = 1) -> Path:
    """The entry of *kind* for *key*; *make* fills it if it is not there.

    Of all entries of *kind* the *kept* that were used last stay when one is made.
    """
    wanted = place(kind, key)
    if not wanted.exists():
        with locked(kind):
            if not wanted.exists():
                _make(wanted, make)
                _forget_oldest(kind, kept)
    os.utime(wanted)
    return wanted


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock *name* against every other set-up on this machine."""
    directory().mkdir(parents=True, exist_ok=True)
    with (directory() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(wanted: Path, make: Callable[[Path], None]) -> None:
    partial = wanted.with_name(f"{wanted.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a killed set-up; the lock is ours
    partial.mkdir()
    try:
        make(partial)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    os.utime(partial)
    partial.rename(wanted)


def _forget_oldest(kind: str, kept: int) -> None:
    by_age = sorted(directory().glob(f"{kind}-*"), key=lambda entry: entry.stat().st_mtime)
    for old in by_age[:-kept]:
        shutil.rmtree(old)
