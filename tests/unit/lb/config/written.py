"""Objects as a person writes them, for the tests of this folder."""

from msgspec import Raw, json
from msgspec.structs import replace

from lb.api import bfd_profile, bgp_advertisement, bgp_peer, community, ip_address_pool, l2_advertisement
from lb.api.custom_resource import CustomResource
from lb.api.meta import ObjectMeta
from lb.api.namespace import Namespace
from lb.api.node import Node, NodeAddress, NodeSpec, NodeStatus
from lb.api.secret import BASIC_AUTH, PASSWORD, Secret
from lb.config.config import EMPTY
from lb.config.parser import parse
from lb.config.resources import FIELD_OF, Resources

OURS = "metallb-system"
OLD, NEW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
POOL, L2, BGP = ip_address_pool.KIND, l2_advertisement.KIND, bgp_advertisement.KIND
PEER, BFD, COMMUNITY = bgp_peer.KIND, bfd_profile.KIND, community.KIND


def metadata(name, born=OLD, labels=None, annotations=None, namespace=OURS):
    return ObjectMeta(
        name=name,
        namespace=namespace,
        creation_timestamp=born,
        labels=labels or {},
        annotations=annotations or {},
    )


def resource(name, spec, **meta):
    """An object with *spec*, whatever its kind."""
    return CustomResource(metadata(name, **meta), Raw(json.encode(spec)))


def with_metadata(each, **changed):
    return replace(each, metadata=replace(each.metadata, **changed))


def pool(name, *addresses, born=OLD, labels=None, annotations=None, **spec):
    return resource(name, {"addresses": addresses, **spec}, born=born, labels=labels, annotations=annotations)


def peer(name="tor", born=OLD, annotations=None, **spec):
    """A BGPPeer; what is None is left out of what it usually says."""
    usual = {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1"}
    said = {key: value for key, value in (usual | spec).items() if value is not None}
    return resource(name, said, born=born, annotations=annotations)


def advertisement(name, born=OLD, **spec):
    """An L2Advertisement or a BGPAdvertisement."""
    return resource(name, spec, born=born)


def community_of(name, born=OLD, **values):
    """A Community object that gives *values* their names."""
    aliases = [{"name": alias, "value": value} for alias, value in values.items()]
    return resource(name, {"communities": aliases}, born=born)


def node(name, address=None, pod_cidr=None, **labels):
    return Node(
        ObjectMeta(name=name, labels=labels),
        NodeStatus(addresses=(NodeAddress("InternalIP", address),) if address else ()),
        NodeSpec((pod_cidr,) if pod_cidr else ()),
    )


def namespace(name, **labels):
    return Namespace(ObjectMeta(name=name, labels=labels))


def secret(name, password=b"open sesame", type_=BASIC_AUTH, key=PASSWORD):
    return Secret(ObjectMeta(name=name, namespace=OURS), type_, {key: password})


def resources(**of):
    """Resources of the objects *of* each kind."""
    return Resources(**{name: each if isinstance(each, dict) else tuple(each) for name, each in of.items()})


def parsed(last_good=EMPTY, memory=None, **of):
    return parse(resources(**of), last_good, memory)


def good(**of):
    """What is in force of objects that are right."""
    found = parsed(**of)
    assert found.rejections == ()
    return found.config


def rejections(last_good=EMPTY, **of):
    """All that is wrong, as a person reads it."""
    return [str(each) for each in parsed(last_good, **of).rejections]


def cautions(**of):
    """All that is told about objects that are right."""
    found = parsed(**of)
    assert found.rejections == ()
    return [str(each) for each in found.cautions]


def in_force(config, kind):
    """The names of the objects of *kind* in *config*."""
    return list(getattr(config, FIELD_OF[kind]))
