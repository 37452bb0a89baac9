"""anvil-lb installed in a lab as the README tells an operator, and what can then be asked of it.

The demonstration, the end-to-end tests and the measurements all stand on this.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lb.lab import image
from lb.lab.arping import arping
from lb.lab.client import Client
from lb.lab.lab import Lab

MANIFESTS = Path(__file__).parents[2] / "manifests"
SAMPLES = MANIFESTS / "samples"
NAMESPACE = "metallb-system"
HEALTH_PORT = 17472


class Trial:
    """A *lab* with anvil-lb in it. *say* is told each kubectl command before it runs."""

    def __init__(self, lab: Lab, say: Callable[[str], None] = lambda text: None) -> None:
        self.lab = lab
        self._say = say
        self._nodes = {lab.node(name).address.mac: name for name in lab.node_names}

    def kubectl(self, *arguments: str, timeout: float = 60) -> str:
        """Run kubectl, saying so first; what it prints."""
        self._say("kubectl " + " ".join(arguments).replace(f"{MANIFESTS.parent}/", ""))
        return self.lab.kubectl(*arguments, timeout=timeout)

    def install(self) -> None:
        """Bring the image to the nodes and install; returns when controller and speakers are ready."""
        self.lab.load(image.build(say=self._say))
        self.kubectl("apply", "-k", f"{MANIFESTS}/")
        for workload in ("deployment/controller", "daemonset/speaker"):
            self.kubectl("-n", NAMESPACE, "rollout", "status", workload, "--timeout=90s", timeout=100)

    def apply_samples(self, *names: str) -> None:
        """Apply the samples of these names."""
        for name in names:
            self.kubectl("apply", "-f", f"{SAMPLES / name}.yaml")

    def get(self, *arguments: str) -> Any:
        """What `kubectl get` with *arguments* answers, as JSON."""
        return json.loads(self.lab.kubectl("get", *arguments, "-o", "json"))

    def address(self, service: str, namespace: str = "default") -> str:
        """The external address that *service* has or is about to have."""

        def look() -> str | None:
            status = self.get("service", service, "-n", namespace)["status"]
            ingress = status["loadBalancer"].get("ingress", [])
            return ingress[0]["ip"] if ingress else None

        return self.lab.wait_for(look, f"an address for Service {namespace}/{service}", timeout=20)

    def events(self, name: str, reason: str, namespace: str = "default") -> list[str]:
        """The messages of the events about the object *name* with this *reason*."""
        selector = f"involvedObject.name={name},reason={reason}"
        events = self.get("events", "-n", namespace, "--field-selector", selector)["items"]
        return [event["message"] for event in events]

    def announcer(self, address: str) -> str:
        """The node that answers for *address*, once exactly one does."""

        def look() -> str | None:
            nodes = self.answering(address)
            return nodes[0] if len(nodes) == 1 else None

        return self.lab.wait_for(look, f"exactly one node to answer ARP requests for {address}", timeout=20)

    def answering(self, address: str) -> list[str]:
        """The nodes that answer when a client asks by ARP who has *address*."""
        return [self._nodes.get(mac, mac) for mac in arping(self.lab.client(), address)]

    def speaker(self, name: str, service: str = "") -> Any:
        """What the speaker on node *name* tells at its debug endpoint; of *service*, by key, all of it."""
        node = self.lab.node(name)
        local = Client(name, node.machine.namespace, node.address)
        path = f"debug/{service}" if service else "debug"
        return json.loads(local.fetch(f"http://127.0.0.1:{HEALTH_PORT}/{path}").body)

    def speakers_agree(self) -> bool:
        """Whether the speaker of each node that has power says that just these nodes are members."""
        powered = [name for name in self.lab.node_names if self.lab.node(name).on]
        return all(self.speaker(name)["members"] == sorted(powered) for name in powered)

    def why(self, service: str, node: str) -> str:
        """What the speaker on *node* told as its reason for announcing *service*."""
        told = f'announcing from node "{node}"'

        def look() -> str | None:
            return next(
                (text for text in self.events(service, "nodeAssigned") if text.startswith(told)), None
            )

        return self.lab.wait_for(look, f"an event {told} on Service {service}", timeout=20)

    def fetch(self, url: str) -> str:
        """The page at *url*, for a client on the nodes' segment.

        Tried again for a few seconds: an address may be announced before kube-proxy has its rules.
        """

        def look() -> str:
            return self.lab.client().fetch(url, timeout=0.5).body

        return self.lab.wait_for(look, f"an answer from {url}", timeout=10)
