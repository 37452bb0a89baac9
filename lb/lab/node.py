"""A node: containerd, kubelet and kube-proxy on a machine, and what configures them.

Source: the API types KubeletConfiguration v1beta1 and KubeProxyConfiguration v1alpha1, containerd's CRI
plugin configuration, the CNI specification 1.0. It does not know the control plane beyond its address.
"""

import json
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from lb.lab import addressing, control_plane, kubeconfig
from lb.lab.addressing import Address
from lb.lab.errors import LabError
from lb.lab.machine import Machine, Program
from lb.lab.pid_one import OWN
from lb.lab.pki import Authority
from lb.lab.processes import Process
from lb.lab.waiting import wait_for

CONTAINERD = "/run/containerd/containerd.sock"
TOO_EARLY = "server is not initialized yet"  # what the kubelet is told then
POD_LINKS = "veth"  # how the names of the pods' links begin on a node
PAUSE_IMAGE = "localhost/pause:1"

# What a kubelet would write into the whole machine's kernel, and the values that it wants to find there.
MACHINE_WIDE_SYSCTLS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
OWN_SYSCTLS = {"net/ipv4/ip_forward": "1", "net/ipv6/conf/all/forwarding": "1"}
SHADOWS = {
    "/etc/resolv.conf": "resolv.conf",
    "/etc/hosts": "hosts",
    **{f"/proc/sys/{name}": f"sysctl/{name}" for name in MACHINE_WIDE_SYSCTLS},
}


def files(name: str, index: int, authority: Authority, cni: Path) -> Mapping[str, bytes]:
    """The configuration of node *name*, number *index*, by file below /run/lab; *cni* has the plugins."""
    address = addressing.node(index)
    ca = authority.pair.certificate

    def login(user: str, group: str | None = None) -> str:
        return kubeconfig.render(control_plane.SERVER, ca, user, authority.client(user, group))

    texts = {
        "ca.crt": ca.decode(),
        "kubelet.kubeconfig": login(f"system:node:{name}", "system:nodes"),
        "kube-proxy.kubeconfig": login("system:kube-proxy"),
        "kubelet.yaml": yaml.safe_dump(kubelet_configuration(address)),
        "kube-proxy.yaml": yaml.safe_dump(kube_proxy_configuration(name)),
        "containerd.toml": containerd_configuration(cni),
        "net.d/10-lab.conflist": json.dumps(pod_network(index)),
        # There is no DNS in the lab: ask nobody, and give up soon.
        "resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
        "hosts": f"127.0.0.1 localhost\n{address.v4} {name}\n{address.v6} {name}\n",
        **{f"sysctl/{sysctl}": f"{value}\n" for sysctl, value in MACHINE_WIDE_SYSCTLS.items()},
    }
    return {path: text.encode() for path, text in texts.items()}


def kubelet_configuration(address: Address) -> dict[str, Any]:
    """The kubelet's configuration on the node at *address*."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "failSwapOn": False,
        "oomScoreAdj": 0,  # the default is below the caller's, which takes a capability that it may lack
        "containerRuntimeEndpoint": f"unix://{CONTAINERD}",
        "address": str(address.v4),
        "resolvConf": f"{OWN}/resolv.conf",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{OWN}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        # All nodes share the host's disk: evicting on one would free nothing for the others.
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
            "nodefs.inodesFree": "1%",
        },
        # Signs of life often enough for the control plane's grace of 10 s.
        "nodeStatusUpdateFrequency": "4s",
        "nodeLeaseDurationSeconds": 8,
    }


def kube_proxy_configuration(name: str) -> dict[str, Any]:
    """kube-proxy's configuration on node *name*."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "hostnameOverride": name,
        "clientConnection": {"kubeconfig": f"{OWN}/kube-proxy.kubeconfig"},
        "detectLocalMode": "InterfaceNamePrefix",
        "detectLocal": {"interfaceNamePrefix": POD_LINKS},
        # 0: leave the connection tracking table alone, whose size is the whole machine's.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def containerd_configuration(cni: Path) -> str:
    """containerd's configuration; *cni* is where the CNI plugins are."""
    unused = ["snapshotter.v1.btrfs", "snapshotter.v1.zfs", "snapshotter.v1.devmapper", "snapshotter.v1.aufs"]
    unused += ["internal.v1.opt", "internal.v1.tracing", "tracing.processor.v1.otlp"]
    return f"""version = 2
disabled_plugins = {json.dumps([f"io.containerd.{plugin}" for plugin in unused])}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni}"
    conf_dir = "{OWN}/net.d"
"""


