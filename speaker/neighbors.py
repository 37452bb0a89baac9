"""Where the other speakers are: every node may have one, at the node's own address."""

from collections.abc import Mapping
from ipaddress import ip_address

from lb.api.node import INTERNAL_IP, Node
from lb.config.ranges import parse_address
from speaker.layer2.protocol.peer import Address


def neighbors(nodes: Mapping[str, Node], bind_address: str, port: int) -> dict[str, Address]:
    """Where to send heartbeats, by node: its first InternalIP of *bind_address*'s IP version, at *port*.

    A node that has none, or only garbage, is left out.
    """
    version = ip_address(bind_address).version
    found: dict[str, Address] = {}
    for name, node in nodes.items():
        for each in node.status.addresses:
            address = parse_address(each.address)
            if each.type == INTERNAL_IP and address is not None and address.version == version:
                found.setdefault(name, (str(address), port))
    return found
