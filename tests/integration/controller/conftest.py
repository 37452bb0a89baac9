"""The controller as a process of its own, with its ServiceAccount's rights, on a real API server."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from lb.cli.trial import MANIFESTS, NAMESPACE
from lb.lab.api import Api
from lb.lab.client import Client
from lb.lab.errors import LabError
from lb.lab.lab import Lab
from lb.lab.waiting import wait_for

KINDS = {
    "/api/v1/namespaces/default": ("services?labelSelector=component!%3Dapiserver", "events"),
    f"/api/v1/namespaces/{NAMESPACE}": ("events",),
    f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}": ("leases",),
    f"/apis/metallb.io/v1beta2/namespaces/{NAMESPACE}": ("bgppeers",),
    f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}": (
        *("ipaddresspools", "l2advertisements", "bgpadvertisements", "bfdprofiles", "communities"),
        "configurationstates",
    ),
}
"""What tests leave behind."""
ALLOCATED = "anvil-lb.io/AddressAllocated"


class Cluster:
    """The API server, as a person uses it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._api = Api(lab.kubeconfig)

    def apply(self, *objects: dict[str, Any]) -> None:
        self.lab.apply(yaml.safe_dump_all(objects))

    def get(self, *arguments: str) -> Any:
        return json.loads(self.lab.kubectl("get", *arguments, "-o", "json"))

    def delete(self, kind: str, name: str, namespace: str = "default") -> None:
        self.lab.kubectl("delete", kind, name, "-n", namespace, "--wait=true")

    def pool(self, name: str, *addresses: str, **spec: Any) -> None:
        self.apply(custom_resource("IPAddressPool", name, {"addresses": list(addresses), **spec}))

    def service(
        self,
        name: str,
        *,
        namespace: str = "default",
        annotations: dict[str, str] | None = None,
        **spec: Any,
    ) -> None:
        metadata = {"name": name, "namespace": namespace, "annotations": annotations or {}}
        ports = [{"port": 80}]
        spec = {"type": "LoadBalancer", "selector": {"app": name}, "ports": ports, **spec}
        self.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})

    def look(self, path: str) -> Any:
        """What is at *path*: what is asked often is asked without kubectl, which takes long to start."""
        found = self._api.get(path)
        assert found is not None, f"there is no {path}"
        return found

    def status(self, service: str, namespace: str = "default") -> Any:
        return self.look(f"/api/v1/namespaces/{namespace}/services/{service}")["status"]

    def addresses(self, service: str, namespace: str = "default") -> list[str]:
        ingress = self.status(service, namespace)["loadBalancer"].get("ingress", [])
        return [each.get("ip", each.get("hostname")) for each in ingress]

    def wait_for_address(self, service: str, expected: str | None = None, namespace: str = "default") -> str:
        def look() -> str | None:
            found = self.addresses(service, namespace)
            return found[0] if len(found) == 1 and expected in (None, found[0]) else None

        return self.lab.wait_for(look, f"Service {service} to have {expected or 'an address'}", timeout=20)

    def wait_for_addresses(self, service: str, *expected: str) -> None:
        """It has these in this order, or none."""
        self.lab.wait_for(
            lambda: self.addresses(service) == [*expected], f"Service {service} to have {expected}", 20
        )

    def condition(self, service: str) -> Any:
        """By which *service* tells whether it has an address."""
        conditions = self.status(service).get("conditions", [])
        return next((each for each in conditions if each["type"] == ALLOCATED), None)

    def wait_for_reason(self, service: str, status: str, reason: str, text: str = "") -> str:
        """The message of the condition, once it has *status* and *reason*, and says *text*."""

        def look() -> str | None:
            found = self.condition(service) or {}
            is_so = (found.get("status"), found.get("reason")) == (status, reason)
            return found["message"] if is_so and text in found["message"] else None

        return self.lab.wait_for(look, f"Service {service} to say {status}, {reason} {text}", timeout=20)

    def wait_for_event(self, name: str, reason: str, namespace: str = "default", text: str = "") -> str:
        def look() -> str | None:
            return next((each for each in self.events(name, reason, namespace) if text in each), None)

        return self.lab.wait_for(look, f"an event {reason} on {name} that says {text!r}", timeout=20)

    def events(self, name: str, reason: str, namespace: str = "default") -> list[str]:
        """The messages of the different ones, and how often each was told if that was more than once."""
        selector = f"involvedObject.name%3D{name},reason%3D{reason}"
        found = self.look(f"/api/v1/namespaces/{namespace}/events?fieldSelector={selector}")["items"]
        times = {each["message"]: each["count"] for each in found}
        return [message if count == 1 else f"{count} times: {message}" for message, count in times.items()]


