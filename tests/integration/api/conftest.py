"""Our CRDs on a real API server, and kubectl with all that it says."""

import json
import subprocess
import uuid

import pytest

from lb.api.custom_resource import GROUP
from lb.api.kinds import KINDS
from lb.cli.trial import MANIFESTS

CRDS = [f"{kind.plural}.{GROUP}" for kind in KINDS]


class Kubectl:
    """kubectl in a namespace of its own."""

    def __init__(self, lab, namespace="default"):
        self._environment = lab.environment
        self.namespace = namespace

    def __call__(self, *arguments, given=None):
        """What it tells, and of what it complains."""
        done = subprocess.run(
            ["kubectl", f"--namespace={self.namespace}", *arguments],
            env=self._environment,
            input=given if given is None else json.dumps(given),
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout, done.stderr

    def complaint(self, item, *flags):
        """Of what it complains when *item* is applied."""
        return self("apply", "-f", "-", *flags, given=item)[1].strip()

    def complaint_about_status(self, plural, name, status):
        """Of what it complains when *status* is written."""
        patch = ("--subresource=status", "--type=merge", "--patch-file=/dev/stdin")
        return self("patch", plural, name, *patch, given={"status": status})[1].strip()

    def get(self, *arguments):
        return json.loads(self("get", "--output=json", *arguments)[0])


@pytest.fixture(scope="module")
def installation(control_plane):
    """What kubectl complained of when it applied the CRDs."""
    kubectl = Kubectl(control_plane)
    yield kubectl("apply", "-f", str(MANIFESTS / "crds"))[1]
    kubectl("delete", "crd", *CRDS)


@pytest.fixture(scope="module")
def installed(control_plane, installation):
    control_plane.kubectl("wait", "--for=condition=Established", *(f"crd/{name}" for name in CRDS))
    return control_plane


@pytest.fixture(scope="module")
def kubectl(installed):
    namespace = f"test-{uuid.uuid4().hex[:10]}"
    kubectl = Kubectl(installed, namespace)
    kubectl("create", "namespace", namespace)
    yield kubectl
    kubectl("delete", "namespace", namespace)


@pytest.fixture
def name():
    """The name of an object of this test's own."""
    return f"it-{uuid.uuid4().hex[:10]}"
