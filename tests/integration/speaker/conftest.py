"""A machine to announce from, and clients on its wires: network namespaces without names.

Only this process holds them, by descriptors, so they go with it even when it is killed. The thread that runs
a test is inside the machine's namespace.
"""

import asyncio
import ctypes
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry
from pyroute2 import IPRoute

from lb.cli.trial import MANIFESTS, NAMESPACE
from lb.lab import namespaces
from lb.lab.lab import Lab
from lb.observe.metrics import Layer2Metrics
from speaker.layer2.addresses import watch_addresses
from speaker.layer2.announcer import Announcer
from speaker.layer2.links import watch_interfaces

CLONE_NEWNET = 0x40000000
IFA_F_NODAD = 0x02
INTERVAL = 3600
"""Seconds between the refreshes of an announcement: longer than a test."""
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
libc = ctypes.CDLL(None, use_errno=True)


async def eventually(condition, seconds=20.0):
    """The first true value of *condition()*; TimeoutError if there is none within *seconds*."""
    async with asyncio.timeout(seconds):
        while not (value := condition()):  # noqa: ASYNC110  # what is waited for is the kernel's
            await asyncio.sleep(0.005)
    return value


class Host:
    """A network namespace."""

    def __init__(self):
        def make():
            if libc.unshare(CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNET): these tests need root")
            return os.open("/proc/thread-self/ns/net", os.O_RDONLY)

        with ThreadPoolExecutor(1) as thread:
            self.namespace = thread.submit(make).result()
        self.set("lo", state="up")
        self.sysctl("net/ipv6/conf/default/accept_dad", "0")  # link-local addresses are there at once

    def sysctl(self, name, value):
        """Set /proc/sys/*name*."""
        self.call(lambda: Path("/proc/sys", name).write_text(value))

    def call(self, function):
        """What *function* returns inside."""
        return namespaces.call(self.namespace, function)

    def ip(self, function):
        """What *function* returns for an IPRoute inside."""

        def use():
            with IPRoute() as ip:
                return function(ip)

        return self.call(use)

    def index(self, name):
        return self.ip(lambda ip: next(iter(ip.link_lookup(ifname=name)), None))

    def set(self, name, **changes):
        """Change the interface *name*."""
        index = self.index(name)
        self.ip(lambda ip: ip.link("set", index=index, **changes))

    def add(self, name, **parts):
        self.ip(lambda ip: ip.link("add", ifname=name, **parts))

    def delete(self, name):
        index = self.index(name)
        self.ip(lambda ip: ip.link("del", index=index))

    def assign(self, name, address):
        """Give the interface *name* this address, of a /24 or /64, without looking for duplicates."""
        index = self.index(name)
        options = {"prefixlen": 64, "flags": IFA_F_NODAD} if ":" in address else {"prefixlen": 24}
        self.ip(lambda ip: ip.addr("add", index=index, address=address, **options))

    def mac(self, name):
        return self.ip(lambda ip: ip.link("get", ifname=name)[0].get("address"))

    def speak_to(self, address):
        """Let the kernel send something to *address*, for which it has to find its hardware address."""

        def send():
            with socket.socket(FAMILIES[ip_address(address).version], socket.SOCK_DGRAM) as sender:
                sender.sendto(b"?", (address, 9))

        self.call(send)

    def send(self, frame, interface="eth0"):
        """Send *frame* as it stands."""

        def put():
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
                sender.bind((interface, 0))
                sender.send(frame)

        self.call(put)

    def _neighbors(self, ip, address, interface):
        family = FAMILIES[ip_address(address).version]
        return list(ip.get_neighbours(family=family, dst=address, ifindex=self.index(interface)))

    def neighbor(self, address, interface="eth0"):
        """The hardware address that the kernel has for *address*; None where it has none."""
        entries = self.ip(lambda ip: self._neighbors(ip, address, interface))
        return next((mac for entry in entries if (mac := entry.get("lladdr"))), None)

    def neighbor_state(self, address, interface="eth0"):
        """The state (NUD_… of rtnetlink(7)) of what the kernel knows of *address*, or None."""
        entries = self.ip(lambda ip: self._neighbors(ip, address, interface))
        return next((entry["state"] for entry in entries), None)

    def set_neighbor(self, address, mac, state, interface="eth0"):
        """Let the kernel believe that *address* is at *mac*; *state* is the entry's."""
        index = self.index(interface)
        self.ip(lambda ip: ip.neigh("replace", dst=address, lladdr=mac, ifindex=index, state=state))

    def forget(self, address, interface="eth0"):
        """Let the kernel know nothing of *address*."""
        index = self.index(interface)

        def flush(ip):
            for _ in self._neighbors(ip, address, interface):
                ip.neigh("del", dst=address, ifindex=index)

        self.ip(flush)


