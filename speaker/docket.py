"""Which Services are to be judged anew, and the judging: a slice at a time, so that nothing has to wait."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from lb.announce.bulletin import Bulletin, audible, emit
from lb.announce.verdict import Announced, Verdict
from speaker.reconciler import Reconciler
from speaker.snapshot import Snapshot

SLICE = 0.005
"""Seconds of judging, until heartbeats and requests get their turn."""
FRESHNESS = 10.0
"""Seconds from our start in which we keep nothing from who ranks before us: others may start with us."""
GATHERING = 0.01
"""Seconds in which changes of our own word are gathered before the others are told."""


class Docket:
    """Judges, as *snapshot* has it, who announces what, and lets *reconciler* act for *node*.

    Nothing is judged until `open`. *publish* is called with what this node tells the others, and *watch* with
    the healthCheckNodePorts of this node that matter, each time that they change.
    """

    def __init__(
        self,
        node: str,
        snapshot: Snapshot,
        reconciler: Reconciler,
        publish: Callable[[bytes], None],
        watch: Callable[[frozenset[int]], None],
    ) -> None:
        self._node = node
        self._snapshot = snapshot
        self._reconciler = reconciler
        self._publish = publish
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._pending: dict[str, None] = {}
        self._is_open = False
        self._slice: asyncio.Handle | None = None
        self._publication: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_fresh = True
        self._ripening: asyncio.TimerHandle | None = None
        self._gates: dict[str, int] = {}
        self._watched: frozenset[int] = frozenset()
        self._stand: Bulletin | None = None
        self._word: Bulletin | None = None
        self.has_announced = False
        """Whether every Service has been judged."""
        self.rests = asyncio.Event()
        """Set while nothing is to be judged, and no address is being handed over."""

    def open(self) -> None:
        """Judge from now on, all Services first."""
        self._is_open = True
        self._ripening = self._loop.call_later(FRESHNESS, self._ripen)
        self._add(self._snapshot.services)

    def _ripen(self) -> None:
        self._is_fresh = False
        self._say()

    def service_changed(self, key: str) -> None:
        """Service *key* or its endpoints are not as they were."""
        self._add(self._snapshot.service_changed(key))

    def surroundings_changed(self) -> None:
        """The configuration or a node is not as it was."""
        self._snapshot.surroundings_changed()
        self._schedule()

    def members_changed(self, ready: frozenset[str]) -> None:
        """*ready* are the nodes with a ready speaker from now on. What none of them announces goes first."""
        self._snapshot.set_ready(ready)
        lost = [
            key
            for key, each in self.verdicts.items()
            if isinstance(each, Announced) and each.winner not in ready
        ]
        self._pending = dict.fromkeys([*lost, *self._pending])
        self._schedule()

    def leave(self, ready: frozenset[str]) -> None:
        """Hand over all that we announce to *ready*, the other nodes with a ready speaker."""
        self._reconciler.is_leaving = True
        self.members_changed(ready)

    def hear(self, told: Mapping[str, bytes]) -> None:
        """This is what the nodes tell, each in its latest bulletin; ours is known."""
        self._add(self._snapshot.hear({name: each for name, each in told.items() if name != self._node}))

    def speak(self, stand: Bulletin) -> None:
        """Tell the others *stand*, and with it what is ours to know."""
        self._stand = stand
        self._say()

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """The last verdict on each Service that is, or was, ours to announce."""
        return self._reconciler.verdicts

    def _add(self, keys: Iterable[str]) -> None:
        self._pending.update(dict.fromkeys(keys))
        self._schedule()

    def _schedule(self) -> None:
        if self._is_open and self._slice is None:
            self.rests.clear()
            self._slice = self._loop.call_soon(self._judge)

    def _judge(self) -> None:
        self._slice = None
        until = self._loop.time() + SLICE
        self._pending.update(dict.fromkeys(self._snapshot.refresh()))
        while self._pending and self._loop.time() < until:
            self._judge_with(next(iter(self._pending)))
        self._reconciler.settle(self._snapshot.claims, self._loop.time())
        self._say()
        self._watch_gates()
        if self._pending:
            self._schedule()
        else:
            self.has_announced = True
            self._rest()

    def _judge_with(self, key: str) -> None:
        now = self._loop.time()
        for each, verdict in self._snapshot.judge(key).items():
            self._pending.pop(each, None)
            self._reconciler.act(each, self._snapshot.services.get(each), verdict, self._snapshot.ready, now)
            local = verdict.case.local if verdict.case and verdict.case.gate else None
            if verdict.case and local and local.get(self._node):
                self._gates[each] = verdict.case.gate
            else:
                self._gates.pop(each, None)

    def _say(self) -> None:
        if self._stand is None:
            return
        served = self._reconciler.served
        word = audible(replace(self._stand, addresses=served, is_fresh=self._is_fresh))
        if word == self._word:
            return
        self._word = word
        self._add(self._snapshot.speak(self._node, word))
        if self._publication is None:
            self._publication = self._loop.call_later(GATHERING, self._tell)

    def _tell(self) -> None:
        self._publication = None
        if self._word is not None:
            self._publish(emit(self._word))

    def _watch_gates(self) -> None:
        ports = frozenset(self._gates.values())
        if ports != self._watched:
            self._watched = ports
            self._watch(ports)

    def _rest(self) -> None:
        """Until something changes, or a successor kept us waiting for long enough."""
        due = self._reconciler.next_timer()
        if due is None:
            self.rests.set()
        elif self._timer is None or self._timer.when() != due:
            self._cancel(self._timer)
            self._timer = self._loop.call_at(due, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._schedule()

    @staticmethod
    def _cancel(handle: asyncio.Handle | None) -> None:
        if handle is not None:
            handle.cancel()

    def close(self) -> None:
        """Judge no more."""
        self._is_open = False
        for handle in (self._slice, self._publication, self._timer, self._ripening):
            self._cancel(handle)
