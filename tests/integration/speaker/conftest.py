"""A machine to announce from, and clients on its wires: network namespaces without names.

Only this process holds them, by descriptors, so they go with it even when it is killed. The thread that runs
a test is inside the machine's namespace.
"""

import asyncio
import ctypes
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from pyroute2 import IPRoute

from lb.lab import namespaces

CLONE_NEWNET = 0x40000000
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
        index = self.index(name)
        self.ip(lambda ip: ip.addr("add", index=index, address=address, prefixlen=24))

    def mac(self, name):
        return self.ip(lambda ip: ip.link("get", ifname=name)[0].get("address"))

    def speak_to(self, address):
        """Let the kernel send something to *address*, for which it has to find its hardware address."""

        def send():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"?", (address, 9))

        self.call(send)

    def send(self, frame, interface="eth0"):
        """Send *frame* as it stands."""

        def put():
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
                sender.bind((interface, 0))
                sender.send(frame)

        self.call(put)

    def neighbor(self, address, interface="eth0"):
        """The hardware address that the kernel has for *address*; None where it has none."""
        index = self.index(interface)
        entries = self.ip(lambda ip: list(ip.get_neighbours(dst=address, ifindex=index)))
        return next((mac for entry in entries if (mac := entry.get("lladdr"))), None)

    def forget(self, address, interface="eth0"):
        """Let the kernel know nothing of *address*."""
        index = self.index(interface)

        def flush(ip):
            for _ in ip.get_neighbours(dst=address, ifindex=index):
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
        client.set("eth0", state="up")
        machine.set(interface or f"eth{number}", state="up")
        return client

    return make


@pytest.fixture
def client(new_client):
    return new_client()
