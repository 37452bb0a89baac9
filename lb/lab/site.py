"""Where everything in a lab stands: its machines and clients, plugged into its segment, switched on or off.

It knows which machine is which node, and nothing of what Kubernetes programs do to each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from lb.lab import addressing, namespaces, record
from lb.lab.addressing import BRIDGE, CONTROL_PLANE, Address
from lb.lab.client import Client
from lb.lab.errors import LabError
from lb.lab.machine import Machine
from lb.lab.node import OWN_SYSCTLS, SHADOWS, Node
from lb.lab.record import Record
from lb.lab.segment import Route, Segment

ANYWHERE = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


@dataclass
class Site:
    """The site of the lab that *record* plans."""

    record: Record

    @property
    def segment(self) -> Segment:
        """The wire between all hosts."""
        return Segment(self.record.namespace(BRIDGE))

    @property
    def kubeconfig(self) -> Path:
        """Where the administrator's kubeconfig lies."""
        return self.record.directory / "kubeconfig"

    @property
    def segment_kubeconfig(self) -> Path:
        """Where the administrator's kubeconfig for programs on the segment lies."""
        return self.record.directory / "segment.kubeconfig"

    def namespace(self, host: str) -> str:
        """The network namespace of *host* or of the segment; raises `LabError` if there is none."""
        return self.record.namespace(host if host == BRIDGE else self.port(host))

    def port(self, host: str) -> str:
        """The port of *host* on the segment, which bears its name; raises `LabError` if there is none."""
        if host not in self.record.hosts:
            there = ", ".join(self.record.hosts)
            raise LabError(f"lab {self.record.name!r} has no host {host!r}; it has {there}")
        return host

    def machine(self, name: str) -> Machine:
        """The machine of the control plane or of node *name*."""
        return Machine(
            name=name,
            namespace=self.namespace(name),
            directory=self.record.directory / name,
            cgroups={key: Path(path) for key, path in self.record.cgroups[name].items()},
            programs={program: Path(path) for program, path in self.record.programs.items()},
            sysctls=OWN_SYSCTLS,
            shadows={} if name == CONTROL_PLANE else SHADOWS,
        )

    def node(self, name: str) -> Node:
        """The node *name*; raises `LabError` if there is none."""
        return Node(name, addressing.node(self.index(name)), self.machine(name))

    def nodes_on(self) -> list[Node]:
        """The nodes that have power."""
        return [node for name in self.record.nodes if (node := self.node(name)).on]

    def index(self, node: str) -> int:
        """The number of *node*, from 1; raises `LabError` if there is none."""
        if node not in self.record.nodes:
            there = ", ".join(self.record.nodes) or "none"
            raise LabError(f"lab {self.record.name!r} has no node {node!r}; it has {there}")
        return self.record.nodes.index(node) + 1

    def client(self, name: str) -> Client:
        """The client *name*, made and plugged in when first asked for."""
        with record.locked():  # `lbctl` and the lab's owner may both ask
            self.record = record.find(self.record.name)
            if name not in self.record.clients:
                self.record = record.add_client(self.record, name)
                self._plug(name, self._client_address(name), ())
        return Client(name, self.namespace(name), self._client_address(name))

    def switch_on(self, name: str) -> None:
        """Plug in a machine and boot it; on a node containerd is started, too."""
        if name == CONTROL_PLANE:
            routes = [route for node in self.record.nodes for route in self._pod_routes(node)]
            self._plug(name, addressing.control_plane(), routes)
            self.machine(name).power_on()
        else:
            self._plug(name, self.node(name).address, self._routes_of(name))
            self.machine(name).power_on()
            self.node(name).start("containerd")

    def cut(self, node: str) -> None:
        """Cut the power of *node*. The wire goes first: its programs get no chance to say goodbye."""
        machine = self.node(node).machine
        if machine.pid is None:
            raise LabError(f"node {node} is off already")
        self.segment.detach(node)
        machine.power_off()
        namespaces.remove(machine.namespace)

    def _client_address(self, name: str) -> Address:
        return addressing.client(self.record.clients.index(name) + 1)

    def _plug(self, host: str, address: Address, routes: Iterable[Route]) -> None:
        namespaces.create(self.namespace(host))
        self.segment.attach(host, self.namespace(host), address, routes)

    def _routes_of(self, node: str) -> list[Route]:
        gateway = addressing.control_plane()
        ways_out: list[Route] = list(zip(ANYWHERE, (gateway.v4, gateway.v6), strict=True))
        others = [other for other in self.record.nodes if other != node]
        return ways_out + [route for other in others for route in self._pod_routes(other)]

    def _pod_routes(self, node: str) -> list[Route]:
        address = addressing.node(self.index(node))
        return list(zip(addressing.pods(self.index(node)), (address.v4, address.v6), strict=True))
