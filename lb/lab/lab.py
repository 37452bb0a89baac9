"""A lab: a Kubernetes cluster on one machine, from `Lab.up` to `down`, and what can be done to it.

Everything blocks until it is so. It holds the order in which the parts start; what each part is, is the
other modules' business.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cached_property, partial
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from lb.lab import addressing, capture, control_plane, kubeconfig, namespaces, record, relay
from lb.lab.addressing import API_SERVER_PORT, BRIDGE, CONTROL_PLANE, Address
from lb.lab.api import Api
from lb.lab.client import Client
from lb.lab.control_plane import ApiServer
from lb.lab.errors import LabError
from lb.lab.image import oci
from lb.lab.machine import Machine
from lb.lab.node import OWN_SYSCTLS, SHADOWS, Node, ready_since
from lb.lab.node import files as node_files
from lb.lab.pki import Authority
from lb.lab.processes import Process
from lb.lab.record import Record
from lb.lab.segment import INTERFACE, Route, Segment
from lb.lab.setup import parts
from lb.lab.waiting import wait_for

T = TypeVar("T")
READY_TIMEOUT = 90  # seconds for all nodes; 10 on an idle machine of two cores


class Lab:
    """A running lab. As a context manager it goes `down` at the end."""

    def __init__(self, plan: Record) -> None:
        self._record = plan
        self._segment = Segment(plan.namespace(BRIDGE))

    @classmethod
    def up(cls, name: str = "lab", *, nodes: int = 3, say: Callable[[str], None] = print) -> "Lab":
        """Start a lab of *nodes* nodes (0: a control plane only) that belongs to this process.

        What killed runs left is removed first. *say* is told each step with the seconds since the start.
        Raises `LabError` saying which part failed; then, and when interrupted, nothing is left.
        """
        began = time.monotonic()

        def tell(step: str) -> None:
            say(f"{time.monotonic() - began:5.1f} s  {step}")

        for gone in record.remove_leftovers():
            tell(f"removed lab {gone!r}, left over from a killed run")
        found = parts.find()
        lab = cls(record.create(name, nodes, found.programs))
        try:
            lab._start(found, tell)
        except BaseException:
            lab.down()
            raise
        return lab

    @classmethod
    def find(cls, name: str = "lab") -> "Lab":
        """The running lab *name*, whoever started it; raises `LabError` if there is none."""
        return cls(record.find(name))

    def __enter__(self) -> "Lab":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def down(self) -> None:
        """Remove the lab and all that was ever in it."""
        record.remove(self._record)

    def keep(self) -> None:
        """Let the lab outlive this process, until `lbctl lab down`."""
        self._record = self._record.without_owner()

    @property
    def name(self) -> str:
        """The lab's name."""
        return self._record.name

    # What is in it

    @property
    def kubeconfig(self) -> Path:
        """The cluster administrator's kubeconfig; it works from the host's network namespace."""
        return self._record.directory / "kubeconfig"

    @property
    def node_names(self) -> tuple[str, ...]:
        """The nodes' names, whether they are on or off."""
        return self._record.nodes

    def node(self, name: str) -> Node:
        """The node *name*; raises `LabError` if there is none."""
        return Node(name, addressing.node(self._index(name)), self._machine(name))

    @property
    def api_server(self) -> ApiServer:
        """The API server, to stop and start."""
        return ApiServer(self._machine(CONTROL_PLANE), self._api)

    def client(self, name: str = "client") -> Client:
        """The client *name* on the nodes' segment, made when first asked for."""
        clients = self._record.clients
        if name in clients:
            return Client(name, self._record.namespace(name), addressing.client(clients.index(name) + 1))
        addressing.check_host_name(name)
        if name in (BRIDGE, *self._record.machines) or len(clients) == addressing.MOST_CLIENTS:
            raise LabError(f"lab {self.name!r} cannot have one more client, or not one called {name!r}")
        self._record = self._record.with_client(name)
        self._plug(name, addressing.client(len(clients) + 1))
        return self.client(name)

    # Using it

    def kubectl(
        self, *arguments: str, input: str | None = None, check: bool = True, timeout: float = 60
    ) -> str:
        """The standard output of kubectl as the cluster's administrator.

        Raises `LabError` with what kubectl said if it fails and *check* is set, or after *timeout* seconds.
        """
        command = ["kubectl", *arguments]
        try:
            done = subprocess.run(
                command,
                env=self.environment,
                input=input,
                capture_output=True,
                text=True,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{' '.join(command)} did not end within {timeout:g} s") from error
        if check and done.returncode != 0:
            raise LabError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    @property
    def environment(self) -> Mapping[str, str]:
        """An environment whose `kubectl` talks to this lab and leaves nothing in the home directory."""
        folder = os.path.dirname(self._record.programs["kubectl"])
        return {
            **os.environ,
            "PATH": f"{folder}:{os.environ.get('PATH', os.defpath)}",
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(self._record.directory / "kubectl-cache"),
        }

    def command(self, host: str, argv: Sequence[str]) -> list[str]:
        """The command line that runs *argv* on a node, a client or the `control-plane`."""
        if host in self._record.machines:
            return self._machine(host).command(argv)
        return namespaces.command(self.client(host).namespace, argv)

    def container(
        self, pod: str, container: str | None = None, *, namespace: str = "default"
    ) -> list[Process]:
        """The processes of a running pod's *container* (by default its first), to kill, pause or resume."""
        seen = json.loads(self.kubectl("get", "pod", pod, f"--namespace={namespace}", "--output=json"))
        for status in seen["status"].get("containerStatuses", []):
            if container in (None, status["name"]) and "containerID" in status:
                return self.node(seen["spec"]["nodeName"]).container(status["containerID"])
        raise LabError(f"pod {namespace}/{pod} has no running container {container or ''}".rstrip())

    def apply(self, manifest: Path | str) -> None:
        """Apply a manifest: a file (`Path`) or YAML (`str`)."""
        if isinstance(manifest, Path):
            self.kubectl("apply", "-f", str(manifest))
        else:
            self.kubectl("apply", "-f", "-", input=manifest)

    def wait_for(self, condition: Callable[[], T | None], what: str, timeout: float = 60) -> T:
        """The first true value of *condition* within *timeout* seconds; *what* names it in the error."""
        return wait_for(condition, what, timeout)

    def load(self, image: Path) -> None:
        """Bring an image (a tar: OCI layout) to every node that is on and does not hold it yet."""
        digest = oci.digest(image)
        nodes = [node for node in self._nodes() if digest not in node.images()]
        _import_everywhere(nodes, image)

    def capture(self, where: str = BRIDGE) -> AbstractContextManager[capture.Capture]:
        """Capture frames on a host's eth0, or on the whole segment, where a frame's port is its sender."""
        interface = None if where == BRIDGE else INTERFACE
        return capture.capture(self._record.namespace(where), interface)

    # Doing harm

    def cut(self, name: str) -> None:
        """Cut the power of node *name*: no further frame, no goodbye; its disk stays."""
        machine = self.node(name).machine
        self._segment.detach(name)
        machine.power_off()
        namespaces.remove(machine.namespace)

    def boot(self, name: str) -> None:
        """Switch the node *name* on again and wait until it is Ready."""
        if self.node(name).on:
            raise LabError(f"node {name} is on already")
        self._switch_on(name)
        self._start_nodes([self.node(name)])

    def link_down(self, host: str) -> None:
        """Pull the cable of *host* (a node, a client, `control-plane`): it sees its carrier go."""
        self._segment.set_link(host, "down")

    def link_up(self, host: str) -> None:
        """Plug the cable of *host* in again."""
        self._segment.set_link(host, "up")

    def partition(self, some: str | Iterable[str], others: str | Iterable[str]) -> None:
        """No frame passes between *some* (one host or several) and *others*, either way, until `heal`."""
        for one in [some] if isinstance(some, str) else some:
            for other in [others] if isinstance(others, str) else others:
                self._segment.partition(one, other)

    def heal(self) -> None:
        """End every partition."""
        self._segment.heal()

    def loss(self, host: str, percent: float) -> None:
        """Lose *percent* of the frames on the link of *host*, each way, ARP too; 0 ends it."""
        self._segment.set_loss(host, percent)

    # How it starts

    def _start(self, found: parts.Parts, tell: Callable[[str], None]) -> None:
        authority = Authority("lab")
        self._segment.create()
        self._start_control_plane(authority)
        for index, name in enumerate(self.node_names, start=1):
            machine = self._machine(name)
            _write_files(machine.config, node_files(name, index, authority, found.cni))
            self._switch_on(name)
        self.api_server.wait()
        for program in (control_plane.controller_manager(), control_plane.scheduler()):
            self._machine(CONTROL_PLANE).start(program)
        tell("control plane ready")
        if self.node_names:
            nodes = self._nodes()
            self._start_nodes(nodes, found.pause_image)
            self._wait_for_service_account()
            tell(f"{len(self.node_names)} nodes ready")

    def _start_control_plane(self, authority: Authority) -> None:
        machine = self._machine(CONTROL_PLANE)
        _write_files(machine.config, control_plane.files(authority))
        routes = [route for name in self.node_names for route in self._pod_routes(name)]
        self._plug(CONTROL_PLANE, addressing.control_plane(), routes)
        machine.power_on()
        machine.start(control_plane.etcd())
        machine.start(control_plane.api_server())
        server = f"https://127.0.0.1:{self._start_relay(machine)}"
        login = authority.client("lab-admin", "system:masters")
        config = kubeconfig.render(server, authority.pair.certificate, "lab-admin", login)
        _write_files(self._record.directory, {self.kubeconfig.name: config.encode()})

    def _start_relay(self, machine: Machine) -> int:
        target = [str(addressing.control_plane().v4), str(API_SERVER_PORT)]
        with socket.create_server(("127.0.0.1", 0)) as listener, machine.log("relay").open("ab") as log:
            descriptor = listener.fileno()
            program = [sys.executable, "-IS", relay.__file__, str(descriptor), *target]
            command = ["setsid", "--fork", *namespaces.command(machine.namespace, program)]
            subprocess.run(
                command, pass_fds=[descriptor], stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True
            )
            return int(listener.getsockname()[1])

    def _switch_on(self, name: str) -> None:
        others = [other for other in self.node_names if other != name]
        gateway = addressing.control_plane()
        ways_out: list[Route] = [(IPv4Network("0.0.0.0/0"), gateway.v4), (IPv6Network("::/0"), gateway.v6)]
        routes = [route for other in others for route in self._pod_routes(other)]
        self._plug(name, addressing.node(self._index(name)), ways_out + routes)
        self._machine(name).power_on()
        self.node(name).start("containerd")

    def _start_nodes(self, nodes: Sequence[Node], pause_image: Path | None = None) -> None:
        began = datetime.now(UTC)
        for node in nodes:
            node.wait_for_containerd()
            node.start("kubelet")
            node.start("kube-proxy")
        if pause_image:
            _import_everywhere(nodes, pause_image)
        for node in nodes:
            wait_for(partial(self._is_ready, node, began), f"node {node.name} to be Ready", READY_TIMEOUT)

    def _is_ready(self, node: Node, since: datetime) -> bool:
        node.require_programs()
        seen = self._api.get(f"/api/v1/nodes/{node.name}")
        return seen is not None and ready_since(seen, since)

    def _wait_for_service_account(self) -> None:
        path = "/api/v1/namespaces/default/serviceaccounts/default"
        self.wait_for(
            lambda: self._api.get(path), "the controller manager to make the default service account"
        )

    def _plug(self, host: str, address: Address, routes: Iterable[Route] = ()) -> None:
        namespaces.create(self._record.namespace(host))
        self._segment.attach(host, self._record.namespace(host), address, routes)

    def _pod_routes(self, name: str) -> list[Route]:
        address = addressing.node(self._index(name))
        pods4, pods6 = addressing.pods(self._index(name))
        return [(pods4, address.v4), (pods6, address.v6)]

    def _index(self, name: str) -> int:
        if name not in self.node_names:
            raise LabError(
                f"lab {self.name!r} has no node {name!r}; it has {', '.join(self.node_names) or 'none'}"
            )
        return self.node_names.index(name) + 1

    def _nodes(self) -> list[Node]:
        return [self.node(name) for name in self.node_names if self.node(name).on]

    @cached_property
    def _api(self) -> Api:
        return Api(self.kubeconfig)

    def _machine(self, name: str) -> Machine:
        return Machine(
            name=name,
            namespace=self._record.namespace(name),
            directory=self._record.directory / name,
            cgroups={key: Path(path) for key, path in self._record.cgroups[name].items()},
            programs={program: Path(path) for program, path in self._record.programs.items()},
            sysctls=OWN_SYSCTLS,
            shadows={} if name == CONTROL_PLANE else SHADOWS,
        )


def _import_everywhere(nodes: Sequence[Node], image: Path) -> None:
    imports = [(node, node.import_image(image)) for node in nodes]  # all at once
    for node, running in imports:
        _, error = running.communicate()
        if running.returncode != 0:
            raise LabError(f"node {node.name} did not take {image}: {error.decode().strip()}")


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
