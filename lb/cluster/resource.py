"""Which kinds of object we speak about with the API server, and where each lives there.

Source: Kubernetes API concepts, "Resource URIs". Which objects are wanted of a kind is the caller's to say.
"""

import re
from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import quote

from msgspec import Struct

from lb.api import (
    bfd_profile,
    bgp_advertisement,
    bgp_peer,
    community,
    configuration_state,
    custom_resource,
    ip_address_pool,
    l2_advertisement,
)
from lb.api.config_map import ConfigMap
from lb.api.configuration_state import ConfigurationState
from lb.api.custom_resource import CustomResource
from lb.api.endpoint_slice import EndpointSlice
from lb.api.lease import Lease
from lb.api.meta import ObjectMeta, Value
from lb.api.namespace import Namespace
from lb.api.node import Node
from lb.api.secret import Secret
from lb.api.service import Service
from lb.api.service_cidr import ServiceCIDR
from lb.api.webhook import CustomResourceDefinition, ValidatingWebhookConfiguration


class KubernetesObject(Protocol):
    """Anything that carries the metadata of a Kubernetes object."""

    @property
    def metadata(self) -> ObjectMeta:
        """Its name, version, labels and so on."""


class Partial(Value, frozen=True):
    """An object of which only the metadata matters."""

    metadata: ObjectMeta


T_co = TypeVar("T_co", bound=KubernetesObject, covariant=True)


class Resource(Struct, Generic[T_co], frozen=True):
    """A kind as the API server serves it, and the type that its objects are decoded into."""

    group: str
    version: str
    plural: str
    kind: str
    type: type[T_co]

    @property
    def api_version(self) -> str:
        """As in the object's `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of one object (with *name*), or of all in *namespace*, or in the cluster."""
        parts = ["apis" if self.group else "api", self.api_version]
        parts += ["namespaces", quote(namespace, safe="")] if namespace else []
        parts += [self.plural]
        parts += [quote(part, safe="") for part in (name, subresource) if part]
        return "/" + "/".join(parts)


class Selection(Struct, frozen=True):
    """Which objects of a kind are wanted. Empty: all. Selectors as in `kubectl get`."""

    namespace: str = ""
    field_selector: str = ""
    label_selector: str = ""

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of a list or watch request."""
        asked = {"fieldSelector": self.field_selector, "labelSelector": self.label_selector}
        return {name: selector for name, selector in asked.items() if selector}


EVERYTHING = Selection()


def key_of(subject: KubernetesObject) -> str:
    """`namespace/name`, or `name` for an object that lives in no namespace."""
    metadata = subject.metadata
    return f"{metadata.namespace}/{metadata.name}" if metadata.namespace else metadata.name


def named(name: str) -> str:
    """The field selector of the one object of this name; RBAC by `resourceNames` allows it."""
    return "metadata.name=" + re.sub(r"([\\,=])", r"\\\1", name)


def _custom(module: Any) -> Resource[CustomResource]:
    return Resource(custom_resource.GROUP, module.VERSION, module.PLURAL, module.KIND, CustomResource)


SERVICES = Resource("", "v1", "services", "Service", Service)
NODES = Resource("", "v1", "nodes", "Node", Node)
SECRETS = Resource("", "v1", "secrets", "Secret", Secret)
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap", ConfigMap)
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease", Lease)
EVENTS = Resource("", "v1", "events", "Event", Partial)
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", Namespace)
SERVICE_CIDRS = Resource("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", ServiceCIDR)
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", EndpointSlice)
VALIDATING_WEBHOOK_CONFIGURATIONS = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    ValidatingWebhookConfiguration,
)
CUSTOM_RESOURCE_DEFINITIONS = Resource(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    CustomResourceDefinition,
)
IP_ADDRESS_POOLS = _custom(ip_address_pool)
L2_ADVERTISEMENTS = _custom(l2_advertisement)
BGP_ADVERTISEMENTS = _custom(bgp_advertisement)
BGP_PEERS = _custom(bgp_peer)
BFD_PROFILES = _custom(bfd_profile)
COMMUNITIES = _custom(community)
CONFIGURATION_STATES = Resource(
    custom_resource.GROUP,
    configuration_state.VERSION,
    configuration_state.PLURAL,
    configuration_state.KIND,
    ConfigurationState,
)
