"""The spec of one custom resource, decoded strictly: one typed value, or a rejection that names the field."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct, inspect

from lb.api.custom_resource import CustomResource
from lb.config.rejection import JSON, Reference, Rejection, named

Spec = TypeVar("Spec", bound=Struct)
FIELD = re.compile(r"Object (?P<fault>contains unknown|missing required) field `(?P<name>.*)`", re.S)
SECRET = "password"
STEP = re.compile(r"[^.\[\]]+")


def decode(reference: Reference, spec: Raw, kind: type[Spec]) -> Spec | tuple[Rejection, ...]:
    """*spec*, the JSON of a custom resource's `spec`, as *kind*; or what is wrong in each of its fields."""
    try:
        return msgspec.json.decode(spec, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return tuple(_of_each_field(reference, spec, kind)) or (
            _rejection(reference, spec, kind, str(error)),
        )


def mentions(each: CustomResource, field: str) -> bool:
    """Whether a *field* stands in the spec of *each*. May be wrongly true."""
    spec = bytes(each.spec)
    return field.encode() in spec or b"\\" in spec


def _of_each_field(reference: Reference, spec: Raw, kind: type[Struct]) -> Iterator[Rejection]:
    """What is wrong in the fields of *spec*, of each the first fault; nothing where *spec* cannot be read."""
    try:
        given = msgspec.json.decode(spec, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    known = {each.encode_name: each for each in msgspec.structs.fields(kind)}
    for name, value in given.items():
        if name not in known:
            yield _rejection(reference, spec, kind, f"Object contains unknown field `{name}`")
            continue
        try:
            msgspec.convert(value, known[name].type)
        except msgspec.ValidationError as error:
            what, _, place = str(error).partition(" - at `$")
            yield _rejection(reference, spec, kind, f"{what} - at `$.{name}{place or '`'}")
    for name, each in known.items():
        if each.required and name not in given:
            yield _rejection(reference, spec, kind, f"Object missing required field `{name}`")


def _rejection(reference: Reference, spec: Raw, kind: type[Spec], message: str) -> Rejection:
    # msgspec tells the place in its message only: "Expected `str`, got `int` - at `$.addresses[0]`".
    what, _, place = message.partition(" - at `$")
    path = place.removeprefix(".").removesuffix("`")
    steps = STEP.findall(path)
    faulty = FIELD.fullmatch(what)
    if faulty is None:
        field, reason = _join("spec", path), named(what[:1].lower() + what[1:])
        value = None if _is_secret(kind, steps) else _value_at(spec, steps)
        return Rejection(reference, field, value, reason, _look_up(reference, field))
    field = _join("spec", path, named(faulty["name"]))
    if faulty["fault"] == "missing required":
        return Rejection(reference, field, None, "the field is missing", _look_up(reference, field))
    steps.append(faulty["name"])
    # Where there is a field for a password, an unknown one may be it, misspelt.
    value = None if _has_secret(kind) else _value_at(spec, steps)
    return Rejection(reference, field, value, "the field is unknown", _meant(kind, steps))


def _is_secret(kind: type[Struct], steps: list[str]) -> bool:
    return _has_secret(kind) and (not steps or steps[0].startswith(SECRET))


def _has_secret(kind: type[Struct]) -> bool:
    return SECRET in kind.__struct_encode_fields__


def _look_up(reference: Reference, field: str) -> str:
    explained = re.sub(r"\[[^]]*]", "", field)
    return f"See `kubectl explain {reference.kind.lower()}.{explained}`."


def _meant(kind: type[Struct], steps: list[str]) -> str:
    close = get_close_matches(steps[-1], _known(kind, steps[:-1]), n=1)
    return f"Write {close[0]}, if that is meant, or remove it." if close else "Remove it or correct its name."


def _known(kind: type[Struct], steps: list[str]) -> list[str]:
    """The names that a field may have in the object at *steps* of a *kind*."""
    place = _object_in(inspect.type_info(kind))
    for step in steps:
        if place is not None and not step.isdecimal():
            place = next((_object_in(each.type) for each in place.fields if each.encode_name == step), None)
    return [each.encode_name for each in place.fields] if place is not None else []


def _object_in(kind: inspect.Type) -> inspect.StructType | None:
    """The object that a value of *kind* is, may be, or is a list of."""
    match kind:
        case inspect.StructType():
            return kind
        case inspect.Metadata(type=inner) | inspect.VarTupleType(item_type=inner):
            return _object_in(inner)
        case inspect.UnionType(types=types):
            return next(filter(None, map(_object_in, types)), None)
    return None


def _join(*names: str | None) -> str:
    return ".".join(name for name in names if name)


def _value_at(spec: Raw, steps: list[str]) -> JSON:
    """What stands at *steps* of *spec*; None where it cannot be told."""
    try:
        value = msgspec.json.decode(spec)
        for step in steps:
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return value
