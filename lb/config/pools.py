"""IPAddressPools: which are accepted, in which form, and what is wrong with the others."""

from collections.abc import Iterable, Iterator, Mapping

from lb.api.custom_resource import CustomResource
from lb.api.ip_address_pool import KIND, IPAddressPoolSpec
from lb.config.config import Pool
from lb.config.ranges import AddressRange, Malformed, overlapping, parse_range
from lb.config.rejection import Reference, Rejection
from lb.config.spec import decode

Accepted = dict[str, Pool]


def parse_pools(
    objects: Iterable[CustomResource], last_good: Mapping[str, Pool]
) -> tuple[Accepted, list[Rejection]]:
    """The pools by name, and every rejection.

    A pool that is refused stays in force as *last_good* has it. Where two overlap, one that has not changed
    since stays rather than one that has, a known one rather than a new one, the older rather than the newer.
    """
    accepted: Accepted = {}
    refused: list[Rejection] = []
    parsed = {each.metadata.name: (each, _parse_pool(each)) for each in objects}

    def seniority(name: str) -> tuple[bool, bool, str, str]:
        each, pool = parsed[name]
        known = last_good.get(name)
        return pool != known, known is None, each.metadata.creation_timestamp, name

    for name in sorted(parsed, key=seniority):
        _, pool = parsed[name]
        wrong = pool if isinstance(pool, list) else list(_collisions(pool, accepted))
        refused += wrong
        if not isinstance(pool, list) and not wrong:
            accepted[name] = pool
        elif name in last_good and not any(_collisions(last_good[name], accepted)):
            accepted[name] = last_good[name]
    return accepted, refused


def _parse_pool(each: CustomResource) -> Pool | list[Rejection]:
    reference = Reference(KIND, each.metadata.name, each.metadata.namespace)
    spec = decode(reference, each.spec, IPAddressPoolSpec)
    if isinstance(spec, Rejection):
        return [spec]
    ranges = [parse_range(text) for text in spec.addresses]
    wrong = [*_faulty_ranges(reference, spec, ranges), *_unsupported(reference, spec)]
    if wrong:
        return wrong
    good = tuple(span for span in ranges if isinstance(span, AddressRange))
    return Pool(each.metadata.name, dict(each.metadata.labels), good, spec.auto_assign, spec.avoid_buggy_ips)


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
    for first, second in overlapping(span for span in ranges if isinstance(span, AddressRange)):
        reason = f"{first} and {second} overlap"
        yield Rejection(reference, where, list(spec.addresses), reason, "List each address once.")


def _unsupported(reference: Reference, spec: IPAddressPoolSpec) -> Iterator[Rejection]:
    if spec.service_allocation is not None:
        yield Rejection(
            reference,
            "spec.serviceAllocation",
            "{...}",
            "keeping a pool for some namespaces or Services is not supported yet",
            "Remove it; to keep others out, set spec.autoAssign to false and name the pool in the annotation "
            "metallb.io/address-pool of the Services that may use it.",
        )


def _collisions(pool: Pool, others: Accepted) -> Iterator[Rejection]:
    for other in others.values():
        for mine in pool.ranges:
            for theirs in other.ranges:
                if mine.overlaps(theirs):
                    yield Rejection(
                        Reference(KIND, pool.name),
                        "spec.addresses",
                        str(mine),
                        f"it overlaps with {theirs} of IPAddressPool {other.name}",
                        "Take the common addresses out of one of the two pools.",
                    )
