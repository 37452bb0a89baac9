"""Who leads: when a Lease may be claimed, and which writes of its holders may still be on their way.

Without I/O or a clock: `now` is in seconds of any steadily rising clock of ours. Nobody's timestamps are
believed, and no safety rests on time. Why it is as it is: docs/design/0003-controller-leadership.md. Source:
the algorithm of client-go's leader election.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from lb.api.lease import TERM, WRITING, Lease

MOST_TRANSITIONS = 2**31 - 1
"""As many as a Lease has room for (int32). Nobody decides by their number: it starts anew."""
_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_TOLD = re.compile(f"(?P<key>{_LABEL}/{_LABEL})=(?P<version>[0-9]{{1,19}})")
"""A write as the Lease tells of it: of DNS labels (RFC 1123) and a revision of etcd (int64)."""


class Timing(Struct, frozen=True):
    """In seconds. A holder is given up when its Lease has not changed for `lease_duration`.

    It renews every `retry_period`, and gives up itself when it could not for `renew_deadline`.
    """

    lease_duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.retry_period < self.renew_deadline < self.lease_duration:
            raise ValueError(
                f"the lease lasts {self.lease_duration:g} s, its holder has {self.renew_deadline:g} s to"
                f" renew it and tries every {self.retry_period:g} s. Let each be longer than the next, and"
                " all longer than 0."
            )


class Standing(StrEnum):
    """Why a candidate may claim the Lease, or has to wait."""

    ABSENT = "there is no Lease"
    RELEASED = "nobody holds it"
    OURS = "our predecessor in the same pod held it, or we claimed it without an answer"
    EXPIRED = "its holder has not renewed it"
    HELD = "its holder renews it"


class Candidate:
    """Watches a Lease for *identity*, which is its own: no two processes live with it at a time."""

    def __init__(self, identity: str, timing: Timing) -> None:
        self._identity = identity
        self._timing = timing
        self._has_led = False
        self._attempted = ""
        self._seen_at: float | None = None
        self.lease: Lease | None = None
        """As it was seen last."""

    def see(self, lease: Lease | None, now: float) -> None:
        """The Lease is this."""
        if lease != self.lease or self._seen_at is None:
            self._seen_at = now
        self.lease = lease

    def attempt(self, term: str) -> None:
        """We try to claim it for *term*; whether that succeeds we may never hear."""
        self._attempted = term

    def lead(self) -> None:
        """We have held it: who has it under our name from now on is not our predecessor."""
        self._has_led = True
        self._attempted = ""

    def standing(self, now: float) -> Standing:
        """Whether it may be claimed: unless it is HELD."""
        if self.lease is None:
            return Standing.ABSENT
        if not self.lease.spec.holder_identity:
            return Standing.RELEASED
        if self.lease.spec.holder_identity == self._identity and not self._has_led:
            return Standing.OURS
        if self._attempted and self.lease.metadata.annotations.get(TERM) == self._attempted:
            return Standing.OURS
        return Standing.EXPIRED if now >= self.expires_at else Standing.HELD

    @property
    def expires_at(self) -> float:
        """When its holder is given up, should it not change before."""
        return (self._seen_at or 0.0) + self._timing.lease_duration


class Writes:
    """The writes that may still reach the API server, each bound to one version of one object.

    A write is sent only when the Lease is known to tell of it, and struck off only when it cannot be applied
    any more. So whoever claims the Lease finds there all that may still come. *inherited*: what it found.
    """

    def __init__(self, inherited: Mapping[str, str]) -> None:
        self.inherited = dict(inherited)
        """By object, the version that a write of an earlier term was bound to, unless it is void."""
        self._open: dict[str, str] = {}
        self._told: dict[str, str] = {}
        """What stands in the Lease, however its write that is under way ends."""

    def open(self, key: str, version: str) -> None:
        """A write of *key*, bound to *version*, is to be sent once it `may` be."""
        self._open[key] = version

    def may(self, key: str, version: str) -> bool:
        """Whether it may be sent: the Lease tells of it, or it is void already."""
        return self._told.get(key) == version or self._open.get(key) != version

    def close(self, key: str) -> None:
        """No write of ours of *key* will be applied any more."""
        self._open.pop(key, None)

    def void(self, key: str) -> None:
        """No write of an earlier term of *key* will be applied any more."""
        self.inherited.pop(key, None)

    @property
    def untold(self) -> bool:
        """Whether some write waits for the Lease to tell of it."""
        return any(self._told.get(key) != version for key, version in self._open.items())

    def telling(self, is_bound: Callable[[str, str], bool]) -> dict[str, str]:
        """What the Lease is to tell of now: what is open. Until it is `told`, less may be sent.

        *is_bound(key, version)* is False where *key* is past *version*, so that a write to it is void.
        """
        self._open = {key: version for key, version in self._open.items() if is_bound(key, version)}
        self._told = {key: version for key, version in self._told.items() if self._open.get(key) == version}
        return dict(self._open)

    def told(self, told: Mapping[str, str]) -> None:
        """The Lease tells of *told* now."""
        self._told = dict(told)


def written_down(lease: Lease) -> dict[str, str]:
    """The writes that *lease* tells of. What nobody of us wrote there is passed over.

    It must not be asked about: the API server has no clear answer to it, for which a new leader would wait.
    """
    found = (_TOLD.fullmatch(each) for each in lease.metadata.annotations.get(WRITING, "").split())
    return {each["key"]: each["version"] for each in found if each is not None}


def claim(lease: Lease | None, identity: str, term: str, timing: Timing, at: str) -> dict[str, Any]:
    """The merge patch, or the new object, by which *identity* claims the Lease for *term*, at the time *at*.

    What the Lease tells of writes stays.
    """
    before = lease.spec.lease_transitions or 0 if lease is not None else -1
    before = before if before < MOST_TRANSITIONS else -1
    return {
        "metadata": {"annotations": {TERM: term}, **_bound(lease)},
        "spec": {
            "holderIdentity": identity,
            "leaseDurationSeconds": max(1, round(timing.lease_duration)),
            "acquireTime": at,
            "renewTime": at,
            "leaseTransitions": before + 1,
        },
    }


def renewal(lease: Lease, writes: Mapping[str, str], at: str) -> dict[str, Any]:
    """The merge patch by which the holder renews *lease*, and tells of *writes*."""
    return {
        "metadata": {"annotations": {WRITING: _written(writes)}, **_bound(lease)},
        "spec": {"renewTime": at},
    }


def release(lease: Lease, writes: Mapping[str, str], at: str) -> dict[str, Any]:
    """The merge patch by which the holder gives *lease* up."""
    return {**renewal(lease, writes, at), "spec": {"renewTime": at, "holderIdentity": None}}


def _written(writes: Mapping[str, str]) -> str | None:
    return " ".join(f"{key}={version}" for key, version in writes.items()) or None


def _bound(lease: Lease | None) -> dict[str, str]:
    return {"resourceVersion": lease.metadata.resource_version} if lease is not None else {}
