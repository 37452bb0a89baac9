"""The objects of one kind as last seen, and what a list or a watch event changes in them.

Without I/O. An object that cannot be read takes nothing away: its last good version stays, and the caller
is told why.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from lb.api.meta import Value
from lb.cluster.resource import KubernetesObject, Resource

T = TypeVar("T", bound=KubernetesObject)


class Change(Struct, Generic[T], frozen=True):
    """*old* is None for an object that is new, *new* is None for one that is gone."""

    key: str
    old: T | None
    new: T | None


class Unreadable(Struct, frozen=True):
    """An object that does not fit its type. *kept*: an earlier version of it is used on."""

    key: str
    resource_version: str
    why: str
    kept: bool


class _Identity(Value, frozen=True):
    name: str = ""
    namespace: str = ""
    resource_version: str = ""

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class _Identified(Value, frozen=True):
    metadata: _Identity = _Identity()


_IDENTIFIED = msgspec.json.Decoder(_Identified)


class Store(Mapping[str, T]):
    """Reads as a mapping from key (`namespace/name`, or `name`) to object."""

    def __init__(self, resource: Resource[T]) -> None:
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(resource.type)
        self._objects: dict[str, T] = {}
        self._unreadable: dict[str, str] = {}
        """The resourceVersion, by key, of what could not be read, so that it is told once."""

    def __getitem__(self, key: str) -> T:
        return self._objects[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._objects)

    def __len__(self) -> int:
        return len(self._objects)

    def put(self, text: Raw) -> Change[T] | Unreadable | None:
        """Take in an object from a list or an ADDED or MODIFIED event. None: nothing that we read differs."""
        seen = bytes(text)  # a copy, so that a spec left undecoded does not keep its whole page in memory
        try:
            new = self._decoder.decode(seen)
        except msgspec.DecodeError as unfit:
            return self._unfit(identify(text), str(unfit))
        key = identify(text).key
        self._unreadable.pop(key, None)
        old = self._objects.get(key)
        self._objects[key] = new
        return Change(key, old, new) if old is None or _differs(old, new) else None

    def drop(self, key: str) -> Change[T] | None:
        """The object is gone. None: it was not known."""
        self._unreadable.pop(key, None)
        old = self._objects.pop(key, None)
        return None if old is None else Change(key, old, None)

    def absent_from(self, listed: set[str]) -> list[str]:
        """The keys that a whole list did not hold."""
        return [key for key in self._objects if key not in listed]

    def _unfit(self, identity: _Identity, why: str) -> Unreadable | None:
        if self._unreadable.get(identity.key) == identity.resource_version:
            return None
        self._unreadable[identity.key] = identity.resource_version
        return Unreadable(identity.key, identity.resource_version, why, identity.key in self._objects)


def identify(text: Raw) -> _Identity:
    """Key and version of any object, however wrong the rest of it is."""
    try:
        return _IDENTIFIED.decode(text).metadata
    except msgspec.DecodeError:
        return _Identity()


def _differs(old: Any, new: Any) -> bool:
    """Whether a field that we read differs; the version alone does not count."""
    metadata = replace(new.metadata, resource_version=old.metadata.resource_version)
    return bool(replace(new, metadata=metadata) != old)
