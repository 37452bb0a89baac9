"""A lab: a Kubernetes cluster on one machine, from `Lab.up` to `down`, and what can be done to it.

The one door for tests and for `lbctl`. Everything blocks until it is so. How the parts work, and in which
order they start, is the other modules' business.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import yaml

from lb.lab import capture, endpoints, record, startup
from lb.lab.addressing import BRIDGE, CONTROL_PLANE
from lb.lab.api import Api
from lb.lab.client import Client
from lb.lab.control_plane import ApiServer
from lb.lab.errors import LabError
from lb.lab.image import oci
from lb.lab.node import Node
from lb.lab.processes import Process
from lb.lab.segment import INTERFACE
from lb.lab.setup import parts
from lb.lab.site import Site
from lb.lab.waiting import wait_for

T = TypeVar("T")


class Lab:
    """A running lab. As a context manager it goes `down` at the end."""

    def __init__(self, site: Site) -> None:
        self._site = site

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
        site = Site(record.create(name, nodes, found.programs))
        try:
            startup.start(site, found, tell)
        except BaseException:
            record.remove(name)
            raise
        return cls(site)

    @classmethod
    def find(cls, name: str = "lab") -> "Lab":
        """The running lab *name*, whoever started it; raises `LabError` if there is none."""
        return cls(Site(record.find(name)))

    def __enter__(self) -> "Lab":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def down(self) -> None:
        """Remove the lab and all that was ever in it."""
        record.remove(self.name)

    def keep(self) -> None:
        """Let the lab outlive this process, until `lbctl lab down`."""
        record.give_up_ownership(self.name)

    @property
    def name(self) -> str:
        """The lab's name."""
        return self._site.record.name

    # What is in it

    @property
    def kubeconfig(self) -> Path:
        """The cluster administrator's kubeconfig; it works from the host's network namespace."""
        return self._site.kubeconfig

    @property
    def segment_kubeconfig(self) -> Path:
        """The same for programs on the nodes' segment: it names the API server's address there."""
        return self._site.segment_kubeconfig

    @property
    def node_names(self) -> tuple[str, ...]:
        """The nodes' names, whether they are on or off."""
        return self._site.record.nodes

    def node(self, name: str) -> Node:
        """The node *name*; raises `LabError` if there is none."""
        return self._site.node(name)

    @property
    def api_server(self) -> ApiServer:
        """The API server, to stop and start."""
        return ApiServer(self._site.machine(CONTROL_PLANE), Api(self.kubeconfig))

    def client(self, name: str = "client") -> Client:
        """The client *name* on the nodes' segment, made when first asked for."""
        return self._site.client(name)

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
        folder = os.path.dirname(self._site.record.programs["kubectl"])
        return {
            **os.environ,
            "PATH": f"{folder}:{os.environ.get('PATH', os.defpath)}",
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(self._site.record.directory / "kubectl-cache"),
        }

    def command(self, host: str, argv: Sequence[str]) -> list[str]:
        """The command line that runs *argv* on a node, a client or the `control-plane`."""
        if host in self._site.record.machines:
            return self._site.machine(host).command(argv)
        return self.client(host).command(argv)

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

    def stand_in(
        self, client: Client, service: str, port: int, *, namespace: str = "default", port_name: str = ""
    ) -> None:
        """Let *client* answer for the Service's port *port_name* at its own *port*, beside pods or without.

        This is how the API server finds a webhook that runs outside the cluster. It holds until the
        EndpointSlices with the Service's label `kubernetes.io/service-name` are deleted.
        """
        made = endpoints.slices(namespace, service, client.name, client.address, port, port_name)
        self.apply(yaml.safe_dump_all(made))

    def wait_for(self, condition: Callable[[], T | None], what: str, timeout: float = 60) -> T:
        """The first true value of *condition* within *timeout* seconds; *what* names it in the error."""
        return wait_for(condition, what, timeout)

    def load(self, image: Path) -> None:
        """Bring an image (a tar: OCI layout) to every node that is on and does not hold it yet."""
        digest = oci.digest(image)
        nodes = [node for node in self._site.nodes_on() if digest not in node.images()]
        startup.import_everywhere(nodes, image)

    def capture(self, where: str = BRIDGE) -> AbstractContextManager[capture.Capture]:
        """Capture frames on a host's eth0, or on the whole segment, where a frame's port is its sender."""
        interface = None if where == BRIDGE else INTERFACE
        return capture.capture(self._site.namespace(where), interface)

    # Doing harm

    def cut(self, name: str) -> None:
        """Cut the power of node *name*: no further frame, no goodbye; its disk stays."""
        self._site.cut(name)

    def boot(self, name: str) -> None:
        """Switch the node *name* on again and wait until it is Ready."""
        if self.node(name).on:
            raise LabError(f"node {name} is on already")
        self._site.switch_on(name)
        startup.start_nodes([self.node(name)], Api(self.kubeconfig))

    def link_down(self, host: str) -> None:
        """Pull the cable of *host* (a node, a client, `control-plane`): it sees its carrier go."""
        self._site.segment.set_link(self._site.port(host), "down")

    def link_up(self, host: str) -> None:
        """Plug the cable of *host* in again."""
        self._site.segment.set_link(self._site.port(host), "up")

    def partition(self, some: str | Iterable[str], others: str | Iterable[str]) -> None:
        """No frame passes between *some* (one host or several) and *others*, either way, until `heal`."""
        for one in [some] if isinstance(some, str) else some:
            for other in [others] if isinstance(others, str) else others:
                self._site.segment.partition(self._site.port(one), self._site.port(other))

    def mute(self, sender: str, receivers: Iterable[str]) -> None:
        """No frame of *sender* reaches *receivers* until `heal`; the other way they pass."""
        for receiver in receivers:
            self._site.segment.mute(self._site.port(sender), self._site.port(receiver))

    def heal(self) -> None:
        """End every partition."""
        self._site.segment.heal()

    def loss(self, host: str, percent: float) -> None:
        """Lose *percent* of the frames on the link of *host*, each way, ARP too; 0 ends it."""
        self._site.segment.set_loss(self._site.port(host), percent)
