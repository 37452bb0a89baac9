"""How fast a node that announces answers ARP, and its own kernel, seen from across the bridge of the lab."""

import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from subprocess import PIPE

import pytest

from lb.lab import addressing, namespaces
from lb.lab.capture import capture
from lb.lab.segment import INTERFACE, Segment
from lb.lab.waiting import wait_for
from speaker.layer2.protocol.arp import REPLY, REQUEST, Arp, emit, parse
from speaker.layer2.protocol.ethernet import BROADCAST, ETHERTYPE_ARP

ANNOUNCING = Path(__file__).parents[1] / "integration/speaker/announcing.py"
VIP = addressing.SEGMENT[200]
MANY = [IPv4Address(int(VIP) + 256 * number) for number in range(1, 501)]
CLIENT = addressing.client(1)
HOSTS = 4
"""Nodes and the control plane, whose kernels hear each broadcast too."""
REQUESTS = 1000
PAUSES = {"arp_reply": 0.0, "arp_reply_after_pause": 0.002}
"""Seconds between two requests: back to back, and now and then, so that processors sleep in between."""
OUTSTANDING, SECONDS = 32, 3.0
TIMEOUT = 5.0


@dataclass
class Asker:
    """The client, by its packet socket."""

    sock: socket.socket

    def request(self, target):
        mac = bytes.fromhex(CLIENT.mac.replace(":", ""))
        asked = Arp(BROADCAST, mac, REQUEST, mac, CLIENT.v4.packed, bytes(6), target.packed)
        return emit(asked)

    def until_answered(self, request, pause):
        """Seconds until the answer to *request*, which is sent after a *pause*."""
        target = parse(request).tpa
        time.sleep(pause)
        started = time.perf_counter()
        self.sock.send(request)
        while not answers(self.sock.recv(128), target):
            pass
        return time.perf_counter() - started

    def answers_per_second(self, request):
        """How many come back when so many requests are always on their way."""
        target, answered = parse(request).tpa, 0
        for _ in range(OUTSTANDING):
            self.sock.send(request)
        started = time.perf_counter()
        while time.perf_counter() < started + SECONDS:
            if answers(self.sock.recv(128), target):
                answered += 1
                self.sock.send(request)
        return answered / (time.perf_counter() - started)


def answers(frame, target):
    # Not parsed: the client is to cost as little as it can.
    return frame[20:22] == REPLY.to_bytes(2, "big") and frame[28:32] == target


@pytest.fixture
def announce():
    """Lets the first of HOSTS nodes on the lab's bridge announce addresses, once; its pid."""
    lab = f"bench-{os.getpid()}"
    hosts = {f"n{number}": addressing.node(number) for number in range(1, HOSTS + 1)} | {"client": CLIENT}
    bridge = Segment(addressing.namespace(lab, addressing.BRIDGE))
    with ExitStack() as stack:
        stack.callback(namespaces.remove, bridge.namespace)
        bridge.create()
        for name, address in hosts.items():
            space = addressing.namespace(lab, name)
            stack.callback(namespaces.remove, space)
            namespaces.create(space)
            bridge.attach(name, space, address)

        def start(addresses):
            command = namespaces.command(
                addressing.namespace(lab, "n1"), [sys.executable, ANNOUNCING, *map(str, addresses)]
            )
            environment = {**os.environ, "PYTHONPATH": os.getcwd()}
            process = stack.enter_context(subprocess.Popen(command, stdin=PIPE, stdout=PIPE, env=environment))
            stack.callback(process.stdin.close)
            assert process.stdout.readline() == f"usable: {INTERFACE}\n".encode()
            return process.pid

        start.client = addressing.namespace(lab, "client")
        yield start


@pytest.fixture
def asker(announce):
    with namespaces.inside(announce.client):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sock.bind((INTERFACE, ETHERTYPE_ARP))
    with sock:
        sock.settimeout(TIMEOUT)
        yield Asker(sock)


def busy(pid):
    """Seconds of CPU that this process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_arp_replies(announce, asker, figures):
    pid = announce([VIP])
    ours, kernels = asker.request(VIP), asker.request(addressing.node(1).v4)
    for name, pause in PAUSES.items():
        times = {ours: [], kernels: []}
        for _ in range(REQUESTS):  # in turns, so that what else the machine does meets both
            for request, taken in times.items():
                taken.append(asker.until_answered(request, pause))
        medians = {request: statistics.median(taken) for request, taken in times.items()}
        figures[f"l2.{name}_us"] = medians[ours] * 1e6
        figures[f"l2.{name}_of_kernel_us"] = medians[kernels] * 1e6
        figures[f"l2.{name}_vs_kernel_ratio"] = medians[ours] / medians[kernels]
    before = busy(pid)
    figures["l2.arp_replies_per_s"] = rate = asker.answers_per_second(ours)
    figures["l2.arp_replies_per_cpu_s"] = rate * SECONDS / (busy(pid) - before)


def test_takeover_of_many_addresses(announce, figures):
    with capture(announce.client, INTERFACE) as seen:
        announce(MANY)
        wait_for(lambda: len(seen.frames) >= 4 * len(MANY), "both forms of each address, twice", timeout=20)
    first = {}
    for each in seen.arp:
        if each.gratuitous:
            first.setdefault(each.sender_ip, each.time)
    told = [first[str(address)] for address in MANY]
    figures["l2.takeover_500_told_s"] = max(told) - min(told)
