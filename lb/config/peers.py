"""BGPPeers: which are accepted, and what is wrong with the others."""

from collections.abc import Collection, Iterable, Iterator
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

from msgspec import Struct

from lb.api.bgp_peer import KIND, BGPPeerSpec, DynamicASN
from lb.api.custom_resource import CustomResource
from lb.api.secret import BASIC_AUTH, PASSWORD, Secret
from lb.config.l2_advertisements import faulty_interface
from lb.config.memory import Memory
from lb.config.peer import BFDProfile, Password, Peer, Timers
from lb.config.ranges import Address, parse_address
from lb.config.rejection import Reference, Rejection, named
from lb.config.selectors import Labels, faulty_selectors
from lb.config.seniority import reference_to
from lb.config.spec import decode
from lb.config.timers import read_timers


class NoSecret(Enum):
    """Why there is no Secret to look into."""

    UNSEEN = "none is referred to, or the reader may not see any"
    ABSENT = "there is none of this name"
    UNREAD = "it has not been read yet"


class PeerText(Struct, frozen=True):
    """A BGPPeer that is right by itself; what it refers to has not been looked up."""

    reference: Reference
    spec: BGPPeerSpec
    timers: Timers

    @property
    def secret(self) -> str:
        """The name of the Secret that it refers to, or ""."""
        return self.spec.password_secret.name if self.spec.password_secret is not None else ""


def read_peer(each: CustomResource) -> PeerText | tuple[Rejection, ...]:
    """What *each* says by itself."""
    reference = reference_to(KIND, each)
    spec = decode(reference, each.spec, BGPPeerSpec)
    if isinstance(spec, tuple):
        return spec
    timers = read_timers(reference, spec)
    wrong = [
        *_faulty_numbers(reference, spec),
        *_faulty_addresses(reference, spec),
        *(timers if isinstance(timers, tuple) else ()),
        *faulty_selectors(reference, "spec.nodeSelectors", spec.node_selectors),
        *_faulty_password(reference, spec),
    ]
    return tuple(wrong) if wrong or isinstance(timers, tuple) else PeerText(reference, spec, timers)


def _faulty_numbers(reference: Reference, spec: BGPPeerSpec) -> Iterator[Rejection]:
    if spec.my_asn == 0:
        remedy = "Write the AS number of this cluster, such as 64512."
        yield Rejection(reference, "spec.myASN", 0, "AS number 0 is reserved (RFC 7607)", remedy)
    if not spec.peer_asn and spec.dynamic_asn is None:
        reason = "neither it nor spec.dynamicASN is set"
        remedy = "Write the AS number of the peer, or dynamicASN: internal or external."
        yield Rejection(reference, "spec.peerASN", spec.peer_asn, reason, remedy)
    if spec.peer_asn and spec.dynamic_asn is not None:
        reason = f"spec.peerASN is set as well, to {spec.peer_asn}"
        yield Rejection(reference, "spec.dynamicASN", spec.dynamic_asn, reason, "Keep one of the two.")
    if spec.ebgp_multi_hop and (spec.peer_asn == spec.my_asn or spec.dynamic_asn is DynamicASN.INTERNAL):
        reason = "the peer is of our own AS, and sessions within an AS may always be multi-hop"
        yield Rejection(reference, "spec.ebgpMultiHop", True, reason, "Remove it.")