def custom_resource(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "metallb.io/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}


class Controller:
    """The process, on *host* if it is not to run here. Its log is kept, and shown when a test fails."""

    def __init__(self, kubeconfig: Path, log: Path, *flags: str, host: Client | None = None) -> None:
        self._kubeconfig = kubeconfig
        self._log = log
        self._flags = flags
        self._host = host
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "controller", "--namespace", NAMESPACE]
        command += ["--kubeconfig", str(self._kubeconfig), "--health-probe-port", str(self._port)]
        command += ["--webhook-port", "0", *self._flags]  # any: the API server does not reach it here
        if self._host is not None:
            command = self._host.command(command)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self._process is not None
        if number is signal.SIGTERM:  # which ends Python by itself before the process has begun
            wait_for(lambda: not self.running or [self.ask("/healthz")], "the controller to begin")
        self.send(number)
        return self._process.wait(timeout=20)

    def restart(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.end(number)
        self.start()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def messages(self) -> list[str]:
        return [
            json.loads(line)["msg"] for line in self._log.read_text().splitlines() if line.startswith("{")
        ]

    def ask(self, path: str) -> str:
        url = f"http://127.0.0.1:{self._port}{path}"
        if self._host is not None:
            return self._host.fetch(url).body
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())

    @property
    def debug(self) -> Any:
        return json.loads(self.ask("/debug"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def installed() -> Iterator[Lab]:
    """An API server of its own with us installed: the controller serves every Service that there is."""
    with Lab.up(f"test-{os.getpid()}-ipam", nodes=0) as lab:
        lab.kubectl("apply", "-k", str(MANIFESTS))
        lab.kubectl("wait", "--for=condition=Established", "crd", "--all")
        yield lab


@pytest.fixture
def cluster(installed: Lab) -> Iterator[Cluster]:
    """A clean cluster."""
    yield Cluster(installed)
    api = Api(installed.kubeconfig)
    for path in (f"{place}/{kind}" for place, kinds in KINDS.items() for kind in kinds):
        installed.wait_for(partial(deleted, api, path), f"all {path} to be deleted", timeout=180)


def deleted(api: Api, path: str) -> bool:
    api.delete(path)
    return True


@pytest.fixture
def as_controller(installed: Lab, tmp_path: Path) -> Path:
    """A kubeconfig with the rights of the controller's ServiceAccount, and no others."""
    token = installed.kubectl("create", "token", "controller", "-n", NAMESPACE).strip()
    config = yaml.safe_load(installed.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    path = tmp_path / "controller.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


Start = Callable[..., Controller]


@pytest.fixture
def start(cluster: Cluster, as_controller: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts the controller of a pod of this name, with these flags. All end in good order."""
    started: list[Controller] = []

    def start_controller(
        name: str, *flags: str, kubeconfig: Path = as_controller, host: Client | None = None
    ) -> Controller:
        log = tmp_path / f"{name}.log"
        started.append(Controller(kubeconfig, log, "--pod-name", name, *flags, host=host))
        started[-1].start()
        return started[-1]

    yield start_controller
    for each in started:
        if each.running:
            each.send(signal.SIGCONT)
            assert each.end() == 0
        sys.stdout.write("\n".join(each.messages))


@pytest.fixture
def controller(start: Start) -> Controller:
    return start("controller")


class State:
    """The controller's ConfigurationState."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def object(self) -> Any:
        return self._cluster.get("configurationstates", "controller", "-n", NAMESPACE)

    def wait_for(self, result: str, *texts: str) -> Any:
        """The condition, once the status has this result and the message says all of *texts*."""

        def look() -> Any:
            try:
                status = self.object().get("status", {})
            except LabError:
                return None
            said = status.get("errorSummary", "")
            found = status.get("result") == result and all(text in said for text in texts)
            return status["conditions"][0] if found else None

        return self._cluster.lab.wait_for(look, f"the configuration to be {result}: {texts}", timeout=40)


@pytest.fixture
def state(cluster: Cluster) -> State:
    return State(cluster)