def pod_network(index: int) -> dict[str, Any]:
    """The CNI network of node *index*: each pod has a link and addresses of both families to itself.

    No bridge: on one, pods of a node answer each other past the rules of kube-proxy, unless the whole
    machine has the module br_netfilter loaded.
    """
    ranges = [[{"subnet": str(network)}] for network in addressing.pods(index)]
    routes = [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
    link = {"type": "ptp", "ipam": {"type": "host-local", "ranges": ranges, "routes": routes}}
    port_map = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "1.0.0", "name": "lab", "plugins": [link, port_map]}


def ready_since(seen: Mapping[str, Any], since: datetime) -> bool:
    """Whether the Node object *seen* is Ready by word of a kubelet that spoke at *since* or later.

    A node that lost its power a moment ago still counts as Ready.
    """
    return any(
        condition["type"] == "Ready"
        and condition["status"] == "True"
        # The API knows whole seconds only.
        and datetime.fromisoformat(condition["lastHeartbeatTime"]) >= since.replace(microsecond=0)
        for condition in seen["status"].get("conditions", [])
    )


@dataclass(frozen=True)
class Node:
    """A node of a running lab."""

    name: str
    address: Address
    machine: Machine

    @property
    def mac(self) -> str:
        """The MAC address of its eth0, lower case with colons."""
        return self.address.mac

    @property
    def on(self) -> bool:
        """Whether it has power."""
        return self.machine.pid is not None

    def run(self, argv: Sequence[str], *, check: bool = True, timeout: float = 60) -> str:
        """The standard output of *argv* run on the node; raises `LabError` if it fails and *check* is set."""
        done = subprocess.run(self.machine.command(argv), capture_output=True, text=True, timeout=timeout)
        if check and done.returncode != 0:
            raise LabError(
                f"{' '.join(argv)} on {self.name} ended with {done.returncode}: {done.stderr.strip()}"
            )
        return done.stdout

    def process(self, name: str) -> Process:
        """The node's one process called *name*, to kill, pause or resume; raises `LabError` otherwise."""
        return self.machine.process(name)

    def container(self, container_id: str) -> list[Process]:
        """The processes of a container, by its id in the pod's status (`containerd://…` or bare)."""
        _, _, bare = container_id.rpartition("/")
        return [process for process in self.machine.processes() if bare in process.cgroups]

    def start(self, name: str) -> None:
        """Start `containerd`, `kubelet` or `kube-proxy`, at boot or after it was killed."""
        self.machine.start(self._programs()[name])

    def require_programs(self) -> None:
        """Raise `BrokenLabError` with its last words if one of the node's programs has ended."""
        for program in self._programs():
            self.machine.require(program)

    def kubelet_came_too_early(self) -> bool:
        """Whether the kubelet has ended because containerd, which took calls, had not found its pods yet."""
        return not self.machine.processes("kubelet") and TOO_EARLY in self.machine.last_words("kubelet")

    def wait_for_containerd(self) -> None:
        """Wait until containerd takes calls."""
        wait_for(self._containerd_answers, f"containerd on {self.name}", timeout=30, pause=0.02)

    def import_image(self, tar: Path) -> "subprocess.Popen[bytes]":
        """Begin to import the image *tar* (OCI layout or `docker save`) into containerd."""
        with tar.open("rb") as image:
            argv = ["ctr", "--namespace=k8s.io", "images", "import", "-"]
            return self.machine.popen(argv, stdin=image, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def images(self) -> str:
        """The listing of the images that containerd holds; digests are `sha256:…` in it."""
        return self.run(["ctr", "--namespace=k8s.io", "images", "list"])

    def _programs(self) -> dict[str, Program]:
        v4, v6 = self.address.v4, self.address.v6
        kubelet = [f"--config={OWN}/kubelet.yaml", f"--kubeconfig={OWN}/kubelet.kubeconfig"]
        kubelet += [f"--hostname-override={self.name}", f"--node-ip={v4},{v6}"]
        programs = (
            Program("containerd", [f"--config={OWN}/containerd.toml"]),
            Program("kubelet", kubelet),
            Program("kube-proxy", [f"--config={OWN}/kube-proxy.yaml"]),
        )
        return {program.name: program for program in programs}

    def _containerd_answers(self) -> bool:
        self.machine.require("containerd")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(f"/proc/{self.machine.pid}/root{CONTAINERD}")
        return True
