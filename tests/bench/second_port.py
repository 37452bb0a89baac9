"""Another cable from a node to the segment, for announcements alone: heartbeats stay on the first one."""

from pathlib import Path

from pyroute2 import IPRoute

from lb.lab import addressing, namespaces
from lb.lab.segment import BRIDGE, Segment

INTERFACE = "eth1"


def plug(lab, node):
    """Give *node* an interface without an address."""
    inside, port = lab.node(node).machine.namespace, port_of(node)

    def connect():
        with IPRoute() as ip:
            ip.link("add", ifname=port, kind="veth", peer={"ifname": INTERFACE, "net_ns_fd": inside})
            (index,), (bridge,) = ip.link_lookup(ifname=port), ip.link_lookup(ifname=BRIDGE)
            ip.link("set", index=index, master=bridge, state="up")

    def switch_on():
        # The kernel would answer here for the addresses of the other interface, too.
        Path(f"/proc/sys/net/ipv4/conf/{INTERFACE}/arp_ignore").write_text("1")
        with IPRoute() as ip:
            (index,) = ip.link_lookup(ifname=INTERFACE)
            ip.link("set", index=index, state="up")

    namespaces.call(segment(lab).namespace, connect)
    namespaces.call(inside, switch_on)


def port_of(node):
    """The port of its other end."""
    return f"{node}-2"


def mac(lab, node):
    def look():
        with IPRoute() as ip:
            (link,) = ip.get_links(ifname=INTERFACE)
            return link.get("address")

    return namespaces.call(lab.node(node).machine.namespace, look)


def segment(lab):
    return Segment(addressing.namespace(lab.name, addressing.BRIDGE))
