"""The condition by which a Service tells that a stranger uses its address (meta/v1 Condition)."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from lb.api.extension import QUARANTINE
from lb.api.service import Service, ServiceCondition
from lb.config.conflict import Conflict
from lb.config.ranges import Address
from lb.ipam.condition import has_condition, stated

TYPE: Final = "anvil-lb.io/AddressConflict"
CONFLICT: Final = "AddressConflict"
NO_CONFLICT: Final = "NoConflict"
FEW: Final = 4
"""Witnesses that a message names at most."""


class Sighting(Struct, frozen=True):
    """The speaker on *node* tells of *conflict*."""

    node: str
    conflict: Conflict


Sightings = Mapping[Address, Sequence[Sighting]]
"""By address."""


def wanted_condition(
    service: Service, addresses: Sequence[Address], sightings: Sightings, now: str
) -> ServiceCondition | None:
    """The condition of *service*, which has *addresses*, at *now* (RFC 3339).

    None: it needs none, since there was no conflict yet. The time is that of the last change of the status.
    """
    found = [each for address in addresses for each in sightings.get(address, ())]
    if not found and not has_condition(service, TYPE):
        return None
    status = "True" if found else "False"
    reason = CONFLICT if found else NO_CONFLICT
    message = _told(found) if found else "no other host is heard that uses the Service's addresses"
    return stated(service, ServiceCondition(TYPE, status, reason, message), now)


def _told(found: Sequence[Sighting]) -> str:
    hosts = "; ".join(
        f"{each.conflict.address} is used by {each.conflict.mac}, which node {each.node} hears on"
        f" {each.conflict.interface}"
        for each in found[:FEW]
    )
    return (
        f"{hosts}. Take the address from that host, or set it aside by the annotation {QUARANTINE} of its"
        " pool; with --on-conflict=quarantine the controller does that."
    )