@pytest.fixture
def new_host():
    made = []

    def make():
        made.append(Host())
        return made[-1]

    yield make
    for host in made:
        os.close(host.namespace)


@pytest.fixture
def machine(new_host):
    """The machine that the speaker runs on; this thread is inside."""
    host = new_host()
    with namespaces.inside(host.namespace):
        yield host


@pytest.fixture
def new_client(machine, new_host):
    """Makes clients, each on a wire of its own: its eth0 10.0.<n>.7 leads to eth<n> of the machine."""

    def make(number=0, interface=None):
        client = new_host()
        machine.add(
            interface or f"eth{number}",
            kind="veth",
            peer={"ifname": "eth0", "net_ns_fd": client.namespace},
        )
        client.assign("eth0", f"10.0.{number}.7")
        client.assign("eth0", f"fd00:0:0:{number}::7")
        client.set("eth0", state="up")
        machine.set(interface or f"eth{number}", state="up")
        return client

    return make


@pytest.fixture
def client(new_client):
    return new_client()


@pytest.fixture
def registry():
    return CollectorRegistry()


class Told:
    """What an announcer told by its callbacks."""

    def __init__(self):
        self.sightings = []
        self.usable = []


@pytest.fixture
def told():
    return Told()


@asynccontextmanager
async def following(*followed):
    """What is watched is used: *followed* are pairs of an iterator and of who takes what it gives."""

    async def follow(watched, use):
        async for news in watched:
            use(news)

    tasks = [asyncio.create_task(follow(*each)) for each in followed]
    yield
    for each in tasks:
        each.cancel()
    await asyncio.wait(tasks)
    for each in tasks:
        if not each.cancelled():
            each.result()


@pytest.fixture
async def announcer(machine, registry, told):
    """One that follows the machine's interfaces and their addresses."""
    announcer = Announcer(
        Layer2Metrics.of(registry),
        INTERVAL,
        on_usable=lambda: told.usable.append(announcer.usable),
        on_sighting=lambda interface, sighting: told.sightings.append((interface, sighting)),
    )

    async with following((watch_interfaces(), announcer.use), (watch_addresses(), announcer.use_addresses)):
        yield announcer
    announcer.close()


async def carrying(announcer, *names):
    """Returns once the interfaces *names*, and no others, carry announcements."""
    await eventually(lambda: announcer.interfaces == set(names))


async def resolved(client, address):
    """The hardware address that the client's kernel finds for *address*."""
    client.forget(str(address))
    client.speak_to(str(address))
    return await eventually(lambda: client.neighbor(str(address)))


@pytest.fixture(scope="package")
def lab():
    """A control plane with our objects, and the key that the controller would make."""
    with Lab.up(f"test-{os.getpid()}-speaker", nodes=0) as lab:
        lab.kubectl("apply", "-k", str(MANIFESTS))
        lab.kubectl("delete", "validatingwebhookconfigurations", "--all")  # nobody serves them here
        for crd in MANIFESTS.glob("crds/*.yaml"):
            name = yaml.safe_load(crd.read_text())["metadata"]["name"]
            lab.kubectl("wait", "--for=condition=Established", f"crd/{name}")
        metadata = {"name": "memberlist", "namespace": NAMESPACE}
        secret = {"kind": "Secret", "metadata": metadata, "stringData": {"secretkey": "key"}}
        lab.apply(yaml.safe_dump({"apiVersion": "v1", **secret}))
        yield lab


@pytest.fixture
def as_speaker(lab, tmp_path):
    """Makes of a kubeconfig one with the rights of the speaker's ServiceAccount, and no others."""

    def restricted(kubeconfig):
        token = lab.kubectl("create", "token", "speaker", "-n", NAMESPACE).strip()
        config = yaml.safe_load(kubeconfig.read_text())
        config["users"][0]["user"] = {"token": token}
        path = tmp_path / "speaker.kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return path

    return restricted
