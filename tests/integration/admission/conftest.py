"""A real API server that asks our webhooks, which run beside it with the controller's rights and no others.

In these tests every webhook has the failurePolicy Fail: what is not answered is seen.
"""

import base64
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.admission.certificates import Keys, bundled
from lb.cli.trial import MANIFESTS, NAMESPACE
from lb.lab.lab import Lab
from lb.lab.waiting import wait_for

HOUSE = Path(__file__).parents[3]
SERVICE = "metallb-webhook-service"
SECRET = "metallb-webhook-cert"
CONFIGURATION = "validatingwebhookconfiguration/metallb-webhook-configuration"
DEFINITION = "crd/bgppeers.metallb.io"
KINDS = "ipaddresspools,l2advertisements,bgppeers,bfdprofiles,communities,bgpadvertisements"


class Said:
    """What kubectl said, and whether it succeeded."""

    def __init__(self, done: "subprocess.CompletedProcess[str]") -> None:
        self.ok = done.returncode == 0
        self.output = done.stdout
        self.error = done.stderr.strip()


class Cluster:
    """The API server with us installed, as a person uses it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def kubectl(self, *arguments: str, input: str | None = None) -> Said:
        command = ["kubectl", *([] if input else ["-n", NAMESPACE]), *arguments]
        environment = self.lab.environment
        return Said(
            subprocess.run(command, env=environment, input=input, capture_output=True, text=True, timeout=60)
        )

    def apply(self, *objects: dict[str, Any], verb: str = "apply", options: tuple[str, ...] = ()) -> Said:
        return self.kubectl(verb, *options, "-f", "-", input=yaml.safe_dump_all(objects))

    def get(self, *arguments: str) -> Any:
        return json.loads(self.lab.kubectl("get", "-n", NAMESPACE, *arguments, "-o", "json"))

    def keys(self) -> Keys | None:
        """What the Secret holds; None if it is not there."""
        found = self.kubectl("get", "secret", SECRET, "-o", "json")
        data = json.loads(found.output).get("data", {}) if found.ok else {}
        return Keys.of({name: base64.b64decode(value) for name, value in data.items()})

    def write(self, keys: Keys) -> None:
        """Make the Secret hold *keys*, as a person would."""
        data = {name: base64.b64encode(value).decode() for name, value in keys.data.items()}
        metadata = {"name": SECRET, "namespace": NAMESPACE}
        self.lab.apply(
            yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
        )

    def trusted(self) -> list[set[bytes]]:
        """The certificates in each caBundle."""
        webhooks = self.get(CONFIGURATION)["webhooks"]
        webhooks.append(self.get(DEFINITION)["spec"]["conversion"]["webhook"])
        bundles = (each["clientConfig"].get("caBundle", "") for each in webhooks)
        return [set(bundled(base64.b64decode(each))) for each in bundles]

    def wait_until_only_trusted(self, authority: bytes, timeout: float = 20) -> None:
        def look() -> bool:
            return all(each == {authority} for each in self.trusted())

        self.lab.wait_for(look, "all caBundles to hold the one authority", timeout)

    def wait_until_asked(self) -> None:
        """Until the API server's questions about an object and a conversion are answered."""
        asked = (pool("asked"), peer("asked", "v1beta1", peerASN=64501, peerAddress="192.0.2.1"))

        def look() -> bool:
            return all(self.apply(each, verb="create", options=("--dry-run=server",)).ok for each in asked)

        self.lab.wait_for(look, "the webhooks to answer", 30)


def pool(name: str, namespace: str = NAMESPACE, **annotations: str) -> dict[str, Any]:
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "IPAddressPool",
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
        "spec": {"addresses": ["192.0.2.0/28"]},
    }


def peer(name: str, version: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": f"metallb.io/{version}",
        "kind": "BGPPeer",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"myASN": 64500, **spec},
    }


