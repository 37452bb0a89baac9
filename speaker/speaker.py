"""The speaker's parts, joined: what the API server says, who lives, and what follows for this node."""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from ipaddress import ip_address

from prometheus_client import CollectorRegistry

from lb.announce.bulletin import Bulletin
from lb.announce.verdict import Verdict, in_full, outline
from lb.api.configuration_state import HARDWARE_ADDRESSES, SPEAKER, SUBNETS
from lb.cluster.client import Client
from lb.cluster.completeness import complete, missing
from lb.cluster.configuration_state import StateWriter, own_pod
from lb.cluster.events import Recorder
from lb.cluster.lull import lull
from lb.config import conflict
from lb.config.condition import judge
from lb.config.conflict import Conflict
from lb.config.excluded_interfaces import Patterns
from lb.config.ranges import Address
from lb.observe.metrics import ClientMetrics, ConflictMetrics, Layer2Metrics, SpeakerMetrics
from speaker.complaints import Complaints
from speaker.detector.detector import Detector
from speaker.docket import FRESHNESS, Docket
from speaker.exclusion import Exclusion
from speaker.health_checks import HealthChecks
from speaker.l2_status import L2Statuses
from speaker.layer2.addresses import watch_addresses
from speaker.layer2.announcer import Announcer
from speaker.layer2.forms import forms
from speaker.layer2.links import watch_interfaces
from speaker.layer2.protocol.conflicts import State
from speaker.layer2.protocol.interface import Addresses, subnets
from speaker.layer2.protocol.sighting import Sighting
from speaker.layer2.protocol.timing import paced
from speaker.layer2.sockets import DatagramLink
from speaker.neighbors import neighbors
from speaker.reconciler import Reconciler
from speaker.sentry import Sentry
from speaker.settings import Settings
from speaker.snapshot import Rules, Snapshot
from speaker.view import View

log = logging.getLogger(__name__)
HANDOVER = 2.0
"""Seconds at most between saying that we stop and falling silent, until others have taken over."""


