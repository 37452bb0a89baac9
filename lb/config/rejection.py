"""A person's mistake, as a value: which object, which field, what stood there, why not, and what to do."""

from msgspec import Struct, json

JSON = object
"""Any value that JSON can hold; a Struct stands for the object that it encodes to."""
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


def shown(value: JSON) -> str:
    """*value* as a person is to read it: as JSON has it, in one line, and cut where it is long."""
    return _cut(repr(json.decode(json.encode(value))))


def named(text: str) -> str:
    """*text*, a name or a clause from outside, likewise and without quotes."""
    return _cut(repr(text)[1:-1])


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"
