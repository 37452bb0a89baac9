"""The detector's own process: one loop that reads, judges and sends, and tells the speaker what it found.

What waits in the socket is read before anybody is judged, so that a process which got no CPU for a while
takes nobody for dead whose heartbeats did arrive. It needs no capability.
"""

import selectors
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

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
    parse_command,
)
from speaker.layer2.protocol.dependence import Dependence
from speaker.layer2.protocol.membership import Membership
from speaker.layer2.sockets import DatagramLink

BURST = 256
"""Datagrams that are read before it is looked at what is due; a socket's buffer holds about as many."""


class Process:
    """Takes part on *link*, as the speaker at the other end of *control* commands."""

    def __init__(self, link: DatagramLink, control: socket.socket) -> None:
        self._link = link
        self._control = control
        self._control.setblocking(False)
        self._membership: Membership | None = None
        self._speaker = Dependence(time.monotonic())
        self._wants_ready = False
        self._is_over = False
        self._is_asked = False
        self._told: tuple[object, ...] = (None, None, None)
        self._told_revision = -1
        self._told_bulletins: dict[str, bytes] = {}

    def run(self) -> None:
        """Returns once the speaker is gone, however it went, and all others were told so."""
        with selectors.DefaultSelector() as selector:
            for source in (self._link, self._control):
                selector.register(source, selectors.EVENT_READ)
            while not self._is_over:
                selector.select(self._patience())
                self._turn()

    def _patience(self) -> float | None:
        if self._membership is None:
            return None
        return max(0.0, self._membership.next_timer() - time.monotonic())

    def _turn(self) -> None:
        self._read()
        self._obey()
        machine, now = self._membership, time.monotonic()
        if machine is None:
            return
        machine.set_ready(self._wants_ready and not self._speaker.is_stalled(now), now)
        if now >= machine.next_timer():
            self._speaker.excuse(machine.lateness(now), now)
            machine.handle_timer(now)
        if self._is_over:
            machine.leave(now)
        for datagram in machine.frames_to_send(now):
            self._link.send(datagram)
        with suppress(BlockingIOError, ConnectionError):  # the rest is told next time, if there is one
            self._tell(machine)

    def _read(self) -> None:
        for _ in range(BURST):
            datagram = self._link.receive()
            if datagram is None:
                return
            if self._membership is not None:
                self._membership.receive_frame(datagram, time.monotonic())

    def _obey(self) -> None:
        with suppress(ConnectionResetError):
            try:
                while packet := self._control.recv(LARGEST):
                    self._carry_out(parse_command(packet), time.monotonic())
            except BlockingIOError:
                return
        self._is_over = True

    def _carry_out(self, command: Command, now: float) -> None:
        self._speaker.hear(now)
        machine = self._membership
        if isinstance(command, Begin):
            self._begin(command, now)
        if machine is None:
            return
        match command:
            case SetPeers(addresses):
                machine.set_peers(addresses)
            case SetKey(key):
                machine.set_key(key)
            case SetReady(ready):
                self._wants_ready = ready
            case SetBulletin(data):
                machine.set_bulletin(data, now)
            case Leave():
                machine.leave(now)
            case Alive():
                self._is_asked = True

    def _begin(self, command: Begin, now: float) -> None:
        self._membership = Membership(command.me, command.key, command.incarnation, now, command.timing)
        self._membership.set_peers(command.peers)

    def _tell(self, machine: Membership) -> None:
        now_known = (machine.members, machine.has_settled, machine.standing)
        if self._is_asked or any(a is not b for a, b in zip(now_known, self._told, strict=True)):
            self._control.send(emit(self._report(machine)))
            self._told, self._is_asked = now_known, False
        if machine.revision != self._told_revision:
            self._tell_bulletins(machine.bulletins)
            self._told_revision = machine.revision

    def _report(self, machine: Membership) -> Report:
        now = time.monotonic()
        silences = machine.silences(now).items()
        return Report(
            members=machine.members,
            has_settled=machine.has_settled,
            standing=machine.standing,
            states={name: state.name for name, state in machine.states().items()},
            heard_at={name: None if silence is None else now - silence for name, silence in silences},
            left=machine.left,
        )

    def _tell_bulletins(self, bulletins: Mapping[str, bytes]) -> None:
        for node in bulletins.keys() | self._told_bulletins.keys():
            data = bulletins.get(node)
            if data == self._told_bulletins.get(node):
                continue
            self._control.send(emit(Bulletin(node, data)))
            if data is None:
                del self._told_bulletins[node]
            else:
                self._told_bulletins[node] = data
