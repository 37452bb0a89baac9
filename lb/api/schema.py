"""The structural schema (apiextensions/v1 JSONSchemaProps) of a type of this room, and the CRD around it.

What the Kubernetes API calls structural: no references, no nulls, no `additionalProperties: false`. Only
defaults that are true or false are stated, as MetalLB does: `kubectl get` shows them in columns.
"""

from typing import Any

import msgspec
from msgspec import Struct

from lb.api.custom_resource import GROUP

Schema = dict[str, Any]
KEPT = ("type", "description", "minimum", "maximum", "format")


Column = tuple[str, str, str, int]
"""A column of `kubectl get`: name, JSON path, type, priority."""


def schema_of(kind: type[Struct]) -> Schema:
    """The structural schema of *kind*."""
    (reference,), definitions = msgspec.json.schema_components([kind], ref_template="{name}")
    return _structural(reference, definitions)


def _structural(node: Schema, definitions: dict[str, Schema]) -> Schema:
    if "$ref" in node:
        referred = _structural(definitions[node["$ref"]], definitions)
        return {**referred, **_kept(node)}
    if "anyOf" in node:
        (meant,) = [each for each in node["anyOf"] if each.get("type") != "null"]
        return {**_structural(meant, definitions), **_kept(node)}
    if "enum" in node:
        return {**_kept(node), "type": "string"}
    inside = {
        "properties": {
            name: _structural(each, definitions) for name, each in node.get("properties", {}).items()
        },
        "items": _structural(node["items"], definitions) if "items" in node else None,
        "additionalProperties": _structural(node["additionalProperties"], definitions)
        if isinstance(node.get("additionalProperties"), dict)
        else None,
        "required": node.get("required"),
    }
    return {**_kept(node), **{name: each for name, each in inside.items() if each}}


def _kept(node: Schema) -> Schema:
    kept = {name: node[name] for name in KEPT if name in node}
    return {**kept, "default": node["default"]} if isinstance(node.get("default"), bool) else kept


def custom_resource_definition(
    kind: str,
    plural: str,
    version: str,
    spec: type[Struct],
    status: type[Struct],
    columns: tuple[Column, ...],
) -> Schema:
    """The CustomResourceDefinition (apiextensions.k8s.io/v1) of *kind*: namespaced, its status apart."""
    wanted = schema_of(spec)
    schema = {
        "type": "object",
        "description": f"{kind} of the group {GROUP}.",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": wanted,
            "status": schema_of(status),
        },
        **({"required": ["spec"]} if "required" in wanted else {}),
    }
    served = {
        "name": version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": [
            {"name": name, "jsonPath": path, "type": kind_of_value, "priority": priority}
            for name, path, kind_of_value, priority in columns
        ],
    }
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [served]},
    }
