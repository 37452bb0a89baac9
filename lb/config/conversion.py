"""BGPPeers from one version of their API into the other.

v1beta2 says more than v1beta1. What v1beta1 has no place for goes along in an annotation and comes back from
it, so that a peer that is read, edited and written as v1beta1 loses nothing. Where annotation and fields
contradict each other, the fields win: somebody has written them since.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Raw

from lb.api import bgp_peer, bgp_peer_v1beta1
from lb.api.custom_resource import GROUP
from lb.api.extension import FIELDS_OF_V1BETA2
from lb.api.meta import Operator
from lb.config.rejection import Reference, Rejection

Object = dict[str, Any]
"""A JSON object."""
V1BETA1: Final = f"{GROUP}/{bgp_peer_v1beta1.VERSION}"
V1BETA2: Final = f"{GROUP}/{bgp_peer.VERSION}"

_SHARED: Final = {each.encode_name for each in msgspec.structs.fields(bgp_peer_v1beta1.BGPPeerSpec)}
_OF_V1BETA2: Final = {
    each.encode_name: each
    for each in msgspec.structs.fields(bgp_peer.BGPPeerSpec)
    if each.encode_name not in _SHARED
}
_ABSENT: Final = {"peerASN": 0, "peerAddress": "", "peerPort": 0}
"""What v1beta1 says where v1beta2 says nothing."""
_LEAVES_NO_ROOM: Final = {"peerASN": "dynamicASN", "peerAddress": "interface", "password": "passwordSecret"}
_WITHOUT_VALUES: Final = (Operator.EXISTS, Operator.DOES_NOT_EXIST)


def convert(peer: Raw, api_version: str) -> Raw | Rejection:
    """*peer*, a BGPPeer in JSON and of either version, in the version that *api_version* names.

    Nothing but its spec and one annotation changes, and what is wrong with the spec is not judged here: only
    what is no object, and a version that we do not know, is rejected.
    """
    try:
        item = msgspec.json.decode(peer, type=Object)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Rejection(
            Reference(bgp_peer.KIND, "?"), "apiVersion", None, f"this is no object ({error})", "Write one."
        )
    change = _CHANGES.get(f"{item.get('apiVersion')} to {api_version}")
    if change is None:
        reason = f"it cannot be converted into {api_version}"
        return Rejection(_reference(item), "apiVersion", item.get("apiVersion"), reason, f"Use {V1BETA2}.")
    return Raw(msgspec.json.encode({**change(item), "apiVersion": api_version}))


def _reference(item: Object) -> Reference:
    metadata = _object(item.get("metadata"))
    return Reference(bgp_peer.KIND, str(metadata.get("name", "?")), str(metadata.get("namespace", "")))


def _unchanged(item: Object) -> Object:
    return item


def _to_v1beta2(item: Object) -> Object:
    spec, annotations = _object(item.get("spec")), _annotations(item)
    said = {name: value for name, value in spec.items() if name not in _ABSENT or value != _ABSENT[name]}
    kept = _remembered(annotations.pop(FIELDS_OF_V1BETA2, None))
    for written, gone in _LEAVES_NO_ROOM.items():
        if said.get(written):
            kept.pop(gone, None)
    return _with(item, {**kept, **_with_requirements(said, _without_values)}, annotations)


def _to_v1beta1(item: Object) -> Object:
    spec, annotations = _object(item.get("spec")), _annotations(item)
    said = {name: value for name, value in spec.items() if name in _SHARED}
    kept = {name: value for name, value in spec.items() if _is_to_be_kept(name, value)}
    annotations.pop(FIELDS_OF_V1BETA2, None)
    if kept:
        annotations[FIELDS_OF_V1BETA2] = msgspec.json.encode(kept, order="deterministic").decode()
    required = {"peerASN": _ABSENT["peerASN"], "peerAddress": _ABSENT["peerAddress"]}
    return _with(item, {**required, **_with_requirements(said, _with_values)}, annotations)


_CHANGES: Final = {
    f"{V1BETA1} to {V1BETA2}": _to_v1beta2,
    f"{V1BETA2} to {V1BETA1}": _to_v1beta1,
    f"{V1BETA1} to {V1BETA1}": _unchanged,
    f"{V1BETA2} to {V1BETA2}": _unchanged,
}


def _is_to_be_kept(name: str, value: object) -> bool:
    return name in _OF_V1BETA2 and value != _OF_V1BETA2[name].default


def _remembered(text: object) -> Object:
    """The fields of v1beta2 in *text*, JSON that anybody may have edited: what does not fit is left out."""
    try:
        fields = msgspec.json.decode(text if isinstance(text, str) else "{}", type=dict[str, Raw])
    except (msgspec.DecodeError, RecursionError):
        return {}
    return {name: msgspec.json.decode(value) for name, value in fields.items() if _fits(name, value)}


def _fits(name: str, value: Raw) -> bool:
    try:
        return name in _OF_V1BETA2 and msgspec.json.decode(value, type=_OF_V1BETA2[name].type) is not None
    except (msgspec.DecodeError, RecursionError):
        return False


def _with(item: Object, spec: Object, annotations: Object) -> Object:
    metadata = {name: value for name, value in _object(item.get("metadata")).items() if name != "annotations"}
    if annotations:
        metadata["annotations"] = annotations
    return {**item, "metadata": metadata, "spec": spec}


def _annotations(item: Object) -> Object:
    return dict(_object(_object(item.get("metadata")).get("annotations")))


def _object(value: object) -> Object:
    return value if isinstance(value, dict) else {}


def _with_requirements(spec: Object, change: Callable[[Object], Object]) -> Object:
    """*spec* with each requirement of its node selectors changed."""
    if not isinstance(spec.get("nodeSelectors"), list):
        return spec
    selectors = [
        {**each, "matchExpressions": [change(_object(one)) for one in each["matchExpressions"]]}
        if isinstance(_object(each).get("matchExpressions"), list)
        else each
        for each in spec["nodeSelectors"]
    ]
    return {**spec, "nodeSelectors": selectors}


def _without_values(requirement: Object) -> Object:
    # v1beta1 wants a value even where none has a meaning.
    if requirement.get("operator") not in _WITHOUT_VALUES:
        return requirement
    return {name: value for name, value in requirement.items() if name != "values"}


def _with_values(requirement: Object) -> Object:
    none = [""] if requirement.get("operator") in _WITHOUT_VALUES else []
    return {**requirement, "values": requirement.get("values") or none}
