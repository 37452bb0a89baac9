"""Admission: may this change of the configuration be made, and what should its author hear?

Pure: the API server's AdmissionReview is read and answered by `controller.admission`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from lb.api import bfd_profile, ip_address_pool
from lb.api.custom_resource import CustomResource
from lb.api.extension import PROTECT
from lb.config.config import Pool
from lb.config.memory import Memory
from lb.config.parser import Parsed, parse
from lb.config.ranges import Address
from lb.config.rejection import Finding, Reference, Rejection
from lb.config.resources import Resources, with_object
from lb.config.seniority import reference_to

MOST = 10
"""Services that are named."""
F = TypeVar("F", bound=Finding)


class Operation(StrEnum):
    """admission/v1 Operation."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


CREATE, DELETE = Operation.CREATE, Operation.DELETE


class Change(Struct, frozen=True):
    """What is to be done to one object of *kind*; `new` is None for a deletion, `old` for a creation.

    Objects of a kind with several versions are in the stored one.
    """

    kind: str
    operation: Operation
    new: CustomResource | None
    old: CustomResource | None


class Answer(Struct, frozen=True):
    """Allowed, unless there are `denials`; a sentence or more each, as a person is to read them."""

    denials: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


InUse = Callable[[Pool], Iterable[tuple[str, Address]]]
"""The Services, as "namespace/name", that have an address of a pool, each with the address."""


def review(
    change: Change, resources: Resources, parsed: Parsed, namespace: str, in_use: InUse, memory: Memory
) -> Answer:
    """What its author is to be told of *change*, where *parsed* is in force, which comes from *resources*.

    *namespace* is ours. *memory* is that of parsing. A change is denied where it is wrong itself, or makes
    another object wrong that was right; not because of what was wrong before.
    """
    subject = _subject(change)
    if subject.metadata.namespace != namespace:
        return Answer((_misplaced(change.kind, subject, namespace),) if change.operation is CREATE else ())
    if _says_the_same(change):
        return Answer()
    name = subject.metadata.name
    after = parse(with_object(resources, change.kind, name, change.new), parsed.config, memory)
    rejections = _news(change, after.rejections, parsed.rejections)
    cautions = _news(change, after.cautions, parsed.cautions)
    denials = [_denial(change, each) for each in rejections if not _may_wait(change, each)]
    warnings = [str(each) for each in (*rejections, *cautions) if _may_wait(change, each)]
    lost = _lost(change, parsed, after, in_use)
    if lost and parsed.config.pools[name].is_protected:
        denials.append(f"{lost} The annotation {PROTECT} forbids it; remove that first, if it is meant.")
    elif lost:
        warnings.append(lost)
    return Answer(tuple(denials), tuple(warnings))


def review_alone(change: Change, namespace: str) -> Answer:
    """Likewise, before anything else of the configuration has been read."""
    answer = review(change, Resources(), Parsed(), namespace, lambda pool: (), Memory())
    unread = "The rest of the configuration has not been read yet, so this was not compared with it."
    return Answer(answer.denials, (unread,))


def _subject(change: Change) -> CustomResource:
    subject = change.new if change.new is not None else change.old
    assert subject is not None, "a change is of some object"
    return subject


def _misplaced(kind: str, subject: CustomResource, namespace: str) -> str:
    reference = reference_to(kind, subject)
    reason = f"resource must be created in {namespace} namespace, the only one that is read"
    return f"{reference}: metadata.namespace = {subject.metadata.namespace!r}: {reason}."


def _says_the_same(change: Change) -> bool:
    """Whether nothing that we read changes: a finalizer can be taken from an object that is wrong."""
    old, new = change.old, change.new
    if old is None or new is None:
        return False
    was, becomes = old.metadata, new.metadata
    return becomes.deletion_timestamp is not None or (old.spec, was.labels, was.annotations) == (
        new.spec,
        becomes.labels,
        becomes.annotations,
    )


def _is_about_it(change: Change, finding: Finding) -> bool:
    return (finding.object.kind, finding.object.name) == (change.kind, _subject(change).metadata.name)


def _news(change: Change, findings: Iterable[F], before: Iterable[F]) -> list[F]:
    """Those of *findings* that are about the changed object, or new of an object that was right before."""
    known: defaultdict[Reference, list[F]] = defaultdict(list)
    for each in before:
        known[each.object].append(each)
    return [
        each
        for each in findings
        if _is_about_it(change, each)
        or not (each in known[each.object] or (_is_fault(each) and any(map(_is_fault, known[each.object]))))
    ]


def _is_fault(finding: Finding) -> bool:
    return isinstance(finding, Rejection) and not finding.waits


def _may_wait(change: Change, finding: Finding) -> bool:
    """Whether *finding* is a reason to warn only: so that objects may be created in any order."""
    takes_profile = change.kind == bfd_profile.KIND and change.operation is DELETE
    return not _is_fault(finding) and not (isinstance(finding, Rejection) and takes_profile)


def _denial(change: Change, rejection: Finding) -> str:
    if _is_about_it(change, rejection):
        return str(rejection)
    subject = reference_to(change.kind, _subject(change))
    if not _is_fault(rejection):
        return f"{subject}: it is in use by {rejection.object} ({rejection.field}). Change that one first."
    return f"{subject}: with this change, another object would be wrong: {rejection}"


def _lost(change: Change, before: Parsed, after: Parsed, in_use: InUse) -> str:
    """Which Services would lose their addresses, as a sentence or two; "" where none would."""
    subject = _subject(change)
    pool = before.config.pools.get(subject.metadata.name) if change.kind == ip_address_pool.KIND else None
    if pool is None or pool == after.config.pools.get(pool.name):
        return ""
    lost = sorted(
        f"{service} ({address})" for service, address in in_use(pool) if after.config.pool_of(address) is None
    )
    if not lost:
        return ""
    some = ", ".join(lost[:MOST]) + (f" and {len(lost) - MOST} more" if len(lost) > MOST else "")
    reference = reference_to(change.kind, subject)
    return f"{reference}: addresses of {len(lost)} Services would lie in no pool any more: {some}."
