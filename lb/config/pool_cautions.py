"""What is accepted of an IPAddressPool, and probably not what its author meant."""

from collections.abc import Iterator, Mapping

from lb.api.custom_resource import CustomResource
from lb.api.extension import QUARANTINE
from lb.api.ip_address_pool import KIND
from lb.config.config import Pool
from lb.config.ground import Ground
from lb.config.names import unknown
from lb.config.rejection import Caution, Reference, named
from lb.config.selectors import Labels
from lb.config.seniority import reference_to

MOST = 5
"""Addresses of nodes that are named."""


def about_pool(
    each: CustomResource,
    pool: Pool,
    by_l2: bool,
    by_bgp: bool,
    ground: Ground,
    namespaces: Mapping[str, Labels],
) -> list[Caution]:
    """About *pool*, made of *each*, which advertisements of either kind cover or not."""
    reference = reference_to(KIND, each)
    found = list(_about_ranges(reference, pool, by_l2, ground))
    found += _about_quarantine(reference, pool)
    found += _about_allocation(reference, pool, namespaces)
    if not by_l2 and not by_bgp:
        reason = (
            "no L2Advertisement or BGPAdvertisement covers it, so that nobody will announce its addresses"
        )
        remedy = f"Create one whose spec.ipAddressPools names {named(pool.name)}."
        found.append(Caution(reference, "metadata.name", pool.name, reason, remedy))
    return found


def _about_ranges(reference: Reference, pool: Pool, by_l2: bool, ground: Ground) -> Iterator[Caution]:
    for at, span in enumerate(pool.ranges):
        where = f"spec.addresses[{at}]"
        for address, node in list(ground.nodes_in(span))[:MOST]:
            reason = f"it holds {address}, the address of node {node}, which goes on answering for it alone"
            yield Caution(reference, where, str(span), reason, "Leave the nodes' addresses out.")
        for use in ground.uses_of(span):
            reason = f"it overlaps with {use}, so that packets to it never leave or reach a node"
            yield Caution(
                reference, where, str(span), reason, "Take addresses that the cluster does not use."
            )
        if by_l2 and not ground.reaches(span):
            reason = "an L2Advertisement covers it, and it lies in no subnet that a node is on"
            remedy = "Take addresses of the nodes' subnet, or see that a router sends them there."
            yield Caution(reference, where, str(span), reason, remedy)


def _about_quarantine(reference: Reference, pool: Pool) -> Iterator[Caution]:
    for address in sorted(pool.quarantined, key=lambda each: (each.version, each)):
        if not any(address in span for span in pool.ranges):
            where = f"metadata.annotations[{QUARANTINE}]"
            yield Caution(reference, where, str(address), "it is no address of the pool", "Take it out.")


def _about_allocation(
    reference: Reference, pool: Pool, namespaces: Mapping[str, Labels]
) -> Iterator[Caution]:
    kept = pool.reservation
    if kept is None or kept.namespaces is None or not namespaces:
        return
    path = "spec.serviceAllocation.namespaces"
    yield from unknown(reference, path, kept.named_namespaces, "Namespace", namespaces.keys())
    if not kept.namespaces:
        where, reason = "spec.serviceAllocation.namespaceSelectors", "they match no namespace at present"
        yield Caution(reference, where, "...", reason, "Correct them, or label the namespaces.")
