"""The speaker's parts, joined: what the API server says, who lives, and what follows for this node."""

import asyncio
import logging
import secrets
from collections.abc import Mapping
from functools import partial
from hashlib import sha256

from prometheus_client import CollectorRegistry

from lb.api.configuration_state import SPEAKER, SUBNETS
from lb.cluster.client import Client
from lb.cluster.completeness import complete, missing
from lb.cluster.configuration_state import StateWriter, own_pod
from lb.cluster.events import Recorder
from lb.config.condition import judge
from lb.config.excluded_interfaces import Patterns
from lb.observe.metrics import ClientMetrics, Layer2Metrics, SpeakerMetrics
from speaker.exclusion import Exclusion
from speaker.layer2.addresses import watch_addresses
from speaker.layer2.announcer import Announcer
from speaker.layer2.driver import Driver
from speaker.layer2.links import watch_interfaces
from speaker.layer2.protocol.interface import Addresses, subnets
from speaker.layer2.protocol.membership import Datagram, Membership
from speaker.layer2.sockets import DatagramLink
from speaker.neighbors import neighbors
from speaker.reconciler import Reconciler
from speaker.settings import Settings
from speaker.view import View

log = logging.getLogger(__name__)
HANDOVER = 0.3
"""Seconds for which addresses are still answered after saying that we stop, until others have taken over."""


class Speaker:
    """One node's speaker. It is the `Listener` of its view."""

    def __init__(self, settings: Settings, client: Client, registry: CollectorRegistry) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._recorder = Recorder(client, "anvil-lb-speaker", settings.node_name)
        self._announcer = Announcer(Layer2Metrics.of(registry), settings.gratuitous_arp_interval)
        self._view = View(client, settings.namespace, self)
        self._exclusion = Exclusion(client, settings.namespace, self._exclude, self.configuration_changed)
        owner = own_pod(settings.pod_name, settings.pod_uid)
        self._state = StateWriter(client, SPEAKER, settings.namespace, owner, settings.node_name)
        self._addresses: Addresses | None = None
        self._has_interfaces = asyncio.Event()
        self._reconciler = Reconciler(
            settings.node_name,
            settings.load_balancer_class,
            self._announcer,
            self._recorder,
            SpeakerMetrics.of(registry),
        )
        self._client_metrics = ClientMetrics.of(registry)
        self._key = b""
        self._has_key = asyncio.Event()
        self._membership: Membership | None = None
        self._driver: Driver[Datagram] | None = None
        self._members: frozenset[str] = frozenset()
        self._changed: set[str] = set()
        self._pass: asyncio.Handle | None = None

    async def run(self) -> None:
        """Announce until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recorder.run())
            tasks.create_task(self._state.run())
            tasks.create_task(self._follow_interfaces())
            tasks.create_task(self._follow_addresses())
            tasks.create_task(self._view.secrets.run())
            for reflector in (self._exclusion.reflector, *self._view.reflectors):
                tasks.create_task(reflector.run())
            await complete([self._exclusion.reflector])
            await self._view.complete()
            await self._has_key.wait()
            self._join()

    async def _follow_interfaces(self) -> None:
        async for interfaces in watch_interfaces():
            self._announcer.use(interfaces)
            self._has_interfaces.set()
            self._tell_subnets()

    async def _follow_addresses(self) -> None:
        await self._has_interfaces.wait()
        async for self._addresses in watch_addresses():
            self._announcer.use_addresses(self._addresses)
            self._tell_subnets()

    def _exclude(self, patterns: Patterns) -> None:
        self._announcer.exclude(patterns)
        self._tell_subnets()

    def _tell_subnets(self) -> None:
        if self._addresses is not None:
            here = subnets(self._addresses, self._announcer.indexes)
            self._state.annotate({SUBNETS: ",".join(here)})

    def _join(self) -> None:
        """Take part in the failure detection, and so in the elections."""
        now = self._loop.time()
        link = self._open_link()
        incarnation = secrets.randbits(64)
        self._membership = Membership(self._settings.node_name, self._key, incarnation, now)
        self._membership.set_peers(self._neighbors())
        self._membership.set_ready(True, now)
        self._driver = Driver(self._membership, link, after=self._membership_changed)

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
        if self._membership is not None and self._driver is not None:
            self._membership.leave(self._loop.time())
            self._driver.settle()
            await asyncio.sleep(HANDOVER)
            self._driver.close()
        self._announcer.close()

    def not_ready(self) -> list[str]:
        """Why this speaker does not take part yet, a reason a line."""
        if self._membership is not None:
            return [] if self._membership.has_settled else ["listening for other speakers"]
        return missing([self._exclusion.reflector, *self._view.reflectors]) or [
            "the Secret memberlist, made by the controller, is not there yet"
        ]

    def debug(self) -> object:
        """Every verdict, and how the other speakers stand."""
        states = self._membership.states() if self._membership is not None else {}
        silences = self._membership.silences(self._loop.time()) if self._membership is not None else {}
        return {
            "node": self._settings.node_name,
            "members": sorted(self._members),
            "speakers": {name: state.name for name, state in states.items()},
            "silent_for_s": silences,
            "interfaces": sorted(self._announcer.interfaces),
            "services": {key: str(verdict) for key, verdict in self._reconciler.verdicts.items()},
        }

    def service_changed(self, service: str) -> None:
        """Judge *service* anew, with whatever else changes at this moment."""
        self._changed.add(service)
        if self._pass is None:
            self._pass = self._loop.call_soon(self._reconcile)

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
        if self._membership is not None:
            self._membership.set_peers(self._neighbors())
        for service in self._view.services:
            self.service_changed(service)

    def secret_changed(self, secret: bytes) -> None:
        """Prove and check heartbeats with *secret* from now on."""
        self._key = sha256(secret).digest()
        self._has_key.set()
        if self._membership is not None:
            self._membership.set_key(self._key)

    def _membership_changed(self) -> None:
        if self._membership is None or self._membership.members == self._members:
            return
        log.info("speakers that are ready: %s", ", ".join(sorted(self._membership.members)) or "none")
        self._members = self._membership.members
        self._changed.update(self._view.services)
        self._reconcile()

    def _reconcile(self) -> None:
        self._pass = None
        if self._membership is None or not self._membership.has_settled:
            return
        changed, self._changed = self._changed, set()
        self._reconciler.reconcile(self._view, self._members, changed)
