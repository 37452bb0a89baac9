"""Which events still have to be sent, with equal ones counted instead of repeated.

Without I/O. Source: the fields count, firstTimestamp and lastTimestamp of core/v1 Event.
"""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from lb.api.meta import Value

LONGEST_MESSAGE = 1024
"""Bytes of a message; the API server refuses longer ones (core/v1 Event validation)."""


class ObjectReference(Value, frozen=True, omit_defaults=True):
    """core/v1 ObjectReference, without the version, so that an event repeated later is the same event."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""
    uid: str = ""


class Told(Struct, frozen=True, gc=False):
    """What is told of an object. Two that are equal are one event."""

    about: ObjectReference
    type: str
    reason: str
    message: str


def fitting(message: str) -> str:
    """*message* as an event can hold it: what is beyond `LONGEST_MESSAGE` bytes is left out, and said so."""
    if len(message.encode()) <= LONGEST_MESSAGE:
        return message
    left_out = " ... (cut; the log has it whole)"
    return message.encode()[: LONGEST_MESSAGE - len(left_out)].decode(errors="ignore") + left_out


class Tally(Struct, frozen=True, gc=False):
    """How often, and when first and last, RFC 3339. *name*: of the event that counts it."""

    name: str
    first: str
    last: str
    times: int = 1


class Outbox:
    """Holds at most *waiting* different events to send; remembers the last *remembered* that were sent.

    *name_for* makes a new name for an event.
    """

    def __init__(self, waiting: int, remembered: int, name_for: Callable[[Told], str]) -> None:
        self._limit = waiting
        self._memory = remembered
        self._name_for = name_for
        self._waiting: dict[Told, Tally] = {}
        self._sending: dict[Told, Tally] = {}
        self._sent: dict[Told, Tally] = {}

    def put(self, told: Told, at: str) -> bool:
        """Send it in its turn. False: too many wait, so it is not taken."""
        tally = self._waiting.get(told) or self._sending.get(told) or self._sent.get(told)
        if told not in self._waiting and len(self._waiting) >= self._limit:
            return False
        self._waiting[told] = (
            replace(tally, last=at, times=tally.times + 1) if tally else Tally(self._name_for(told), at, at)
        )
        return True

    def take(self) -> tuple[Told, Tally] | None:
        """The event that has waited longest, as it is to become. None: nothing waits.

        Say afterwards whether it was `sent` or is given up (`drop`).
        """
        told = next(iter(self._waiting), None)
        if told is None:
            return None
        self._sending[told] = self._waiting.pop(told)
        return told, self._sending[told]

    def exists(self, told: Told) -> bool:
        """Whether it was sent before, so that only its count is to change."""
        return told in self._sent

    def sent(self, told: Told, tally: Tally) -> None:
        """The API server has it."""
        self.drop(told)
        self._sent.pop(told, None)
        self._sent[told] = tally
        while len(self._sent) > self._memory:
            del self._sent[next(iter(self._sent))]

    def drop(self, told: Told) -> None:
        """It is not being sent any longer."""
        self._sending.pop(told, None)

    def forget(self, told: Told) -> None:
        """The API server has it no longer: events live for an hour."""
        self._sent.pop(told, None)
