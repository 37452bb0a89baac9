"""The control plane: etcd, the API server, the controller manager and the scheduler on one machine.

Source: the reference pages of the four programs' flags. It does not know the nodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lb.lab import addressing, kubeconfig
from lb.lab.addressing import API_SERVER_PORT
from lb.lab.api import Api
from lb.lab.machine import Machine, Program
from lb.lab.pid_one import OWN
from lb.lab.pki import Authority, signing_key
from lb.lab.waiting import wait_for

ETCD = "http://127.0.0.1:2379"
ADDRESS = str(addressing.control_plane().v4)
SERVER = f"https://{ADDRESS}:{API_SERVER_PORT}"
# The API server's names: inside pods, on the segment, and through the relay on the host's loopback.
SERVER_NAMES = (
    *("kubernetes", "kubernetes.default", "kubernetes.default.svc"),
    *(str(addressing.SERVICES[1]), ADDRESS, "127.0.0.1"),
)
START_TIMEOUT = 60  # seconds; 2.5 on an idle machine of two cores

# A node counts as lost 10 s after its last sign of life, and its pods are moved 10 s later.
GRACE = "10s"
TOLERATION = "10"


def files(authority: Authority) -> Mapping[str, bytes]:
    """The control plane's certificates, keys and kubeconfigs by file name."""
    server = authority.server("kube-apiserver", SERVER_NAMES)
    kubelet_client = authority.client("kube-apiserver-kubelet-client", "system:masters")
    private, public = signing_key()
    made = {
        "ca.crt": authority.pair.certificate,
        "ca.key": authority.pair.key,
        "apiserver.crt": server.certificate,
        "apiserver.key": server.key,
        "kubelet-client.crt": kubelet_client.certificate,
        "kubelet-client.key": kubelet_client.key,
        "service-accounts.key": private,
        "service-accounts.pub": public,
    }
    for user in ("kube-controller-manager", "kube-scheduler"):
        pair = authority.client(f"system:{user}")
        made[f"{user}.kubeconfig"] = kubeconfig.render(
            SERVER, authority.pair.certificate, user, pair
        ).encode()
    return made


def etcd() -> Program:
    """The store; it does not wait for the disk, as a lab's data need not outlive a crash of the host."""
    return Program(
        "etcd",
        [
            "--data-dir=/var/lib/etcd",
            f"--listen-client-urls={ETCD}",
            f"--advertise-client-urls={ETCD}",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ],
    )


def api_server() -> Program:
    """The API server, with the authorizers and admission of a production cluster."""
    return Program(
        "kube-apiserver",
        [
            f"--etcd-servers={ETCD}",
            f"--bind-address={ADDRESS}",
            f"--advertise-address={ADDRESS}",
            f"--secure-port={API_SERVER_PORT}",
            f"--tls-cert-file={OWN}/apiserver.crt",
            f"--tls-private-key-file={OWN}/apiserver.key",
            f"--client-ca-file={OWN}/ca.crt",
            f"--kubelet-client-certificate={OWN}/kubelet-client.crt",
            f"--kubelet-client-key={OWN}/kubelet-client.key",
            "--kubelet-preferred-address-types=InternalIP",
            f"--service-cluster-ip-range={addressing.SERVICES},{addressing.SERVICES6}",
            f"--service-account-key-file={OWN}/service-accounts.pub",
            f"--service-account-signing-key-file={OWN}/service-accounts.key",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--default-not-ready-toleration-seconds={TOLERATION}",
            f"--default-unreachable-toleration-seconds={TOLERATION}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            "--anonymous-auth=false",
            # Dial the endpoints of a webhook's Service: its cluster address leads nowhere without kube-proxy.
            "--enable-aggregator-routing=true",
        ],
    )


def controller_manager() -> Program:
    """The controllers: node life cycle, endpoints, service accounts and the rest."""
    return Program(
        "kube-controller-manager",
        [
            *_user("kube-controller-manager"),
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={OWN}/service-accounts.key",
            f"--root-ca-file={OWN}/ca.crt",
            f"--cluster-signing-cert-file={OWN}/ca.crt",
            f"--cluster-signing-key-file={OWN}/ca.key",
            "--node-monitor-period=1s",
            f"--node-monitor-grace-period={GRACE}",
        ],
    )


def scheduler() -> Program:
    """The scheduler."""
    return Program("kube-scheduler", _user("kube-scheduler"))


def _user(name: str) -> list[str]:
    file = f"{OWN}/{name}.kubeconfig"
    flags = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
    return [*(f"--{flag}={file}" for flag in flags), "--bind-address=127.0.0.1", "--leader-elect=false"]


@dataclass(frozen=True)
class ApiServer:
    """The API server as something that can fail: stopped, nobody answers, and the nodes go on alone."""

    machine: Machine
    api: Api

    def start(self) -> None:
        """Start it and wait until it is ready; nothing happens if it runs."""
        if not self.machine.processes("kube-apiserver"):
            self.machine.start(api_server())
        self.wait()

    def stop(self) -> None:
        """Kill it: every connection to it ends, and new ones fail until `start`."""
        killed = self.machine.processes("kube-apiserver")
        for process in killed:
            process.kill()
        wait_for(lambda: all(each.reaped for each in killed), "kube-apiserver to end")

    def wait(self) -> None:
        """Wait until it is ready; raises `BrokenLabError` with its last words if it or etcd dies."""
        wait_for(self._ready, f"the API server to be ready (log: {self._log})", START_TIMEOUT)

    @property
    def _log(self) -> str:
        return str(self.machine.log("kube-apiserver"))

    def _ready(self) -> bool:
        self.machine.require("etcd")
        self.machine.require("kube-apiserver")
        return self.api.ready()
