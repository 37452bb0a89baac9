"""The lab's layer 2 segment: a bridge in a network namespace of its own, one port per host.

A port bears its host's name; the other end is the host's `eth0`. Faults of the wire (a cut link, loss,
a partition) happen on the bridge, before a frame reaches its receiver, so that not even a packet socket
there sees it. The kernel holds all state. Source: rtnetlink(7), nft(8) bridge family.
"""

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

from pyroute2 import IPRoute  # type: ignore[import-untyped]  # ships no types

from lb.lab import addressing, namespaces
from lb.lab.addressing import Address
from lb.lab.errors import LabError

BRIDGE = "br0"
INTERFACE = "eth0"
IFA_F_NODAD = 0x02  # usable at once; every address here is unique by construction

# A destination and the gateway to it.
Route = tuple[IPv4Network | IPv6Network, IPv4Address | IPv6Address]

_FAULTS = """
table bridge faults {
  set parted { type ifname . ifname; }
  map lossy { type ifname : verdict; }
  chain forward {
    type filter hook forward priority 0
    iifname . oifname @parted drop
    iifname vmap @lossy
    oifname vmap @lossy
  }
}
"""


@dataclass(frozen=True)
class Segment:
    """The segment whose bridge is in the network namespace *namespace*."""

    namespace: str

    def create(self) -> None:
        """Make the bridge, and the rules that faults are entered into."""

        def make() -> None:
            # A bridge that speaks IPv6 itself would be one more host on the segment.
            Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
            with IPRoute() as ip:
                ip.link("add", ifname=BRIDGE, kind="bridge", br_mcast_snooping=0)
                _up(ip, BRIDGE)

        namespaces.create(self.namespace)
        namespaces.call(self.namespace, make)
        self._nft(_FAULTS)

    def attach(self, port: str, namespace: str, address: Address, routes: Iterable[Route] = ()) -> None:
        """Plug the host in *namespace* into *port*; *routes* are the host's."""

        def plug() -> None:
            peer = {"ifname": INTERFACE, "net_ns_fd": namespace, "address": address.mac}
            with IPRoute() as ip:
                ip.link("add", ifname=port, kind="veth", peer=peer)
                (index,) = ip.link_lookup(ifname=port)
                (bridge,) = ip.link_lookup(ifname=BRIDGE)
                ip.link("set", index=index, master=bridge, state="up")

        def configure() -> None:
            with IPRoute() as ip:
                _up(ip, "lo")
                _assign(ip, INTERFACE, address)
                for destination, gateway in routes:
                    ip.route("add", dst=str(destination), gateway=str(gateway))

        namespaces.call(self.namespace, plug)
        namespaces.call(namespace, configure)

    def detach(self, port: str) -> None:
        """Pull the plug: from now on no frame passes; the port and the host's `eth0` are gone."""
        self._on_port(port, lambda ip, index: ip.link("del", index=index))

    def set_link(self, port: str, state: str) -> None:
        """Set the link of *port* `up` or `down`; the host sees its carrier go."""
        self._on_port(port, lambda ip, index: ip.link("set", index=index, state=state))

    def partition(self, one: str, other: str) -> None:
        """No frame passes between the two hosts, in either direction, until `heal`."""
        self.mute(one, other)
        self.mute(other, one)

    def mute(self, sender: str, receiver: str) -> None:
        """No frame passes from *sender* to *receiver* until `heal`; the other way they do."""
        self._nft(f'add element bridge faults parted {{ "{sender}" . "{receiver}" }}')

    def heal(self) -> None:
        """End every partition."""
        self._nft("flush set bridge faults parted")

    def set_loss(self, port: str, percent: float) -> None:
        """Drop *percent* (0 to 100) of the frames on *port*, each way, ARP too; 0 ends it."""
        self._nft(loss_rules(port, percent))

    def _on_port(self, port: str, action: Callable[[IPRoute, int], object]) -> None:
        def find_and_act() -> None:
            with IPRoute() as ip:
                found = ip.link_lookup(ifname=port)
                if not found:
                    raise LabError(f"{port} is not plugged in: its power is cut")
                action(ip, found[0])

        namespaces.call(self.namespace, find_and_act)

    def _nft(self, rules: str) -> None:
        command = namespaces.command(self.namespace, ["nft", "-f", "-"])
        done = subprocess.run(command, input=rules, text=True, capture_output=True)
        if done.returncode != 0:
            raise LabError(f"nft refused the segment's rules: {done.stderr.strip()}\n{rules}")


def loss_rules(port: str, percent: float) -> str:
    """The nft commands that set the loss on *port* to *percent*, with a resolution of 0.01 %."""
    if not 0 <= percent <= 100:
        raise LabError(f"loss on {port} = {percent} %: it is between 0 and 100 %")
    chain = f"bridge faults loss-{port}"
    chance = "" if percent == 100 else f"numgen random mod 10000 < {round(percent * 100)} "
    return f"""
        add chain {chain}
        flush chain {chain}
        add rule {chain} {chance}drop
        add element bridge faults lossy {{ "{port}" : jump loss-{port} }}
    """


def _up(ip: IPRoute, name: str) -> int:
    (index,) = ip.link_lookup(ifname=name)
    ip.link("set", index=index, state="up")
    return int(index)


def _assign(ip: IPRoute, name: str, address: Address) -> None:
    index = _up(ip, name)
    ip.addr("add", index=index, address=str(address.v4), prefixlen=addressing.SEGMENT.prefixlen)
    prefix6 = addressing.SEGMENT6.prefixlen
    ip.addr("add", index=index, address=str(address.v6), prefixlen=prefix6, flags=IFA_F_NODAD)
