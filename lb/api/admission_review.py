"""AdmissionReview (admission.k8s.io/v1): the API server asks whether an object may be written."""

from msgspec import field

from lb.api.custom_resource import CustomResource
from lb.api.meta import Value

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"


class GroupVersionKind(Value, frozen=True):
    """meta/v1 GroupVersionKind."""

    group: str
    version: str
    kind: str


class AdmissionRequest(Value, frozen=True):
    """What somebody is about to do; `object` is None for a deletion, `old_object` for a creation."""

    uid: str
    kind: GroupVersionKind
    operation: str
    name: str = ""
    namespace: str = ""
    object: CustomResource | None = None
    old_object: CustomResource | None = None


class Status(Value, frozen=True):
    """meta/v1 Status of a denial; `code` is an HTTP status."""

    code: int
    reason: str
    message: str


class AdmissionResponse(Value, frozen=True, omit_defaults=True):
    """`warnings` are shown to the author whether or not it is allowed."""

    uid: str
    allowed: bool
    status: Status | None = None
    warnings: tuple[str, ...] = ()


class AdmissionQuestion(Value, frozen=True):
    """The review as it comes."""

    request: AdmissionRequest
    api_version: str = ""
    kind: str = ""


class AdmissionAnswer(Value, frozen=True):
    """The review as it goes back."""

    response: AdmissionResponse
    api_version: str = field(default=API_VERSION)
    kind: str = field(default=KIND)
