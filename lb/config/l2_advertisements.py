"""L2Advertisements: which are accepted, and what is wrong with the others."""

import re
from collections.abc import Iterator

from lb.api.custom_resource import CustomResource
from lb.api.l2_advertisement import KIND, L2AdvertisementSpec
from lb.config.config import L2Advertisement
from lb.config.names import repeated
from lb.config.rejection import Reference, Rejection
from lb.config.selectors import faulty_selector, faulty_selectors
from lb.config.seniority import reference_to
from lb.config.spec import decode

INTERFACE = re.compile(rb"(?!\.{1,2}$)[^/:\s]{1,15}")
"""What the kernel takes as the name of an interface (dev_valid_name), which are bytes to it."""


def read_l2_advertisement(each: CustomResource) -> L2Advertisement | tuple[Rejection, ...]:
    """What *each* says."""
    reference = reference_to(KIND, each)
    spec = decode(reference, each.spec, L2AdvertisementSpec)
    if isinstance(spec, tuple):
        return spec
    return tuple(_faults(reference, spec)) or L2Advertisement(each.metadata.name, spec)


def _faults(reference: Reference, spec: L2AdvertisementSpec) -> Iterator[Rejection]:
    yield from repeated(reference, "spec.ipAddressPools", spec.ip_address_pools)
    yield from faulty_selectors(reference, "spec.ipAddressPoolSelectors", spec.ip_address_pool_selectors)
    yield from faulty_selectors(reference, "spec.nodeSelectors", spec.node_selectors)
    yield from repeated(reference, "spec.interfaces", spec.interfaces)
    for at, name in enumerate(spec.interfaces):
        yield from faulty_interface(reference, f"spec.interfaces[{at}]", name)
    yield from faulty_selectors(reference, "spec.serviceSelectors", spec.service_selectors)
    for at, preferred in enumerate(spec.preferred_node_selectors):
        path = f"spec.preferredNodeSelectors[{at}].preference"
        yield from faulty_selector(reference, path, preferred.preference)


def faulty_interface(reference: Reference, path: str, name: str) -> Iterator[Rejection]:
    """Why *name*, at *path*, can be no interface's."""
    if not INTERFACE.fullmatch(name.encode()):
        remedy = "Write the name as `ip link` shows it; patterns are not understood."
        yield Rejection(reference, path, name, "no interface can have this name", remedy)
