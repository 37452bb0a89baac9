"""The order in which a lab's parts start, so that they start side by side and failures show early.

Source: what each program waits for. What a part is, is its own module's business.
"""

import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from lb.lab import control_plane, kubeconfig, namespaces, node, relay
from lb.lab.addressing import API_SERVER_PORT, CONTROL_PLANE
from lb.lab.api import Api
from lb.lab.control_plane import ApiServer
from lb.lab.errors import LabError
from lb.lab.machine import Machine
from lb.lab.node import Node
from lb.lab.pki import Authority
from lb.lab.setup.parts import Parts
from lb.lab.site import Site
from lb.lab.waiting import wait_for

READY_TIMEOUT = 90  # seconds for all nodes; 10 on an idle machine of two cores
ADMINISTRATOR = "lab-admin"


def start(site: Site, parts: Parts, tell: Callable[[str], None]) -> None:
    """Start everything that *site* plans; *tell* is told when a stage is reached."""
    authority = Authority("lab")
    site.segment.create()
    _begin_control_plane(site, authority)
    _begin_nodes(site, authority, parts)
    api = Api(site.kubeconfig)
    _finish_control_plane(site, api)
    tell("control plane ready")
    if site.record.nodes:
        nodes = [site.node(name) for name in site.record.nodes]
        start_nodes(nodes, api, parts.pause_image)
        _wait_for_service_account(api)
        tell(f"{len(nodes)} nodes ready")


def start_nodes(nodes: Sequence[Node], api: Api, image: Path | None = None) -> None:
    """Start the Kubernetes programs of *nodes*, import *image*, and wait until all nodes are Ready."""
    began = datetime.now(UTC)
    for starting in nodes:
        starting.wait_for_containerd()
        starting.start("kubelet")
        starting.start("kube-proxy")
    if image:
        import_everywhere(nodes, image)
    for starting in nodes:
        is_ready = partial(_is_ready, starting, api, began)
        wait_for(is_ready, f"node {starting.name} to be Ready", READY_TIMEOUT)


def import_everywhere(nodes: Sequence[Node], image: Path) -> None:
    """Import *image*, a tar, on all *nodes* at once; raises `LabError` naming a node that refuses it."""
    imports = [(importing, importing.import_image(image)) for importing in nodes]
    for importing, running in imports:
        _, error = running.communicate()
        if running.returncode != 0:
            raise LabError(f"node {importing.name} did not take {image}: {error.decode().strip()}")


def _begin_control_plane(site: Site, authority: Authority) -> None:
    machine = site.machine(CONTROL_PLANE)
    _write_files(machine.config, control_plane.files(authority))
    site.switch_on(CONTROL_PLANE)
    machine.start(control_plane.etcd())
    machine.start(control_plane.api_server())
    relayed = f"https://127.0.0.1:{_start_relay(machine)}"
    login = authority.client(ADMINISTRATOR, "system:masters")
    for path, server in ((site.kubeconfig, relayed), (site.segment_kubeconfig, control_plane.SERVER)):
        config = kubeconfig.render(server, authority.pair.certificate, ADMINISTRATOR, login)
        _write_files(path.parent, {path.name: config.encode()})


def _begin_nodes(site: Site, authority: Authority, parts: Parts) -> None:
    for name in site.record.nodes:
        files = node.files(name, site.index(name), authority, parts.cni)
        _write_files(site.machine(name).config, files)
        site.switch_on(name)


def _finish_control_plane(site: Site, api: Api) -> None:
    machine = site.machine(CONTROL_PLANE)
    ApiServer(machine, api).wait()
    machine.start(control_plane.controller_manager())
    machine.start(control_plane.scheduler())


def _start_relay(machine: Machine) -> int:
    target = [control_plane.ADDRESS, str(API_SERVER_PORT)]
    # The listening socket is made here, outside the lab; what accepts on it runs inside.
    with socket.create_server(("127.0.0.1", 0)) as listener, machine.log("relay").open("ab") as log:
        descriptor = listener.fileno()
        program = [sys.executable, "-IS", relay.__file__, str(descriptor), *target]
        command = ["setsid", "--fork", *namespaces.command(machine.namespace, program)]
        subprocess.run(
            command, pass_fds=[descriptor], stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True
        )
        return int(listener.getsockname()[1])


def _is_ready(starting: Node, api: Api, since: datetime) -> bool:
    if starting.kubelet_came_too_early():
        starting.start("kubelet")
    starting.require_programs()
    seen = api.get(f"/api/v1/nodes/{starting.name}")
    return seen is not None and node.ready_since(seen, since)


def _wait_for_service_account(api: Api) -> None:
    path = "/api/v1/namespaces/default/serviceaccounts/default"
    wait_for(lambda: api.get(path), "the controller manager to make the default service account")


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
