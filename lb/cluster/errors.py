"""What can go wrong with a request, sorted by what the caller does next.

Every message names the request, the answer and a remedy. None holds a credential or the body of a page that
is not the API server's. Sources: HTTP status codes as Kubernetes uses them (API conventions, "HTTP Status
codes"), meta/v1 Status.
"""

from collections.abc import Mapping
from http.client import responses

import msgspec
from msgspec import Struct, field

from lb.api.meta import Value
from lb.cluster.resource import KubernetesObject, Resource


class ApiError(Exception):
    """A request that failed. *code*: the HTTP status, 0 when there was no answer; *reason*: Status.reason."""

    def __init__(self, message: str, code: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class Retry(ApiError):  # noqa: N818 - named for what the caller does next
    """May succeed later, as it is; not before *after* seconds, if the server says so."""

    def __init__(self, message: str, code: int = 0, reason: str = "", after: float = 0.0) -> None:
        super().__init__(message, code, reason)
        self.after = after


class Relist(ApiError):  # noqa: N818 - named for what the caller does next
    """The version that we go on from is forgotten (410), or may be: list again."""


class Silence(Relist):
    """Nothing came on a watch for long: list again, though perhaps nothing happened.

    Bookmarks come every minute where etcd tells of its progress or anything of that kind changed before; of a
    kind that nobody ever used the API server may say nothing at all.
    """


class Conflict(ApiError):  # noqa: N818 - named for what the caller does next
    """Someone wrote the object meanwhile, or it exists already (409): look again, decide again."""


class GiveUp(ApiError):  # noqa: N818 - named for what the caller does next
    """Will fail again until a person changes something."""


class Call(Struct, frozen=True):
    """One request, as RBAC sees it: *verb* is get, list, watch, create, patch or delete."""

    verb: str
    resource: Resource[KubernetesObject]
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.resource.path(self.namespace, self.name, self.subresource)

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"


class _Details(Value, frozen=True):
    retry_after_seconds: int = 0


class Status(Value, frozen=True):
    """meta/v1 Status: the API server's own words on a failure."""

    kind: str
    code: int = 0
    reason: str = ""
    message: str = ""
    details: _Details | None = field(default=None)


_WITHOUT_STATUS = {
    401: "by whom it does not say; perhaps a proxy",
    403: "by whom it does not say; perhaps a proxy",
    404: "nothing is served there",
}
"""These codes mean the same when another than the API server's resource handlers answers."""

_STATUS = msgspec.json.Decoder(Status)


def status_of(body: bytes) -> Status | None:
    """The Status in *body*, or None if it is something else, such as a proxy's page."""
    try:
        status = _STATUS.decode(body)
    except msgspec.DecodeError:
        return None
    return status if status.kind == "Status" else None


def refused(call: Call, code: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error for an answer with HTTP status *code*; *headers* by any case of name."""
    status = status_of(body)
    if code < 300 or (status is None and code not in _WITHOUT_STATUS):
        return not_the_api(call, code, headers, body)
    status = status or Status("Status", code, "", _WITHOUT_STATUS[code])
    return by_status(call, code, status, _seconds(headers.get("Retry-After", "")))


def by_status(call: Call, code: int, status: Status, after: float = 0.0) -> ApiError:
    """The error for the API server's *status*, be it an answer or an ERROR event of a watch."""
    said = f"{call}: {code} {status.reason or responses.get(code, '')}: {status.message}"
    if code in (0, 408, 429) or code >= 500:
        wait = max(after, status.details.retry_after_seconds if status.details else 0)
        return Retry(said, code, status.reason, after=wait)
    if code == 410:
        return Relist(said, code, status.reason)
    if code == 409:
        return Conflict(said, code, status.reason)
    return GiveUp(f"{said.rstrip('.')}. {_remedy(call, code)}".rstrip(), code, status.reason)


def not_the_api(call: Call, code: int, headers: Mapping[str, str], body: bytes) -> Retry:
    """The error for an answer that is not the API server's JSON; a stranger's text is not repeated."""
    kind = headers.get("Content-Type", "no Content-Type")
    return Retry(
        f"{call}: {code} with {len(body)} bytes of {kind}, which is not the API server's JSON. Look for a"
        " proxy or load balancer that answers in its place.",
        code,
        after=_seconds(headers.get("Retry-After", "")),
    )


def renewed(call: Call) -> Retry:
    """The error for credentials that were not accepted while newer ones were there to be read."""
    return Retry(f"{call}: 401: the credentials had expired; there are new ones now", 401)


def unreachable(call: Call, why: str) -> Retry:
    """The error for a request without a whole answer."""
    return Retry(f"{call}: no answer from the API server: {why}")


def silent(call: Call, seconds: float) -> Silence:
    """The error for a watch on which not even a bookmark came."""
    return Silence(f"{call}: nothing came for {seconds:g} s, not even a bookmark; listing again")


def cut_short(plural: str, seconds: float) -> Retry:
    """The error for a watch that ended well but much too soon."""
    return Retry(
        f"watch of {plural}: it was ended in less than {seconds:g} s. The API server is going down, or a"
        " proxy cuts long answers."
    )


def broken(call: Call, why: str) -> Retry:
    """The error for JSON that breaks off or is none."""
    return Retry(f"{call}: the answer is not whole JSON ({why}). It was cut off, or a proxy changed it.")


def _seconds(retry_after: str) -> float:
    return float(retry_after) if retry_after.strip().isdecimal() else 0.0


def _remedy(call: Call, code: int) -> str:
    match code:
        case 401:
            return (
                "The credentials were not accepted: look whether the token or client certificate has expired."
            )
        case 403:
            return f"Grant it: a {_role(call)} with {_rule(call)}."
        case 404 if not call.name and call.resource.group:
            return f"Is the CRD {call.resource.plural}.{call.resource.group} installed?"
    return ""


def _role(call: Call) -> str:
    return f"Role in namespace {call.namespace}" if call.namespace else "ClusterRole"


def _rule(call: Call) -> str:
    resource = "/".join(part for part in (call.resource.plural, call.subresource) if part)
    return f'apiGroups ["{call.resource.group}"], resources ["{resource}"], verbs ["{call.verb}"]'
