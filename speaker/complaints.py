"""Tells people of strangers who speak for our addresses: by events on Services, and to the controller."""

import logging
from collections.abc import Iterable

from lb.api.configuration_state import CONFLICTS
from lb.api.service import Service
from lb.cluster.configuration_state import StateWriter
from lb.cluster.events import Recorder, reference
from lb.cluster.resource import SERVICES
from lb.config.conflict import Conflict, emit
from lb.config.ranges import Address
from speaker.layer2.protocol.conflicts import State

log = logging.getLogger(__name__)
REMEDY = "Take the address from that host, or out of the pool; a router may answer for it by proxy ARP."


class Complaints:
    """Those of *node*, to be told by *recorder* and noted in *state*."""

    def __init__(self, node: str, recorder: Recorder, state: StateWriter) -> None:
        self._node = node
        self._recorder = recorder
        self._state = state
        self.note(())

    def note(self, conflicts: Iterable[Conflict]) -> None:
        """There are these conflicts now."""
        self._state.annotate({CONFLICTS: emit(conflicts)})

    def tell(
        self, address: Address, services: Iterable[Service], state: State, stranger: Conflict | None
    ) -> None:
        """*stranger* speaks for *address*, which is in *state*, or none does any more; *services* have it."""
        message = told_of(address, self._node, state, stranger)
        log.log(logging.INFO if stranger is None else logging.WARNING, "%s", message)
        for service in services:
            about = reference(SERVICES, service)
            if stranger is None:
                self._recorder.normal(about, "addressConflictEnded", message)
            else:
                self._recorder.warning(about, "addressConflict", message)


def told_of(address: Address, node: str, state: State, stranger: Conflict | None) -> str:
    """What a person is told."""
    if stranger is None:
        return f"no other host speaks for {address} any more; node {node} announces it"
    who = (
        f"the host with the hardware address {stranger.mac}, which node {node} hears on {stranger.interface}"
    )
    if state.is_announced:
        return f"{address} is announced, but {who}, uses it as well: clients may reach either. {REMEDY}"
    return f"{address} is not announced: {who}, has it already. {REMEDY} It is probed again until it is free."
