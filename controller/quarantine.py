"""Sets addresses aside that strangers use: by an annotation of their pools, which a person takes away again.

The rest follows from the pool as from any change of it.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn

from lb.api.custom_resource import CustomResource
from lb.api.extension import QUARANTINE
from lb.api.ip_address_pool import KIND
from lb.cluster.client import Client
from lb.cluster.custom_resources import CustomResources
from lb.cluster.errors import ApiError, Conflict
from lb.cluster.events import Recorder, reference
from lb.config.config import Config
from lb.config.ranges import Address
from lb.ipam.conflict import Sighting, Sightings

log = logging.getLogger(__name__)
PAUSE = 1.0
"""Seconds from one attempt to the next, in which the watch tells of the first."""


class Quarantine:
    """Writes what *sightings* tell into the pools of *resources*, which *config* is made of.

    Run it as a task.
    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        resources: CustomResources,
        recorder: Recorder,
        sightings: Callable[[], Sightings],
        config: Callable[[], Config],
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._resources = resources
        self._recorder = recorder
        self._sightings = sightings
        self._config = config
        self._stirred = asyncio.Event()

    def stir(self) -> None:
        """There may be conflicts or pools that there were not."""
        self._stirred.set()

    async def run(self) -> NoReturn:
        """Write until cancelled."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            for name, used in due(self._sightings(), self._config()).items():
                await self._set_aside(name, used)
            await asyncio.sleep(PAUSE)

    async def _set_aside(self, name: str, used: Mapping[Address, Sighting]) -> None:
        pool = self._resources.get(KIND, name)
        annotation = added(pool, used) if pool is not None else None
        if pool is None or annotation is None:
            return
        version = pool.metadata.resource_version
        metadata = {"resourceVersion": version, "annotations": {QUARANTINE: annotation}}
        resource = self._resources.reflectors[KIND].resource
        try:
            await self._client.patch(resource, name, {"metadata": metadata}, namespace=self._namespace)
        except Conflict:
            self.stir()  # the newer version is on its way
            return
        except ApiError as error:
            log.error("IPAddressPool %s: addresses in conflict are not set aside: %s", name, error)
            self.stir()
            return
        for address, sighting in used.items():
            message = told_of(address, sighting)
            log.warning("IPAddressPool %s: %s", name, message)
            self._recorder.warning(reference(resource, pool), "addressQuarantined", message)


def due(sightings: Sightings, config: Config) -> dict[str, dict[Address, Sighting]]:
    """By pool of *config*, the addresses that are to be set aside, and why; of protected pools none."""
    found: defaultdict[str, dict[Address, Sighting]] = defaultdict(dict)
    for address, seen in sightings.items():
        pool = config.pool_of(address)
        if pool is not None and seen and not pool.is_protected:
            found[pool.name][address] = seen[0]
    return found


def added(pool: CustomResource, addresses: Iterable[Address]) -> str | None:
    """The annotation of *pool* with *addresses*, too; None where they stand there, whatever else does."""
    present = pool.metadata.annotations.get(QUARANTINE, "").strip()
    entries = [each.strip() for each in present.split(",")] if present else []
    more = [text for text in map(str, addresses) if text not in entries]
    return ",".join([*entries, *more]) if more else None


def told_of(address: Address, sighting: Sighting) -> str:
    """What a person is told of *address*, which is set aside."""
    mac, interface = sighting.conflict.mac, sighting.conflict.interface
    return (
        f"{address} is set aside: the host with the hardware address {mac}, which node {sighting.node} hears"
        f" on {interface}, uses it. Once it does not, take the address out of the annotation {QUARANTINE}."
    )