class Replica:
    """A process that serves the webhooks, on a host of its own on the segment."""

    def __init__(self, lab: Lab, name: str, module: str, arguments: list[str], log: Path) -> None:
        self._lab = lab
        self._client = lab.client(name)
        self._command = [sys.executable, "-m", module, *arguments]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = self._client.popen(self._command, stdout=log, stderr=log, cwd=HOUSE)
        self._lab.stand_in(self._client, SERVICE, 9443, namespace=NAMESPACE, port_name="webhook-server")

    def end(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            assert self._process.wait(timeout=20) == 0
        self._process = None

    @property
    def address(self) -> tuple[str, int]:
        """Where it serves the webhooks."""
        return str(self._client.address.v4), 9443

    def debug(self) -> Any:
        """What its /debug says."""
        return json.loads(self._client.fetch(f"http://{self._client.address.v4}:17472/debug").body)

    def ready(self) -> str:
        """What its /readyz says."""
        url = f"http://{self._client.address.v4}:17472/readyz"
        return wait_for(lambda: self._client.fetch(url).body, "the health port to answer", 20)

    @property
    def messages(self) -> list[str]:
        return [json.loads(line)["msg"] for line in self._log.read_text().splitlines() if line[0] == "{"]

    def leaf(self) -> str:
        """The certificate that it serves with, PEM."""
        with self._client.inside():
            return ssl.get_server_certificate(self.address, timeout=5)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab.up(f"test-{os.getpid()}-admission", nodes=0) as made:
        made.kubectl("apply", "-k", str(MANIFESTS))
        made.kubectl("wait", "--for=condition=Established", "crd", "--all")
        yield made


@contextmanager
def installed(lab: Lab) -> Iterator[Cluster]:
    """A clean cluster, its webhooks as they are installed."""
    lab.kubectl("apply", "-n", NAMESPACE, "-f", str(MANIFESTS / "webhook.yaml"))
    yield Cluster(lab)
    lab.kubectl("delete", CONFIGURATION, "--ignore-not-found")
    lab.kubectl("delete", KINDS, "--all", "-n", NAMESPACE)
    lab.kubectl("delete", "secret", SECRET, "-n", NAMESPACE, "--ignore-not-found")
    lab.kubectl("delete", "endpointslice", "-n", NAMESPACE, f"-lkubernetes.io/service-name={SERVICE}")


@pytest.fixture
def as_installed(lab: Lab) -> Iterator[Cluster]:
    with installed(lab) as cluster:
        yield cluster


@pytest.fixture
def cluster(as_installed: Cluster) -> Cluster:
    """A clean cluster in which nothing is written that is not answered for."""
    count = len(as_installed.get(CONFIGURATION)["webhooks"])
    patch = [{"op": "replace", "path": f"/webhooks/{n}/failurePolicy", "value": "Fail"} for n in range(count)]
    as_installed.lab.kubectl("patch", CONFIGURATION, "--type=json", "-p", json.dumps(patch))
    return as_installed


@pytest.fixture(scope="session")
def kubeconfig(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the rights of the controller's ServiceAccount, for programs on the segment."""
    token = lab.kubectl("create", "token", "controller", "-n", NAMESPACE).strip()
    config = yaml.safe_load(lab.segment_kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    path = tmp_path_factory.mktemp("rights") / "controller.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


class Replicas:
    """Starts processes; each ends with the test, and its log is shown should the test fail."""

    def __init__(self, lab: Lab, kubeconfig: Path, folder: Path, ending: ExitStack) -> None:
        self._lab = lab
        self._kubeconfig = str(kubeconfig)
        self._folder = folder
        self._ending = ending

    def decider(self, *arguments: str, name: str = "webhook") -> Replica:
        given = [self._kubeconfig, NAMESPACE, *arguments]
        return self._started(name, "tests.integration.admission.decider", given)

    def controller(self, name: str, *arguments: str) -> Replica:
        given = ["--namespace", NAMESPACE, "--kubeconfig", self._kubeconfig, *arguments]
        return self._started(name, "controller", given)

    def _started(self, name: str, module: str, arguments: list[str]) -> Replica:
        replica = Replica(self._lab, name, module, arguments, self._folder / f"{name}.log")
        self._ending.callback(self._show, name, replica)
        self._ending.callback(replica.end)
        replica.start()
        return replica

    def _show(self, name: str, replica: Replica) -> None:
        sys.stdout.write("".join(f"{name}: {message}\n" for message in replica.messages))


class Answered:
    """A cluster whose API server asks a true controller."""

    def __init__(self, cluster: Cluster, controller: Replica) -> None:
        self.cluster = cluster
        self.controller = controller

    def apply(self, *objects: dict[str, Any], options: tuple[str, ...] = ()) -> list[str]:
        """Apply *objects*, which must all be accepted; the warnings that are shown."""
        said = self.cluster.apply(*objects, options=options)
        assert said.ok, said.error
        return said.error.splitlines()

    def put(self, *objects: dict[str, Any]) -> list[str]:
        """Apply one of *objects* after the other, each once the one before has been read."""
        warnings = []
        for each in objects:
            warnings += self.apply(each)
            if each["apiVersion"].startswith("metallb.io/"):
                self._wait_until_read(each["kind"], each["metadata"]["name"])
        return warnings

    def _wait_until_read(self, kind: str, name: str) -> None:
        about = f"{kind} {NAMESPACE}/{name}: "
        self.wait_for(
            lambda told: (
                name in told["in_force"][kind] or any(each.startswith(about) for each in told["rejections"])
            ),
            f"{kind} {name} to be read",
        )

    def wait_for(self, condition: Callable[[Any], Any], what: str) -> Any:
        """Until *condition* holds of what the controller's /debug says."""
        return self.cluster.lab.wait_for(lambda: condition(self.controller.debug()), what, 20)

    def clear(self) -> None:
        """Delete all configuration, and wait until the controller knows."""
        self.cluster.lab.kubectl("delete", KINDS, "--all", "-n", NAMESPACE)
        self.wait_for(lambda told: not any(told["in_force"].values()), "the configuration to be empty")


@pytest.fixture(scope="module")
def answered(lab: Lab, kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answered]:
    """As it is installed, with one controller for all tests of the module."""
    with installed(lab) as cluster, ExitStack() as ending:
        replicas = Replicas(lab, kubeconfig, tmp_path_factory.mktemp("answered"), ending)
        controller = replicas.controller("webhook")
        cluster.wait_until_asked()
        yield Answered(cluster, controller)


@pytest.fixture
def replicas(as_installed: Cluster, kubeconfig: Path, tmp_path: Path) -> Iterator[Replicas]:
    with ExitStack() as ending:
        yield Replicas(as_installed.lab, kubeconfig, tmp_path, ending)
