"""BGP peers and BFD profiles as they were accepted: texts read, times in numbers, references resolved."""

from msgspec import Struct

from lb.api.bgp_peer import DynamicASN
from lb.api.meta import LabelSelector
from lb.config.ranges import Address
from lb.config.selectors import Labels, matches_any


class Password(Struct, frozen=True):
    """The password of a session (TCP MD5, RFC 2385). It never shows in a text."""

    text: str

    def __repr__(self) -> str:
        return "Password(not shown)"


class BFDProfile(Struct, frozen=True):
    """A BFDProfile that was accepted; intervals in milliseconds. `minimum_ttl` None: any."""

    name: str
    receive_interval: int = 300
    transmit_interval: int = 300
    detect_multiplier: int = 3
    echo_interval: int = 50
    echo_mode: bool = False
    passive_mode: bool = False
    minimum_ttl: int | None = None


class Timers(Struct, frozen=True):
    """Times of a session in whole seconds (RFC 4271, section 10). None: as the implementation has it.

    `hold_time` 0: neither KEEPALIVEs nor a Hold Timer.
    """

    hold_time: int | None = None
    keepalive_time: int | None = None
    connect_time: int | None = None


class Peer(Struct, frozen=True):
    """A BGPPeer that was accepted. Either `address` or `interface`, either `asn` or `dynamic_asn` is set."""

    name: str
    my_asn: int
    asn: int | None
    dynamic_asn: DynamicASN | None
    local_asn: int | None
    address: Address | None
    interface: str
    source_address: Address | None
    port: int
    timers: Timers
    router_id: Address | None
    node_selectors: tuple[LabelSelector, ...]
    password: Password | None
    bfd_profile: BFDProfile | None
    graceful_restart: bool
    multi_hop: bool
    vrf: str
    dual_stack: bool

    @property
    def is_internal(self) -> bool:
        """Whether the peer is of our own AS."""
        return self.dynamic_asn is DynamicASN.INTERNAL or self.asn == self.my_asn

    def is_of(self, labels: Labels) -> bool:
        """Whether a node with *labels* peers with it."""
        return not self.node_selectors or matches_any(self.node_selectors, labels)
