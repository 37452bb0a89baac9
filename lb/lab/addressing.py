"""Names and addresses of everything in a lab. Pure.

Each lab has network namespaces of its own, so every lab uses the same addresses. Host numbers on the
segment 10.99.0.0/24, fd00:99::/64: 1 is the control plane, 11… the nodes, 101… the clients; 200 to 250
are nobody's and left to address pools.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from lb.lab.errors import LabError

CONTROL_PLANE = "control-plane"
BRIDGE = "segment"  # where the bridge is: a namespace like a host's, but nobody's
API_SERVER_PORT = 6443
SEGMENT = IPv4Network("10.99.0.0/24")
SEGMENT6 = IPv6Network("fd00:99::/64")
SERVICES = IPv4Network("10.96.0.0/16")
SERVICES6 = IPv6Network("fd00:96::/112")
MOST_NODES = 80  # host numbers 11 to 90
MOST_CLIENTS = 90  # host numbers 101 to 190
INTERFACE_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?")  # a port of the bridge bears it: IFNAMSIZ
LAB_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?")


@dataclass(frozen=True)
class Address:
    """A host's place on the segment."""

    v4: IPv4Address
    v6: IPv6Address
    mac: str


def _address(number: int) -> Address:
    v4 = SEGMENT[number]
    mac = ":".join(f"{byte:02x}" for byte in b"\x02\x00" + v4.packed)  # locally administered
    # The digits of both families read alike: 10.99.0.11 and fd00:99::11.
    return Address(v4, IPv6Address(f"{SEGMENT6.network_address}{number}"), mac)


def control_plane() -> Address:
    """The control plane's address: the API server is there."""
    return _address(1)


def node(index: int) -> Address:
    """The address of node *index* (from 1)."""
    return _address(10 + index)


def client(index: int) -> Address:
    """The address of the client made as number *index* (from 1)."""
    return _address(100 + index)


def pods(index: int) -> tuple[IPv4Network, IPv6Network]:
    """The pod ranges of node *index* (from 1)."""
    return IPv4Network(f"10.244.{index}.0/24"), IPv6Network(f"fd00:244:{index}::/64")


def node_names(count: int) -> tuple[str, ...]:
    """`n1`, `n2`, …; raises `LabError` if a lab cannot have *count* nodes."""
    if not 0 <= count <= MOST_NODES:
        raise LabError(f"nodes = {count}: a lab has 0 to {MOST_NODES} nodes")
    return tuple(f"n{index}" for index in range(1, count + 1))


def namespace(lab: str, host: str) -> str:
    """The name of *host*'s network namespace and cgroup; dots keep labs apart whatever they are called."""
    return f"anvil-lb.{lab}.{host}"


def check_lab_name(name: str) -> None:
    """Raise `LabError` unless *name* can be part of file, namespace and cgroup names."""
    if not LAB_NAME.fullmatch(name):
        raise LabError(f"lab name {name!r}: use up to 30 lower-case letters, digits and hyphens")


def check_host_name(name: str) -> None:
    """Raise `LabError` unless *name* can be the name of a client and of its port on the bridge."""
    if not INTERFACE_NAME.fullmatch(name):
        raise LabError(f"host name {name!r}: use up to 15 lower-case letters, digits and hyphens")
