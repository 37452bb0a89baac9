"""The API server calls webhooks that it knows by their Service: a process beside the cluster, and a pod."""

import base64
import json
import subprocess
import sys
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml

from lb.lab.errors import LabError
from lb.lab.pki import Authority

PROGRAM = str(Path(__file__).with_name("webhook.py"))
PORT = 9443
FAMILIES = ("IPv4", "IPv6")


class Gate:
    """A webhook's Service and certificate on *lab*, and what makes the API server call it."""

    def __init__(self, lab, folder):
        self.lab = lab
        self.name = f"gate-{uuid.uuid4().hex[:8]}"
        self.group = f"{self.name}.example.org"
        self._authority = Authority("gate")
        pair = self._authority.server(self.name, [f"{self.name}.default.svc"])
        self._pair = folder / f"{self.name}.pem"
        self._pair.write_bytes(pair.certificate + pair.key)

    def service(self, family="IPv4", **spec):
        ports = [{"name": "https", "port": 443, "targetPort": PORT}]
        self.apply("v1", "Service", self.name, spec={"ports": ports, "ipFamilies": [family], **spec})

    @contextmanager
    def serving(self, popen, address):
        """The webhook listens at *address*, started by *popen*; it ends with this process, too."""
        argv = [sys.executable, "-IS", PROGRAM, str(address), str(PORT), str(self._pair)]
        with popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
            assert running.stdout.readline() == b"listening\n"
            yield

    def judge(self):
        """From now on the webhook is asked about each new ConfigMap that bears the gate's label."""
        rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"]}
        webhook = {
            "name": self.group,
            "clientConfig": self._client("/judge"),
            "rules": [{**rule, "resources": ["configmaps"]}],
            "objectSelector": {"matchLabels": {"gate": self.name}},
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        api = "admissionregistration.k8s.io/v1"
        self.apply(api, "ValidatingWebhookConfiguration", self.name, webhooks=[webhook])

    def convert(self):
        """A custom resource of two versions, of which v1 is stored; the webhook is asked for v2."""
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        versions = [
            {"name": name, "served": True, "storage": name == "v1", "schema": schema} for name in ("v1", "v2")
        ]
        webhook = {"clientConfig": self._client("/convert"), "conversionReviewVersions": ["v1"]}
        spec = {
            "group": self.group,
            "names": {"kind": "Thing", "plural": "things"},
            "scope": "Cluster",
            "versions": versions,
            "conversion": {"strategy": "Webhook", "webhook": webhook},
        }
        name = f"things.{self.group}"
        self.apply("apiextensions.k8s.io/v1", "CustomResourceDefinition", name, spec=spec)
        self.lab.kubectl("wait", "--for=condition=Established", f"crd/{name}")

    def refusal(self, label):
        """Why a ConfigMap with *label* is not taken; empty if it is."""
        metadata = {"name": self.name, "labels": {"gate": label}}
        made = yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
        try:
            self.lab.kubectl("create", "--dry-run=server", "--filename=-", input=made)
        except LabError as error:
            return str(error)
        return ""

    def wait_for_refusal(self, text):
        def look():
            why = self.refusal(self.name)
            assert text in why, why
            return True

        self.lab.wait_for(look, f"a refusal that says {text!r}", timeout=30)

    @contextmanager
    def pod(self, node):
        """A ready pod on *node* that the Service selects: its addresses, and what starts a program in it."""
        container = {"name": "main", "image": "localhost/pause:1", "imagePullPolicy": "Never"}
        spec = {"nodeName": node, "terminationGracePeriodSeconds": 0, "containers": [container]}
        self.apply("v1", "Pod", self.name, labels={"app": self.name}, spec=spec)
        self.lab.kubectl("wait", "--for=condition=Ready", f"pod/{self.name}", "--timeout=60s", timeout=70)
        seen = json.loads(self.lab.kubectl("get", "pod", self.name, "--output=json"))
        (process,) = self.lab.container(self.name)

        def popen(argv, **options):
            return subprocess.Popen(["nsenter", f"--net=/proc/{process.pid}/ns/net", "--", *argv], **options)

        yield dict(zip(FAMILIES, (each["ip"] for each in seen["status"]["podIPs"]), strict=True)), popen

    def apply(self, api, kind, name, labels=None, **fields):
        metadata = {"name": name, "labels": labels or {}}
        self.lab.apply(yaml.safe_dump({"apiVersion": api, "kind": kind, "metadata": metadata, **fields}))

    def close(self):
        made = [f"{kind}/{self.name}" for kind in ("validatingwebhookconfiguration", "service", "pod")]
        self.lab.kubectl("delete", *made, f"crd/things.{self.group}", "--ignore-not-found")
        self.lab.kubectl("delete", "endpointslices", f"--selector=kubernetes.io/service-name={self.name}")

    def _client(self, path):
        service = {"namespace": "default", "name": self.name, "path": path}
        authority = base64.b64encode(self._authority.pair.certificate).decode()
        return {"service": service, "caBundle": authority}


@pytest.fixture
def gate_on(tmp_path):
    """Make a gate on a lab; all of it is gone after the test."""
    with ExitStack() as gates:

        def make(lab):
            gate = Gate(lab, tmp_path)
            gates.callback(gate.close)
            return gate

        yield make


def beside(gate, **spec):
    """The client that stands in for the pods of the gate's Service."""
    client = gate.lab.client("webhook")
    gate.service(**spec)
    gate.lab.stand_in(client, gate.name, PORT, port_name="https")
    return client


@pytest.mark.parametrize("family", FAMILIES)
def test_a_process_on_a_client_denies_an_object_in_a_lab_without_nodes(control_plane, gate_on, family):
    gate = gate_on(control_plane)
    client = beside(gate, family=family)
    address = client.address.v4 if family == "IPv4" else client.address.v6
    with gate.serving(client.popen, address):
        gate.judge()
        gate.wait_for_refusal(f"denied the request: denied at {address}")
        assert gate.refusal("another") == ""
    gate.wait_for_refusal("connection refused")


def test_a_client_stands_in_for_pods_that_a_service_selects_in_vain(control_plane, gate_on):
    gate = gate_on(control_plane)
    client = beside(gate, selector={"app": gate.name})
    with gate.serving(client.popen, client.address.v4):
        gate.judge()
        gate.wait_for_refusal(f"denied at {client.address.v4}")


def test_a_process_on_a_client_converts_an_object_to_another_version(control_plane, gate_on):
    gate = gate_on(control_plane)
    client = beside(gate)
    with gate.serving(client.popen, client.address.v4):
        gate.convert()
        gate.apply(f"{gate.group}/v1", "Thing", "it")
        where = "--output=jsonpath={.converted}"
        read = control_plane.wait_for(
            lambda: control_plane.kubectl("get", f"things.v2.{gate.group}", "it", where), "its other version"
        )
        assert read == str(client.address.v4)
        assert control_plane.kubectl("get", f"things.v1.{gate.group}", "it", where) == ""


def test_each_lab_reaches_its_own_process_though_addresses_are_alike(control_plane, cluster, gate_on):
    gates = [gate_on(lab) for lab in (control_plane, cluster)]
    with ExitStack() as running:
        for gate in gates:
            client = beside(gate)
            running.enter_context(gate.serving(client.popen, client.address.v4))
            gate.judge()
        for gate in gates:  # the certificate of another's would not be taken
            gate.wait_for_refusal(f"denied at {gate.lab.client('webhook').address.v4}")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_process_in_a_pods_network_denies_an_object(cluster, gate_on, family):
    gate = gate_on(cluster)
    gate.service(family, selector={"app": gate.name})
    with gate.pod("n2") as (addresses, popen), gate.serving(popen, addresses[family]):
        gate.judge()
        gate.wait_for_refusal(f"denied the request: denied at {addresses[family]}")


def test_a_program_on_a_client_talks_to_the_api_server_by_a_kubeconfig_of_its_own(control_plane):
    kubectl = control_plane.environment["PATH"].partition(":")[0] + "/kubectl"
    arguments = [f"--kubeconfig={control_plane.segment_kubeconfig}", "get", "namespace", "default"]
    assert (
        control_plane.client("webhook").run([kubectl, *arguments, "--output=name"]) == "namespace/default\n"
    )
