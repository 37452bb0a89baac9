"""A person's mistake, as a value: which object, which field, what stood there, why not, and what to do."""

from msgspec import Struct

JSON = object
"""Any value that JSON can hold."""
LONGEST = 120
"""Characters of a value that are shown: an event has room for 1024, and a person pastes a megabyte."""


class Reference(Struct, frozen=True, order=True):
    """Names a Kubernetes object for a person."""

    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"


class Rejection(Struct, frozen=True):
    """Why *object* is not accepted as it stands.

    `field` is a JSON path (`spec.addresses[1]`), `value` what stands there, `reason` a clause and `remedy` a
    sentence.
    """

    object: Reference
    field: str
    value: JSON
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.object}: {self.field} = {shown(self.value)}: {self.reason}. {self.remedy}"


def shown(value: JSON, *, quoted: bool = True) -> str:
    """*value* as a person is to read it, cut where it is long; without quotes if not *quoted*."""
    text = value if isinstance(value, str) and not quoted else repr(value)
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}... ({len(text)} characters)"