def _faulty_addresses(reference: Reference, spec: BGPPeerSpec) -> Iterator[Rejection]:
    if not spec.peer_address and not spec.interface:
        reason = "neither it nor spec.interface is set"
        yield Rejection(reference, "spec.peerAddress", "", reason, "Write the IP address of the peer.")
    if spec.peer_address and spec.interface:
        reason = f"spec.peerAddress is set as well, to {named(spec.peer_address)}"
        yield Rejection(reference, "spec.interface", spec.interface, reason, "Keep one of the two.")
    if spec.interface:
        yield from faulty_interface(reference, "spec.interface", spec.interface)
    if spec.vrf:
        yield from faulty_interface(reference, "spec.vrf", spec.vrf)
    peer, source = parse_address(spec.peer_address), parse_address(spec.source_address)
    for path, text, address in (
        ("spec.peerAddress", spec.peer_address, peer),
        ("spec.sourceAddress", spec.source_address, source),
    ):
        if text and address is None:
            remedy = "Write one, such as 192.0.2.1 or 2001:db8::1."
            yield Rejection(reference, path, text, "this is no IP address", remedy)
        elif address is not None and (address.is_multicast or address.is_unspecified):
            yield Rejection(reference, path, text, "no host has this address", "Write the address of a host.")
        elif isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            reason = "it is an IPv4 address, mapped into IPv6"
            yield Rejection(reference, path, text, reason, f"Write {address.ipv4_mapped}.")
    if peer is not None and source is not None and peer.version != source.version:
        reason = f"it is IPv{source.version}, and spec.peerAddress is IPv{peer.version}"
        remedy = "Write both in one family."
        yield Rejection(reference, "spec.sourceAddress", spec.source_address, reason, remedy)
    identifier = parse_address(spec.router_id)
    if spec.router_id and (not isinstance(identifier, IPv4Address) or int(identifier) == 0):
        reason = "a BGP Identifier is written as an IPv4 address, and is not 0.0.0.0 (RFC 6286)"
        yield Rejection(reference, "spec.routerID", spec.router_id, reason, "Write one, such as 192.0.2.1.")


def _faulty_password(reference: Reference, spec: BGPPeerSpec) -> Iterator[Rejection]:
    secret = spec.password_secret
    if secret is None or not secret.name:
        return
    if spec.password:
        reason = "spec.password is set as well"
        yield Rejection(reference, "spec.passwordSecret", secret, reason, "Keep one of the two.")
    if secret.namespace not in ("", reference.namespace):
        where, reason = "spec.passwordSecret.namespace", "Secrets of other namespaces are not read"
        remedy = f"Put the Secret into namespace {reference.namespace}."
        yield Rejection(reference, where, secret.namespace, reason, remedy)


def complete_peer(
    each: PeerText | tuple[Rejection, ...],
    profile: BFDProfile | None,
    ipv6_route: str,
    secret: Secret | NoSecret,
) -> Peer | tuple[Rejection, ...]:
    """*each* with what it refers to: *profile* (None where there is none) and *secret*.

    *ipv6_route* says what sends IPv6 routes to it, if its profile uses the Echo function.
    """
    if isinstance(each, tuple):
        return each
    spec = each.spec
    wrong: list[Rejection] = []
    if spec.bfd_profile and profile is None:
        reason = "no BFDProfile of this name is in force"
        remedy = "Create the BFDProfile, mend it where it was refused, or correct the name."
        where = "spec.bfdProfile"
        wrong.append(Rejection(each.reference, where, spec.bfd_profile, reason, remedy, waits=True))
    if ipv6_route:
        reason = f"it has echoMode, which is of IPv4 only, and {ipv6_route}"
        remedy = "Name a profile without echoMode, or leave this peer out by spec.peers."
        wrong.append(Rejection(each.reference, "spec.bfdProfile", spec.bfd_profile, reason, remedy))
    password = Password(spec.password) if spec.password else None
    if each.secret and secret is not NoSecret.UNSEEN:
        found = _password(each, secret)
        if isinstance(found, Rejection):
            wrong.append(found)
        else:
            password = found
    return tuple(wrong) or _peer(each, profile, password)


