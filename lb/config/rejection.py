"""What is wrong with an object, as a value: which object, which field, what stood there, why, and what to do.

A `Rejection` keeps the object, as it stands, from taking effect; a `Caution` does not.
"""

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


class Finding(Struct, frozen=True):
    """Something about *object* that a person should know.

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


class Rejection(Finding, frozen=True):
    """Why *object* is not accepted as it stands.

    It `waits` where nothing is wrong with the object itself: it is accepted once another one is there.
    """

    waits: bool = False


class Caution(Finding, frozen=True):
    """What is accepted, and probably not what its author meant."""


class Malformed(Struct, frozen=True):
    """Why a text is not what it should be (`reason`, a clause) and what to write (`remedy`, a sentence)."""

    reason: str
    remedy: str


def shown(value: JSON) -> str:
    """*value* as a person is to read it: as JSON has it, in one line, and cut where it is long."""
    return _cut(repr(json.decode(json.encode(value))))


def named(text: str) -> str:
    """*text*, a name or a clause from outside, likewise and without quotes."""
    return _cut(repr(text)[1:-1])


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"
