"""The structural schema (apiextensions/v1 JSONSchemaProps) of a type of this room, and the CRD around it.

What the Kubernetes API calls structural: no references, no nulls, no `additionalProperties: false`. Only
defaults that are marked `lb.api.meta.STATED` are stated, as MetalLB does.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from lb.api.custom_resource import GROUP
from lb.api.kinds import Kind, Version
from lb.api.meta import IS_STATED
from lb.api.rule import VALIDATIONS, Rule

Schema = dict[str, Any]
KEPT = (
    *("type", "description", "format", "enum", "pattern", VALIDATIONS),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "required"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"),
)
WEBHOOK = {"name": "metallb-webhook-service", "namespace": "metallb-system", "path": "/convert", "port": 443}


def schema_of(kind: type[Struct]) -> Schema:
    """The structural schema of *kind*."""
    (reference,), definitions = msgspec.json.schema_components([kind], ref_template="{name}")
    return _structural(reference, definitions)


def _structural(node: Schema, definitions: dict[str, Schema]) -> Schema:
    if "$ref" in node:
        return _merged(_structural(definitions[node["$ref"]], definitions), node)
    if "anyOf" in node:
        (meant,) = [each for each in node["anyOf"] if each.get("type") != "null"]
        return _structural({**meant, **{name: node[name] for name in node if name != "anyOf"}}, definitions)
    inside = {
        name: _structural(node[name], definitions)
        for name in ("items", "additionalProperties")
        if isinstance(node.get(name), dict)
    }
    properties = {name: _structural(each, definitions) for name, each in node.get("properties", {}).items()}
    return _merged({**inside, "properties": properties}, node)


def _merged(below: Schema, node: Schema) -> Schema:
    """*below* with the words of *node* that a CRD may have; None takes a word away."""
    own = {name: node[name] for name in KEPT if name in node}
    if own.get("enum"):
        own["type"] = "string"
    if node.get(IS_STATED):
        own["default"] = node["default"]
    return {name: each for name, each in {**own, **below, **own}.items() if each not in (None, [], {})}


def custom_resource_definition(kind: Kind) -> Schema:
    """The CustomResourceDefinition (apiextensions.k8s.io/v1) of *kind*: namespaced, its status apart."""
    *others, stored = kind.versions
    names = {
        "kind": kind.name,
        "listKind": f"{kind.name}List",
        "plural": kind.plural,
        "singular": kind.name.lower(),
    }
    versions = [_version(kind, each, stored=each is stored) for each in kind.versions]
    spec = {"group": GROUP, "names": names, "scope": "Namespaced", "versions": versions}
    if others:
        # The controller adds the certificate to trust (`caBundle`).
        webhook = {"clientConfig": {"service": WEBHOOK}, "conversionReviewVersions": ["v1"]}
        spec["conversion"] = {"strategy": "Webhook", "webhook": webhook}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": spec,
    }


def _version(kind: Kind, version: Version, *, stored: bool) -> Schema:
    deprecated = {"deprecated": True, "deprecationWarning": version.deprecation}
    columns = [
        {"name": name, "jsonPath": path, "type": of, **({"priority": priority} if priority else {})}
        for name, path, of, priority in version.columns
    ]
    return {
        "name": version.name,
        "served": True,
        "storage": stored,
        **(deprecated if version.deprecation else {}),
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": _object(kind.description, version)},
        **({"additionalPrinterColumns": columns} if columns else {}),
    }


def _object(description: str, version: Version) -> Schema:
    properties: Schema = {
        "apiVersion": {"type": "string", "description": "Group and version of the object's form."},
        "kind": {"type": "string", "description": "Kind of the object."},
        "metadata": {"type": "object"},
    }
    if version.spec is not None:
        properties["spec"] = _with_rules(schema_of(version.spec), version.rules)
    properties["status"] = schema_of(version.status)
    required = {"required": ["spec"]} if "required" in properties.get("spec", {}) else {}
    return {"type": "object", "description": description, "properties": properties, **required}


def _with_rules(schema: Schema, rules: Iterable[Rule]) -> Schema:
    return {**schema, **({VALIDATIONS: msgspec.to_builtins(list(rules))} if rules else {})}