class Speaker:
    """One node's speaker. It is the `Listener` of its view."""

    def __init__(self, settings: Settings, client: Client, registry: CollectorRegistry) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._recorder = Recorder(client, "anvil-lb-speaker", settings.node_name, turn=self._lull)
        self._announcer = Announcer(
            Layer2Metrics.of(registry), settings.gratuitous_arp_interval, on_sighting=self._see
        )
        self._sentry = Sentry(
            self._announcer,
            ConflictMetrics.of(registry),
            self,
            freshness=FRESHNESS,
            probes=settings.probes,
        )
        self._view = View(client, settings.namespace, self)
        self._exclusion = Exclusion(client, settings.namespace, self._exclude, self.configuration_changed)
        owner = own_pod(settings.pod_name, settings.pod_uid)
        self._state = StateWriter(client, SPEAKER, settings.namespace, owner, settings.node_name)
        self._complaints = Complaints(settings.node_name, self._recorder, self._state)
        self._addresses: Addresses | None = None
        self._has_interfaces = asyncio.Event()
        self._statuses = L2Statuses(client, settings.namespace, settings.node_name, owner, turn=self._lull)
        self._reconciler = Reconciler(
            settings.node_name,
            self._sentry,
            self._recorder,
            SpeakerMetrics.of(registry),
            self._statuses,
        )
        rules = Rules(settings.load_balancer_class, settings.ignores_exclusion, settings.is_sticky)
        self._health_checks = HealthChecks(_own_hosts(settings.bind_address), self._health_changed)
        self._healthy: frozenset[int] = frozenset()
        self._snapshot = Snapshot(rules, self._view)
        self._docket = Docket(
            settings.node_name,
            self._snapshot,
            self._reconciler,
            self._publish,
            self._health_checks.watch,
        )
        self._client_metrics = ClientMetrics.of(registry)
        self._key = b""
        self._has_key = asyncio.Event()
        self._detector: Detector | None = None
        self._word = b""
        self._members: frozenset[str] = frozenset()
        self._told: tuple[dict[str, bytes], frozenset[str], frozenset[str]] = {}, frozenset(), frozenset()
        """By the detector: bulletins, members, and who left."""
        self._stands = False
        self._has_announced = False
        self._is_leaving = False

    async def run(self) -> None:
        """Announce until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recorder.run())
            tasks.create_task(self._state.run())
            tasks.create_task(self._statuses.run())
            tasks.create_task(self._health_checks.run())
            tasks.create_task(self._follow_interfaces())
            tasks.create_task(self._follow_addresses())
            tasks.create_task(self._view.secrets.run())
            for reflector in (self._exclusion.reflector, *self._view.reflectors):
                tasks.create_task(reflector.run())
            await complete([self._exclusion.reflector])
            await self._view.complete()
            await self._has_key.wait()
            await self._has_interfaces.wait()  # nobody waits for one that does not know where to announce
            tasks.create_task(self._join().run())

    async def _follow_interfaces(self) -> None:
        await asyncio.to_thread(forms)
        async for interfaces in watch_interfaces():
            self._announcer.use(interfaces)
            self._has_interfaces.set()
            self._interfaces_changed()

    async def _follow_addresses(self) -> None:
        await self._has_interfaces.wait()
        async for self._addresses in watch_addresses():
            self._announcer.use_addresses(self._addresses)
            self._interfaces_changed()

    def _exclude(self, patterns: Patterns) -> None:
        self._announcer.exclude(patterns)
        self._interfaces_changed()

    def _interfaces_changed(self) -> None:
        self._speak()
        self._tell_subnets()

    def _health_changed(self, healthy: frozenset[int]) -> None:
        self._healthy = healthy
        self._speak()

    def _speak(self) -> None:
        if not self._has_interfaces.is_set():
            return
        here = self._announcer
        stand = Bulletin(here.usable, here.usable_ipv6, healthy=self._healthy, macs=here.macs)
        self._docket.speak(stand)

    def _publish(self, word: bytes) -> None:
        self._word = word
        if self._detector is not None:
            self._detector.set_bulletin(word)

    def _tell_subnets(self) -> None:
        if self._addresses is not None:
            here = subnets(self._addresses, self._announcer.indexes)
            macs = ",".join(sorted(each.hex(":") for each in self._announcer.macs))
            self._state.annotate({SUBNETS: ",".join(here), HARDWARE_ADDRESSES: macs})

    def _join(self) -> Detector:
        """Take part in the failure detection, and tell what is told of ourselves."""
        self._detector = Detector(
            self._settings.node_name,
            self._key,
            self._open_link(),
            self._neighbors(),
            self._membership_changed,
            paced(self._settings.heartbeat_interval, self._settings.heartbeat_timeout),
        )
        if self._word:
            self._detector.set_bulletin(self._word)
        return self._detector

    def _open_link(self) -> DatagramLink:
        host, port = self._settings.bind_address, self._settings.bind_port
        try:
            return DatagramLink(host, port)
        except OSError as error:
            raise OSError(
                error.errno,
                f"heartbeats cannot be received at {host}, UDP port {port}: {error.strerror}. Is another load"
                " balancer, such as MetalLB, installed? Give the speakers another --ml-bindport.",
            ) from error

    def _neighbors(self) -> Mapping[str, tuple[str, int]]:
        return neighbors(self._view.nodes, self._settings.bind_address, self._settings.bind_port)

    async def leave(self) -> None:
        """Stop announcing, after the other speakers were told and had time to take over."""
        if self._detector is not None:
            self._is_leaving = True
            self._detector.leave()
            self._docket.leave(self._members - {self._settings.node_name})
            await self._hand_over()
            await self._detector.close()
        self._docket.close()
        self._sentry.close()
        self._announcer.close()

    async def _lull(self) -> None:
        """What is told to the API server waits for announcements."""
        await lull(self._docket.rests)

    async def _hand_over(self) -> None:
        """Returns once others serve what we announce, or did not for long enough."""
        if self._stands:
            try:
                async with asyncio.timeout(HANDOVER):
                    await self._docket.rests.wait()
            except TimeoutError:
                log.warning("some addresses were not taken over in time")

    def not_ready(self) -> list[str]:
        """Why this speaker does not take part yet, a reason a line."""
        if self._stands:
            self._has_announced |= self._docket.has_announced and not self._sentry.is_probing
            return [] if self._has_announced else ["announcing for the first time"]
        if self._detector is not None:
            return ["listening for other speakers"]
        unread = missing([self._exclusion.reflector, *self._view.reflectors])
        if unread or self._has_key.is_set():
            return unread or ["the interfaces of this node are not known yet"]
        return ["the Secret memberlist, made by the controller, is not there yet"]

    def debug(self) -> object:
        """Every verdict, and how the other speakers stand."""
        detector = self._detector
        return {
            "node": self._settings.node_name,
            "members": sorted(self._members),
            "standing": detector.standing if detector is not None else None,
            "speakers": detector.states() if detector is not None else {},
            "silent_for_s": detector.silences() if detector is not None else {},
            "interfaces": sorted(self._announcer.interfaces),
            "seen": sorted(self._sentry.seen),
            "withheld": sorted(map(str, self._sentry.withheld)),
            "conflicts": [conflict.outline(each) for each in self._sentry.conflicts.values()],
            "told": {name: _in_short(each) for name, each in self._snapshot.bulletins.items()},
            "services": {key: outline(verdict) for key, verdict in self._docket.verdicts.items()},
        }

    def explain(self, service: str) -> object | None:
        """The whole verdict on *service*, by key; None where there is none."""
        verdict = self._docket.verdicts.get(service)
        return {**in_full(verdict), **self._heard_of(verdict)} if verdict is not None else None

    def _heard_of(self, verdict: Verdict) -> dict[str, object]:
        """What keeps this node from announcing the addresses of *verdict*, or others speak for, too."""
        addresses = verdict.case.addresses if verdict.case is not None else ()
        strangers = self._sentry.conflicts
        return {
            "withheld": [str(each) for each in addresses if each in self._sentry.withheld],
            "conflicts": [conflict.outline(strangers[each]) for each in addresses if each in strangers],
        }

    def service_changed(self, service: str) -> None:
        """Judge *service* anew, with whatever else changes at this moment."""
        self._docket.service_changed(service)

    def configuration_changed(self) -> None:
        """Tell what is wrong in the configuration, if anything is, once all of it has been read."""
        if not self._view.is_complete or self._view.secrets.unread:
            return
        faults = [str(each) for each in (*self._exclusion.rejections, *self._view.parsed.rejections)]
        self._client_metrics.config_loaded.set(1)
        self._client_metrics.config_stale.set(1 if faults else 0)
        self._state.tell(partial(judge, SPEAKER, faults))

    def surroundings_changed(self) -> None:
        """Judge every Service anew."""
        if self._detector is not None:
            self._detector.set_peers(self._neighbors())
        self._sentry.know(self._view.nodes.keys())
        self._docket.surroundings_changed()

    def secret_changed(self, secret: bytes) -> None:
        """Prove and check heartbeats with *secret* from now on."""
        self._key = sha256(secret).digest()
        self._has_key.set()
        if self._detector is not None:
            self._detector.set_key(self._key)

    def _membership_changed(self) -> None:
        if self._detector is None:
            return
        told = self._detector.bulletins, self._detector.members, self._detector.left
        if told != self._told:
            self._told = dict(told[0]), *told[1:]
            self._sentry.hear(*self._told)
            self._hear()
        if self._detector.has_settled and not self._stands:
            self._stand(self._detector)
        own = {self._settings.node_name} if self._is_leaving else set()
        members = (self._detector.members | self._sentry.seen) - own
        if members != self._members:
            came, went = sorted(members - self._members), sorted(self._members - members)
            log.info("%d speakers are ready; new: %s; gone: %s", len(members), _listed(came), _listed(went))
            self._members = members
            self._docket.members_changed(members)

    def _see(self, interface: str, sighting: Sighting) -> None:
        self._sentry.see(interface, sighting)

    def segment_changed(self) -> None:
        """Count speakers that are heard on the segment only as members, with what they serve."""
        self._hear()
        self._membership_changed()

    def _hear(self) -> None:
        self._docket.hear({**self._told[0], **self._sentry.words})

    def withheld_changed(self) -> None:
        """Tell the others what is served now."""
        self._reconciler.recount()
        self._speak()

    def keeps(self, address: Address) -> bool:
        """Whether *address* is ours to announce, by the latest election."""
        return bool(self._reconciler.services_at(address))

    def conflict_changed(self, address: Address, state: State | None, stranger: Conflict | None) -> None:
        """Tell of a *stranger* who speaks for *address*, or that there is none any more."""
        self._complaints.note(self._sentry.conflicts.values())
        if state is not None:
            keys = self._reconciler.services_at(address)
            services = [self._view.services[key] for key in keys if key in self._view.services]
            self._complaints.tell(address, services, state, stranger)

    def _stand(self, detector: Detector) -> None:
        """Stand for election, now that the others' words are known: they may serve what were else ours."""
        self._stands = True
        detector.set_ready(True)
        self._docket.open()


def _in_short(bulletin: Bulletin) -> dict[str, object]:
    return {
        "interfaces": sorted(bulletin.interfaces),
        "ipv6": sorted(bulletin.ipv6),
        "serves": len(bulletin.addresses),
        "healthy": sorted(bulletin.healthy),
        "is_fresh": bulletin.is_fresh,
    }


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _own_hosts(address: str) -> tuple[str, ...]:
    """Where this node's kube-proxy is asked: at the node's address, or else on the loopback interface."""
    return address, "127.0.0.1" if ip_address(address).version == 4 else "::1"
