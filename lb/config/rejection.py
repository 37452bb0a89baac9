"""A person's mistake, as a value: which object, which field, what stood there, why not, and what to do."""

from msgspec import Struct

JSON = object
"""Any value that JSON can hold."""


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
        return f"{self.object}: {self.field} = {self.value!r}: {self.reason}. {self.remedy}"
