"""All objects that a configuration is read from, as of one moment."""

from collections.abc import Callable, Mapping

from msgspec import Struct, field, json
from msgspec.structs import replace

from lb.api import bfd_profile, bgp_advertisement, bgp_peer, community, ip_address_pool, l2_advertisement
from lb.api.custom_resource import CustomResource
from lb.api.namespace import Namespace
from lb.api.node import Node
from lb.api.secret import Secret
from lb.api.service_cidr import ServiceCIDR
from lb.config.ranges import AddressRange
from lb.config.rejection import Reference, Rejection

Objects = tuple[CustomResource, ...]
FIELD_OF = {
    ip_address_pool.KIND: "pools",
    l2_advertisement.KIND: "l2_advertisements",
    bgp_advertisement.KIND: "bgp_advertisements",
    bgp_peer.KIND: "peers",
    bfd_profile.KIND: "bfd_profiles",
    community.KIND: "communities",
}
"""By kind, the field of `Resources` that holds its objects."""


class Resources(Struct, frozen=True):
    """The custom resources of our namespace, and what else of the cluster bears on what they mean.

    `secrets` by name are those of our namespace that BGPPeers name, None for one that has not been read yet;
    all of it None where the reader may not see any.
    `subnets` are those that each node's interfaces are on, by node, as far as their speakers told.
    """

    pools: Objects = ()
    l2_advertisements: Objects = ()
    bgp_advertisements: Objects = ()
    peers: Objects = ()
    bfd_profiles: Objects = ()
    communities: Objects = ()
    nodes: tuple[Node, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    secrets: Mapping[str, Secret | None] | None = None
    service_cidrs: tuple[ServiceCIDR, ...] = ()
    subnets: Mapping[str, tuple[AddressRange, ...]] = field(default_factory=dict)


def gathered(of: Callable[[str], Objects]) -> Resources:
    """The objects of each kind, as *of* gives them, and nothing else."""
    return replace(Resources(), **{name: of(kind) for kind, name in FIELD_OF.items()})


def objects_of(resources: Resources, kind: str) -> Objects:
    """The objects of *kind* in *resources*."""
    found: Objects = getattr(resources, FIELD_OF[kind])
    return found


def with_object(resources: Resources, kind: str, name: str, new: CustomResource | None) -> Resources:
    """*resources* with *new* in place of the object of *kind* called *name*; None: none."""
    others = tuple(each for each in objects_of(resources, kind) if each.metadata.name != name)
    return replace(resources, **{FIELD_OF[kind]: others if new is None else (*others, new)})


def each_once(resources: Resources) -> tuple[Resources, list[Rejection]]:
    """*resources* with each name once in each kind, and what is wrong with the others.

    The API server knows no two; a person who hands us files may.
    """
    twice: list[Rejection] = []
    unique: dict[str, Objects] = {}
    for kind, field_name in FIELD_OF.items():
        objects = objects_of(resources, kind)
        if len({each.metadata.name for each in objects}) < len(objects):
            unique[field_name], wrong = _unique(kind, objects)
            twice += wrong
    return (replace(resources, **unique) if unique else resources), twice


def _unique(kind: str, objects: Objects) -> tuple[Objects, list[Rejection]]:
    first: dict[str, CustomResource] = {}
    twice: list[Rejection] = []
    for each in sorted(objects, key=_age):
        name = each.metadata.name
        if first.setdefault(name, each) is not each:
            reference = Reference(kind, name, each.metadata.namespace)
            reason = f"there is another {kind} of this name"
            twice.append(Rejection(reference, "metadata.name", name, reason, "Give it a name of its own."))
    return tuple(first.values()), twice


def _age(each: CustomResource) -> tuple[str, bytes]:
    """The older before the younger, and those of one second in some order that depends on them alone."""
    return each.metadata.creation_timestamp, json.encode(each, order="deterministic")
