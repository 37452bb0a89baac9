"""Network namespaces by name, and doing something inside one from this process.

The kernel gives each thread a network namespace of its own: what needs one for a moment runs in a thread
made for it. Source: network_namespaces(7), setns(2).
"""

import ctypes
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from pyroute2 import netns  # type: ignore[import-untyped]  # ships no types

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def path(name: str) -> Path:
    """Where the namespace *name* is bound; `ip netns` looks there too."""
    return Path("/run/netns", name)


def names() -> set[str]:
    """All named network namespaces of this machine."""
    return set(netns.listnetns())


def create(name: str) -> None:
    """Make a network namespace."""

    def make() -> None:
        if _libc.unshare(_CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNET)")
        netns.attach(name, threading.get_native_id(), libc=_libc)

    _in_thread(make)


def remove(name: str) -> None:
    """Take the name away; the namespace goes with its last process."""
    with suppress(FileNotFoundError):
        netns.remove(name, libc=_libc)


def call(name: str, function: Callable[[], T]) -> T:
    """What *function* returns when called inside the namespace *name*; usable under a running event loop."""

    def enter_and_call() -> T:
        netns.setns(name, flags=0, libc=_libc)
        return function()

    return _in_thread(enter_and_call)


@contextmanager
def inside(name: str) -> Iterator[None]:
    """This thread is inside the namespace *name*: sockets opened here are there, and stay there."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        netns.setns(name, flags=0, libc=_libc)
        try:
            yield
        finally:
            netns.setns(before, libc=_libc)
    finally:
        os.close(before)


def command(name: str, argv: Sequence[str | Path]) -> list[str]:
    """The command line that runs *argv* in the network namespace *name*.

    `ip netns exec` would hide /sys/fs/cgroup and everything mounted below /sys.
    """
    return ["nsenter", f"--net={path(name)}", "--", *map(str, argv)]


def _in_thread(function: Callable[[], T]) -> T:
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(function).result()
