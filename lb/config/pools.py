"""IPAddressPools: which are accepted, in which form, and what is wrong with the others."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping

from lb.api.custom_resource import CustomResource
from lb.api.ip_address_pool import KIND, IPAddressPoolSpec
from lb.config.config import Pool
from lb.config.ranges import AddressRange, Malformed, overlapping, parse_range
from lb.config.rejection import Reference, Rejection
from lb.config.spec import decode
from lb.config.unusable import unusable

Accepted = dict[str, Pool]
Place = tuple[AddressRange, str]
"""A range, and the name of the pool that has it."""


def parse_pools(
    objects: Collection[CustomResource], last_good: Mapping[str, Pool]
) -> tuple[Accepted, list[Rejection]]:
    """The pools by name, and every rejection.

    A pool that is refused stays in force as *last_good* has it, and no other pool may take its addresses.
    Where two overlap, one that has not changed since stays rather than one that has, a known one rather than
    a new one, the older rather than the newer.
    """
    created = {_reference(each): each.metadata.creation_timestamp for each in objects}
    parsed = {_reference(each): _parse_pool(each) for each in objects}

    def seniority(pool: Reference) -> tuple[bool, bool, str, str]:
        known = last_good.get(pool.name)
        return parsed[pool] != known, known is None, created[pool], pool.name

    inorder = sorted(parsed, key=seniority)
    refused = {each: found for each in inorder if isinstance(found := parsed[each], list)}
    wanted = {each: found for each in inorder if isinstance(found := parsed[each], Pool)}
    while True:
        kept = {each.name: last_good[each.name] for each in refused if each.name in last_good}
        accepted, collided = _place(wanted, kept)
        if not collided:
            return accepted, [wrong for each in inorder for wrong in refused.get(each, [])]
        # What collided falls back to its last good form, and others may have to make room for that.
        refused |= collided
        wanted = {each: pool for each, pool in wanted.items() if each not in collided}


def _place(
    wanted: Mapping[Reference, Pool], kept: Accepted
) -> tuple[Accepted, dict[Reference, list[Rejection]]]:
    """*kept* and those of *wanted* that overlap with none before them; what is wrong with the others."""
    accepted = dict(kept)
    collided: dict[Reference, list[Rejection]] = {}
    taken = sorted(_places(kept.values()))
    for reference, pool in wanted.items():
        wrong = list(_collisions(reference, pool, taken))
        if wrong:
            collided[reference] = wrong
        else:
            accepted[pool.name] = pool
            taken = sorted([*taken, *_places([pool])])
    return accepted, collided


def _places(pools: Iterable[Pool]) -> Iterator[Place]:
    return ((span, pool.name) for pool in pools for span in pool.ranges)


def _reference(each: CustomResource) -> Reference:
    return Reference(KIND, each.metadata.name, each.metadata.namespace)


def _parse_pool(each: CustomResource) -> Pool | list[Rejection]:
    reference = _reference(each)
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
        elif (reason := unusable(span)) is not None:
            yield Rejection(reference, f"{where}[{at}]", text, reason, "Leave them out.")
    for first, second in overlapping(span for span in ranges if isinstance(span, AddressRange)):
        reason = f"it overlaps with {first} of the same pool"
        yield Rejection(reference, where, str(second), reason, "List each address once.")


def _unsupported(reference: Reference, spec: IPAddressPoolSpec) -> Iterator[Rejection]:
    if spec.service_allocation is not None:
        yield Rejection(
            reference,
            "spec.serviceAllocation",
            spec.service_allocation,
            "keeping a pool for some namespaces or Services is not supported yet",
            "Remove it; to keep others out, set spec.autoAssign to false and name the pool in the annotation "
            "metallb.io/address-pool of the Services that may use it.",
        )


def _collisions(reference: Reference, pool: Pool, taken: list[Place]) -> Iterator[Rejection]:
    for mine in pool.ranges:
        for theirs, other in _overlapping(mine, taken):
            yield Rejection(
                reference,
                "spec.addresses",
                str(mine),
                f"it overlaps with {theirs} of IPAddressPool {other}",
                "Take the common addresses out of one of the two pools.",
            )


def _overlapping(span: AddressRange, taken: list[Place]) -> list[Place]:
    """Those of *taken*, sorted and none overlapping another, that have an address of *span*."""
    start = bisect_right(taken, (span.version, span.first), key=_start)
    end = bisect_right(taken, (span.version, span.last), lo=start, key=_start)
    return [place for place in taken[max(0, start - 1) : end] if place[0].overlaps(span)]


def _start(place: Place) -> tuple[int, int]:
    return place[0].version, place[0].first
