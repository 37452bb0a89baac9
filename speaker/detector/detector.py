"""The failure detector, as the speaker knows it: it runs elsewhere, and tells what it found.

Nothing here judges; see `speaker.layer2.protocol.membership`.
"""

import asyncio
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final

from speaker.detector.messages import (
    LARGEST,
    Alive,
    Begin,
    Bulletin,
    Command,
    Leave,
    Report,
    SetBulletin,
    SetKey,
    SetPeers,
    SetReady,
    emit,
    parse_report,
)
from speaker.layer2.protocol.peer import Address
from speaker.layer2.protocol.standing import Standing
from speaker.layer2.protocol.timing import DEFAULT, Timing
from speaker.layer2.sockets import DatagramLink

PACE: Final = 0.25
"""Seconds between two words of ours that we run."""
HANGS: Final = 5.0
"""Seconds without room for a word of ours after which the process hangs; it may get no CPU for a while."""
GONE: Final = 5.0
"""Seconds within which the process is gone after it was told to."""


class DetectorError(ChildProcessError):
    """The detector's process has ended of itself, or does not read any more."""


class Detector:
    """Takes part for the node *me* on *link*, which it closes here.

    *changed* is called on the running loop each time something may be other than before. `run` is to run.
    """

    def __init__(
        self,
        me: str,
        key: bytes,
        link: DatagramLink,
        peers: Mapping[str, Address],
        changed: Callable[[], None],
        timing: Timing = DEFAULT,
    ) -> None:
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for each in (self._control, theirs):  # as much as there may be: thousands of nodes in one packet
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST)
        self._control.setblocking(False)
        with theirs:
            self._process = _start(link, theirs)
        link.close()
        self._report = Report(frozenset(), False, Standing.UNREADY, {}, {}, frozenset())
        self._bulletins: dict[str, bytes] = {}
        self._unsent: dict[type[Command], Command] = {}
        """The latest of each kind that there was no room for, in their order."""
        self._blocked_at = 0.0
        self._has_ended = asyncio.Event()
        self._is_closed = False
        self._tell(Begin(me, key, _incarnation(), timing, dict(peers)))
        self._loop.add_reader(self._control, self._receive)

    @property
    def members(self) -> frozenset[str]:
        """The nodes whose speaker lives and is ready, ours too if it counts; none before `has_settled`."""
        return self._report.members

    @property
    def has_settled(self) -> bool:
        """Whether it has listened long enough to say who is a member, and has their bulletins."""
        return self._report.has_settled

    @property
    def standing(self) -> Standing:
        """Why this speaker counts as a member, or why not."""
        return self._report.standing

    @property
    def left(self) -> frozenset[str]:
        """The nodes whose speaker said that it stops: they do not live any more, and are not missing."""
        return self._report.left

    @property
    def bulletins(self) -> Mapping[str, bytes]:
        """What each other node whose speaker lives tells all, by node."""
        return self._bulletins

    def states(self) -> Mapping[str, str]:
        """How each other speaker stood a moment ago, by the names of `speaker.layer2.protocol.peer.State`."""
        return self._report.states

    def silences(self) -> dict[str, float | None]:
        """For how many seconds those that it watches were not heard, as of a moment ago; None: never."""
        now = time.monotonic()
        return {name: None if at is None else now - at for name, at in self._report.heard_at.items()}

    def set_peers(self, addresses: Mapping[str, Address]) -> None:
        """Know the speakers at *addresses*, by node, and no others."""
        self._tell(SetPeers(dict(addresses)))

    def set_key(self, key: bytes) -> None:
        """Take *key* from now on, and prove with it to those who have it; earlier ones count for a while."""
        self._tell(SetKey(key))

    def set_ready(self, ready: bool) -> None:
        """Say from now on whether this node announces what it is elected for."""
        self._tell(SetReady(ready))

    def set_bulletin(self, data: bytes) -> None:
        """Tell *data*, of 64 KiB at most, to all others, in place of what was told before."""
        self._tell(SetBulletin(data))

    def leave(self) -> None:
        """Say to all that this speaker stops; it stays one of our own `members`."""
        self._tell(Leave())

    def _tell(self, command: Command) -> None:
        if self._is_closed:
            return
        if not self._unsent:
            self._blocked_at = self._loop.time()
        self._unsent.pop(type(command), None)
        self._unsent[type(command)] = command
        self._send()

    def _send(self) -> None:
        try:
            for kind, command in list(self._unsent.items()):
                self._control.send(emit(command))
                del self._unsent[kind]
                self._blocked_at = self._loop.time()
        except BlockingIOError:  # the rest is told with the next word
            if self._loop.time() >= self._blocked_at + HANGS:
                self._has_ended.set()
        except ConnectionError:  # it is gone
            self._has_ended.set()

    def _receive(self) -> None:
        try:
            while packet := self._control.recv(LARGEST):
                self._take(parse_report(packet))
        except BlockingIOError:
            self._changed()
            return
        except ConnectionResetError:
            pass
        self._loop.remove_reader(self._control)
        self._has_ended.set()

    def _take(self, message: Report | Bulletin) -> None:
        match message:
            case Report():
                self._report = message
            case Bulletin(node, data) if data is not None:
                self._bulletins[node] = data
            case Bulletin(node):
                self._bulletins.pop(node, None)

    async def run(self) -> None:
        """Say again and again that this process runs, until `close`.

        Raises `DetectorError` once the other one runs no more.
        """
        while not self._is_closed:
            self._tell(Alive())
            try:
                async with asyncio.timeout(PACE):
                    await self._has_ended.wait()
            except TimeoutError:
                continue
            raise DetectorError(f"the failure detector's process {self._process.pid} has ended, or hangs")

    async def close(self) -> None:
        """Let it say to all that this speaker stops, and end."""
        self._is_closed = True
        self._loop.remove_reader(self._control)
        self._control.close()
        try:
            async with asyncio.timeout(GONE):
                while self._process.poll() is None:  # noqa: ASYNC110  # a process is waited for
                    await asyncio.sleep(0.005)
        except TimeoutError:
            self._process.kill()
            self._process.wait()


def _start(link: DatagramLink, control: socket.socket) -> subprocess.Popen[bytes]:
    sockets = (link.fileno(), control.fileno())
    command = [sys.executable, "-m", "speaker.detector", *map(str, sockets)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=sockets)


def _incarnation() -> int:
    """A number that no life of this node had before, and greater than they were as far as clocks tell."""
    return int(time.time()) << 28 | secrets.randbits(28)
