"""Makes true on this node what `lb.announce` decides: which addresses are answered for, and who is told."""

import logging
from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Address

from msgspec import Struct

from lb.announce.eligibility import Surroundings
from lb.announce.verdict import Announced, Silent, Verdict, judge
from lb.announce.why import WhyNobody
from lb.api.service import Service
from lb.cluster.events import Recorder, reference
from lb.cluster.resource import SERVICES
from lb.observe.metrics import SpeakerMetrics
from speaker.layer2.announcer import Announcer, Interfaces
from speaker.view import View

log = logging.getLogger(__name__)
PROTOCOL = "layer2"
_NOT_OURS = Silent(WhyNobody.NOT_OURS)


class Announcement(Struct, frozen=True):
    """What this node does for one Service."""

    address: IPv4Address
    interfaces: Interfaces


class Reconciler:
    """Judges Services and acts on what changed in the verdict. *node* is the node that it runs on."""

    def __init__(
        self,
        node: str,
        load_balancer_class: str | None,
        announcer: Announcer,
        recorder: Recorder,
        metrics: SpeakerMetrics,
    ) -> None:
        self._node = node
        self._class = load_balancer_class
        self._announcer = announcer
        self._recorder = recorder
        self._metrics = metrics
        self._announcements: dict[str, Announcement] = {}
        self._holders: Counter[IPv4Address] = Counter()
        """How many Services each address is announced for."""
        self.verdicts: dict[str, Verdict] = {}
        """The last verdict on each Service that is, or was, ours to announce."""

    def reconcile(self, view: View, members: frozenset[str], services: Iterable[str]) -> None:
        """Judge *services*, by key, as *view* has them; *members* are the nodes whose speaker is ready."""
        surroundings = Surroundings(view.nodes, members)
        for key in services:
            service = view.services.get(key)
            if service is None:
                self.verdicts.pop(key, None)
                self._retire(key, None)
                continue
            verdict = judge(view.parsed.config, surroundings, service, view.slices_of(key), self._class)
            if verdict == _NOT_OURS and key not in self.verdicts:
                continue
            if verdict != self.verdicts.get(key):
                self.verdicts[key] = verdict
                self._act(key, service, verdict)

    def _act(self, key: str, service: Service, verdict: Verdict) -> None:
        log.info("Service %s: %s", key, verdict)
        mine = self._mine(verdict)
        if mine == self._announcements.get(key):
            return
        self._retire(key, mine)
        if mine is not None:
            self._announcements[key] = mine
            self._holders[mine.address] += 1
            self._announcer.announce(mine.address, mine.interfaces)
            self._metrics.announced.labels(key, PROTOCOL, self._node, str(mine.address)).set(1)
            self._tell(service, mine, verdict)

    def _mine(self, verdict: Verdict) -> Announcement | None:
        if not isinstance(verdict, Announced) or verdict.election.winner != self._node:
            return None
        if not isinstance(verdict.address, IPv4Address):
            return None
        return Announcement(verdict.address, verdict.interfaces)

    def _retire(self, key: str, successor: Announcement | None) -> None:
        """Service *key* is announced as *successor* says; its old address goes silent if nobody has it."""
        old = self._announcements.pop(key, None)
        if old is None:
            return
        self._holders[old.address] -= 1
        if successor is not None and successor.address == old.address:
            return
        self._metrics.announced.remove(key, PROTOCOL, self._node, str(old.address))
        if not self._holders[old.address]:
            del self._holders[old.address]
            self._announcer.withdraw(old.address)
            log.info("Service %s: %s is not announced from here any more", key, old.address)

    def _tell(self, service: Service, mine: Announcement, verdict: Verdict) -> None:
        about = reference(SERVICES, service)
        if mine.interfaces is not None and not mine.interfaces & self._announcer.interfaces:
            names = ", ".join(sorted(mine.interfaces))
            has = ", ".join(sorted(self._announcer.interfaces)) or "none"
            message = (
                f"{mine.address} is announced nowhere: node {self._node} is elected and has none of the"
                f" interfaces {names} that the L2Advertisement names; those that carry announcements: {has}."
                " Correct spec.interfaces, or leave such nodes out by spec.nodeSelectors."
            )
            self._recorder.warning(about, "announceFailed", message)
            return
        message = f'announcing from node "{self._node}" with protocol "{PROTOCOL}": {verdict}'
        self._recorder.normal(about, "nodeAssigned", message)
