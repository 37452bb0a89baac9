"""The spec of one custom resource, decoded strictly: one typed value, or a rejection that names the field."""

import re
from difflib import get_close_matches
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from lb.config.rejection import Reference, Rejection

Spec = TypeVar("Spec", bound=Struct)
UNKNOWN_FIELD = re.compile(
    r"Object contains unknown field `(?P<field>.*?)`(?: - at `\$\.?(?P<path>.*)`)?$", re.S
)
PLAIN = re.compile(r"(?P<reason>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.S)


def decode(reference: Reference, spec: Raw, kind: type[Spec]) -> Spec | Rejection:
    """*spec*, the JSON of a custom resource's `spec`, as *kind*."""
    try:
        return msgspec.json.decode(spec, type=kind)
    except msgspec.DecodeError as error:
        return _rejection(reference, spec, kind, str(error))


def _rejection(reference: Reference, spec: Raw, kind: type[Spec], message: str) -> Rejection:
    unknown = UNKNOWN_FIELD.match(message)
    if unknown is not None:
        path = _join(unknown["path"] or "", unknown["field"])
        return Rejection(reference, f"spec.{path}", _value_at(spec, path), *_unknown(unknown["field"], kind))
    plain = PLAIN.match(message)
    path = (plain and plain["path"]) or ""
    reason = plain["reason"] if plain else message
    field = _join("spec", path)
    explained = re.sub(r"\[[^]]*]", "", field)
    remedy = f"See `kubectl explain {reference.kind.lower()}.{explained}`."
    return Rejection(reference, field, _value_at(spec, path), reason[:1].lower() + reason[1:], remedy)


def _unknown(name: str, kind: type[Struct]) -> tuple[str, str]:
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    close = get_close_matches(name, known, n=1)
    meant = (
        f"Write {close[0]}, if that is meant, or remove it." if close else "Remove it or correct its name."
    )
    return "the field is unknown", meant


def _join(path: str, name: str) -> str:
    if not path or not name:
        return path or name
    return f"{path}{name}" if name.startswith("[") else f"{path}.{name}"


def _value_at(spec: Raw, path: str) -> object:
    """What stands at *path* (`a.b[1].c`); None where it is absent or the path has a key that is not shown."""
    try:
        value = msgspec.json.decode(spec)
        for step in re.findall(r"[^.\[\]]+", path):
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (msgspec.DecodeError, KeyError, IndexError, ValueError, TypeError):
        return None
    return value
