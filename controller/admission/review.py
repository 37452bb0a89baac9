"""An AdmissionReview of the API server, as a change of the configuration, and the answer to it.

Pure. It decides only in which namespace our objects may be made. Sources: admission.k8s.io/v1, the API
server's limits on warnings (k8s.io/apiserver, endpoints/filters/warning.go).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from lb.api import (
    bfd_profile,
    bgp_advertisement,
    bgp_peer,
    community,
    ip_address_pool,
    l2_advertisement,
)
from lb.api.admission_review import (
    AdmissionAnswer,
    AdmissionQuestion,
    AdmissionRequest,
    AdmissionResponse,
    GroupVersionKind,
    Status,
)
from lb.api.custom_resource import GROUP
from lb.config.admission import Answer, Change, Operation
from lb.config.rejection import Reference, Rejection

Decide = Callable[[Change], Answer]

WARNING = 256
"""Characters of a warning that the API server passes on once all of a request exceed ALL_WARNINGS."""
ALL_WARNINGS = 4096
ROOM_OF_OTHERS = 512
"""Of these characters, left for warnings that are not ours, such as one on a deprecated version."""

_QUESTION: Final = msgspec.json.Decoder(AdmissionQuestion)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class BadReviewError(Exception):
    """What came is no review that we could answer; says what is wrong with it."""


def _path(kind: GroupVersionKind) -> str:
    return f"/validate-{kind.group.replace('.', '-')}-{kind.version}-{kind.kind.lower()}"


def _kind(module: Any) -> GroupVersionKind:
    return GroupVersionKind(GROUP, module.VERSION, module.KIND)


PATHS: Final[Mapping[str, GroupVersionKind]] = {
    _path(_kind(module)): _kind(module)
    for module in (bgp_peer, bfd_profile, bgp_advertisement, community, ip_address_pool, l2_advertisement)
}
"""MetalLB's paths, and the kind that is reviewed at each."""


def answer(body: bytes, path: str, namespace: str, decide: Decide) -> bytes:
    """The answer to the review *body* that came to *path*. Raises BadReviewError.

    *decide* is asked about objects of our *namespace* only; in others, none may be made.
    """
    asked = _read(body, PATHS[path])
    given = _judged(asked, namespace, decide)
    response = AdmissionResponse(
        asked.uid,
        allowed=not given.denials,
        status=_denial(given.denials) if given.denials else None,
        warnings=fitted(given.warnings),
    )
    return msgspec.json.encode(AdmissionAnswer(response))


def _read(body: bytes, expected: GroupVersionKind) -> AdmissionRequest:
    try:
        asked = _QUESTION.decode(body).request
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as unfit:
        raise BadReviewError(f"this is no AdmissionReview of admission.k8s.io/v1: {unfit}") from unfit
    if asked.kind != expected:
        raise BadReviewError(
            f"a {asked.kind.kind} of {asked.kind.group}/{asked.kind.version} came where a {expected.kind} of"
            f" {expected.group}/{expected.version} is reviewed. Correct rules and path in the"
            " ValidatingWebhookConfiguration."
        )
    return asked


def _judged(asked: AdmissionRequest, namespace: str, decide: Decide) -> Answer:
    change = _change(asked)
    if asked.namespace == namespace:
        return decide(change)
    if change.operation is Operation.CREATE:
        return Answer(denials=(str(_misplaced(asked, namespace)),))
    return Answer()


def _change(asked: AdmissionRequest) -> Change:
    if asked.operation not in set(Operation):
        raise BadReviewError(f"the operation {asked.operation} is not reviewed. Take it out of the rules.")
    change = Change(asked.kind.kind, Operation(asked.operation), asked.object, asked.old_object)
    lacks_new = change.new is None and change.operation is not Operation.DELETE
    lacks_old = change.old is None and change.operation is not Operation.CREATE
    if lacks_new or lacks_old:
        raise BadReviewError(
            f"the {change.operation} comes without its {'object' if lacks_new else 'oldObject'}"
        )
    return change


def _misplaced(asked: AdmissionRequest, namespace: str) -> Rejection:
    return Rejection(
        Reference(asked.kind.kind, asked.name, asked.namespace),
        "metadata.namespace",
        asked.namespace,
        f"resource must be created in {namespace} namespace",
        "In others it is not read.",
    )


def _denial(denials: Iterable[str]) -> Status:
    # Not 422 Invalid: on that, `kubectl apply --force` deletes the object that is there and makes it anew.
    return Status(403, "Forbidden", "\n".join(denials))


def fitted(warnings: Iterable[str]) -> tuple[str, ...]:
    """*warnings* so that they reach their reader: whole if the API server passes all, else cut by us.

    A warning with a control character in it would be dropped, so these become blanks.
    """
    clean = tuple(dict.fromkeys(_CONTROL.sub(" ", each) for each in warnings))
    room = ALL_WARNINGS - ROOM_OF_OTHERS
    if sum(map(len, clean)) <= room:
        return clean
    shown = tuple(_cut(each) for each in clean)[: room // WARNING]
    if len(shown) == len(clean):
        return shown
    return *shown[:-1], f"{len(clean) - len(shown) + 1} more warnings are not shown"


def _cut(text: str) -> str:
    return text if len(text) <= WARNING else f"{text[: WARNING - 3]}..."