def _password(each: PeerText, secret: Secret | NoSecret) -> Password | Rejection:
    name = named(f"{each.reference.namespace}/{each.secret}")
    if secret is NoSecret.UNREAD:
        reason, remedy = f"Secret {name} has not been read yet", "Wait, or see the speaker's log for why."
    elif not isinstance(secret, Secret):
        reason = f"there is no Secret {name}"
        what = f"{named(each.secret)} --type={BASIC_AUTH} --from-literal={PASSWORD}=..."
        remedy = f"Create it: kubectl -n {each.reference.namespace} create secret generic {what}"
    elif secret.type != BASIC_AUTH:
        reason = f"Secret {name} is of type {named(secret.type)}, not {BASIC_AUTH}"
        remedy = f"Delete it, and create it anew with --type={BASIC_AUTH}."
    elif not (text := _text(secret.data.get(PASSWORD, b""))):
        reason = f"Secret {name} holds no text under the key {PASSWORD}"
        remedy = f"Put the password there, in UTF-8: stringData.{PASSWORD}."
    else:
        return Password(text)
    return Rejection(each.reference, "spec.passwordSecret.name", each.secret, reason, remedy, waits=True)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ""


def _peer(each: PeerText, profile: BFDProfile | None, password: Password | None) -> Peer:
    spec = each.spec
    return Peer(
        name=each.reference.name,
        my_asn=spec.my_asn,
        asn=spec.peer_asn or None,
        dynamic_asn=spec.dynamic_asn,
        local_asn=spec.local_asn or None,
        address=parse_address(spec.peer_address),
        interface=spec.interface,
        source_address=parse_address(spec.source_address),
        port=spec.peer_port,
        timers=each.timers,
        router_id=parse_address(spec.router_id),
        node_selectors=spec.node_selectors,
        password=password,
        bfd_profile=profile,
        graceful_restart=spec.enable_graceful_restart,
        multi_hop=spec.ebgp_multi_hop,
        vrf=spec.vrf,
        dual_stack=spec.dual_stack_address_family,
    )


Neighbor = tuple[Address | None, str, str]
"""Where a peer is found: its address, interface and VRF."""


class PeerClaims:
    """The sessions of the peers in force: a node has one with each neighbor. Of *nodes*, the labels."""

    @staticmethod
    def are_apart(wanted: Collection[Peer]) -> bool:
        """Whether all of *wanted* are different neighbors."""
        return len({_neighbor(each) for each in wanted}) == len(wanted)

    def __init__(self, nodes: tuple[Labels, ...]) -> None:
        self._nodes = nodes
        self._taken: dict[Neighbor, list[Peer]] = {}

    def collisions(self, reference: Reference, wanted: Peer) -> list[Rejection]:
        """Each peer in force that a node would have a session with in the same place."""
        return [
            _same_neighbor(reference, wanted, other)
            for other in self._taken.get(_neighbor(wanted), ())
            if self._share_a_node(wanted, other)
        ]

    def add(self, accepted: Peer) -> None:
        """*accepted* is in force."""
        self._taken.setdefault(_neighbor(accepted), []).append(accepted)

    def _share_a_node(self, one: Peer, other: Peer) -> bool:
        return not self._nodes or any(one.is_of(labels) and other.is_of(labels) for labels in self._nodes)


def _neighbor(peer: Peer) -> Neighbor:
    return peer.address, peer.interface, peer.vrf


def _same_neighbor(reference: Reference, wanted: Peer, other: Peer) -> Rejection:
    by_address = wanted.address is not None
    where, value = (
        ("spec.peerAddress", str(wanted.address)) if by_address else ("spec.interface", wanted.interface)
    )
    reason = f"BGPPeer {other.name} is the same neighbor, on some of the same nodes"
    remedy = "Remove one of the two, or keep their nodes apart by spec.nodeSelectors."
    return Rejection(reference, where, value, reason, remedy)


def peer_texts(
    peers: Iterable[CustomResource], memory: Memory
) -> dict[str, PeerText | tuple[Rejection, ...]]:
    """What each of *peers* says by itself, by name."""
    return memory.each("text of BGPPeer", {each.metadata.name: (each,) for each in peers}, read_peer)


def secrets_of(peers: Iterable[CustomResource], memory: Memory | None = None) -> frozenset[str]:
    """The names of the Secrets that *peers* refer to. *memory*, that of parsing, saves time only."""
    texts = peer_texts(peers, Memory() if memory is None else memory).values()
    return frozenset(text.secret for text in texts if isinstance(text, PeerText) and text.secret)
