"""IPAddressPools: which are accepted, in which form, and what is wrong with the others."""

from bisect import bisect_right, insort
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from operator import itemgetter

from lb.api.custom_resource import CustomResource
from lb.api.extension import DRAIN, PROTECT, QUARANTINE
from lb.api.ip_address_pool import KIND, IPAddressPoolSpec, ServiceAllocation
from lb.api.namespace import Namespace
from lb.config.config import Pool, Reservation
from lb.config.names import repeated
from lb.config.ranges import Address, AddressRange, overlapping, parse_address, parse_range
from lb.config.rejection import Malformed, Reference, Rejection
from lb.config.selectors import faulty_selectors, matches_any
from lb.config.seniority import reference_to
from lb.config.spec import decode, mentions
from lb.config.unusable import unusable

Place = tuple[int, int, AddressRange, str]
"""IP version and first address of a range, the range, and the name of the pool that has it."""
_start = itemgetter(0, 1)


def read_pool(each: CustomResource, namespaces: tuple[Namespace, ...]) -> Pool | tuple[Rejection, ...]:
    """What *each* says by itself, where *namespaces* are all of the cluster."""
    reference = reference_to(KIND, each)
    spec = decode(reference, each.spec, IPAddressPoolSpec)
    if isinstance(spec, tuple):
        return spec
    ranges = [parse_range(text) for text in spec.addresses]
    wrong = [
        *_faulty_ranges(reference, spec, ranges),
        *_faulty_allocation(reference, spec.service_allocation),
        *_faulty_annotations(reference, each),
    ]
    if wrong:
        return tuple(wrong)
    return Pool(
        each.metadata.name,
        dict(each.metadata.labels),
        tuple(span for span in ranges if isinstance(span, AddressRange)),
        spec.auto_assign,
        spec.avoid_buggy_ips,
        _reservation(spec.service_allocation, namespaces),
        each.metadata.annotations.get(PROTECT) == "true",
        each.metadata.annotations.get(DRAIN) == "true",
        frozenset(address for _, address in _quarantined(each) if address is not None),
    )


def selects_namespaces(each: CustomResource) -> bool:
    """Whether what *each* says depends on the namespaces that there are. May be wrongly true."""
    return mentions(each, "namespaceSelectors")


def _faulty_ranges(
    reference: Reference, spec: IPAddressPoolSpec, ranges: list[AddressRange | Malformed]
) -> Iterator[Rejection]:
    where = "spec.addresses"
    if not ranges:
        remedy = "Add a CIDR or a range, or delete the pool."
        yield Rejection(reference, where, [], "the pool has no addresses", remedy)
    for at, (text, span) in enumerate(zip(spec.addresses, ranges, strict=True)):
        if isinstance(span, Malformed):
            yield Rejection(reference, f"{where}[{at}]", text, span.reason, span.remedy)
        elif (reason := unusable(span)) is not None:
            yield Rejection(reference, f"{where}[{at}]", text, reason, "Leave them out.")
    for first, second in overlapping(span for span in ranges if isinstance(span, AddressRange)):
        reason = f"it overlaps with {first} of the same pool"
        yield Rejection(reference, where, str(second), reason, "List each address once.")


def _faulty_allocation(reference: Reference, kept: ServiceAllocation | None) -> Iterator[Rejection]:
    if kept is not None:
        where = "spec.serviceAllocation"
        yield from repeated(reference, f"{where}.namespaces", kept.namespaces)
        yield from faulty_selectors(reference, f"{where}.namespaceSelectors", kept.namespace_selectors)
        yield from faulty_selectors(reference, f"{where}.serviceSelectors", kept.service_selectors)


def _faulty_annotations(reference: Reference, each: CustomResource) -> Iterator[Rejection]:
    for name in (PROTECT, DRAIN):
        text = each.metadata.annotations.get(name)
        if text not in (None, "true", "false"):
            where, reason = f"metadata.annotations[{name}]", "this is neither true nor false"
            yield Rejection(reference, where, text, reason, "Write 'true' or 'false', in quotes.")

    for text, address in _quarantined(each):
        if address is None:
            where = f"metadata.annotations[{QUARANTINE}]"
            remedy = "Write addresses with commas between, such as 192.0.2.10,2001:db8::10."
            yield Rejection(reference, where, text, "this is no IP address", remedy)


def _quarantined(each: CustomResource) -> Iterator[tuple[str, Address | None]]:
    """The entries of the annotation, and the address that each is."""
    text = each.metadata.annotations.get(QUARANTINE, "").strip()
    for part in text.split(",") if text else ():
        yield part, parse_address(part)


def _reservation(kept: ServiceAllocation | None, namespaces: Iterable[Namespace]) -> Reservation | None:
    if kept is None:
        return None
    names: frozenset[str] | None = None
    if kept.namespaces or kept.namespace_selectors:
        names = frozenset(kept.namespaces).union(
            each.metadata.name
            for each in namespaces
            if matches_any(kept.namespace_selectors, each.metadata.labels)
        )
    return Reservation(kept.priority, names, kept.namespaces, kept.service_selectors)


class PoolClaims:
    """The addresses of the pools in force: no address lies in two."""

    @staticmethod
    def are_apart(wanted: Collection[Pool]) -> bool:
        """Whether no two ranges of *wanted* have an address in common."""
        places = sorted((span.version, span.first, span.last) for pool in wanted for span in pool.ranges)
        return all(one[0] != other[0] or one[2] < other[1] for one, other in pairwise(places))

    def __init__(self) -> None:
        self._taken: list[Place] = []

    def collisions(self, reference: Reference, wanted: Pool) -> list[Rejection]:
        """Each range of *wanted* that overlaps with one of another pool."""
        return [
            Rejection(
                reference,
                "spec.addresses",
                str(mine),
                f"it overlaps with {theirs} of IPAddressPool {other}",
                "Take the common addresses out of one of the two pools.",
            )
            for mine in wanted.ranges
            for _, _, theirs, other in self._overlapping(mine)
        ]

    def add(self, accepted: Pool) -> None:
        """*accepted* is in force."""
        for span in accepted.ranges:
            insort(self._taken, (span.version, span.first, span, accepted.name), key=_start)

    def _overlapping(self, span: AddressRange) -> list[Place]:
        start = bisect_right(self._taken, (span.version, span.first), key=_start)
        end = bisect_right(self._taken, (span.version, span.last), lo=start, key=_start)
        return [place for place in self._taken[max(0, start - 1) : end] if place[2].overlaps(span)]
