"""A segment with whole speakers on it, and a client that asks who has which address."""

import json
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

from lb.lab.capture import capture
from speaker.layer2.protocol import ndp

from .twin import HEALTH, PORT

ASKED_APART = 0.02
"""Seconds between two questions of a client."""
ROOT = Path(__file__).parents[3]


class Segment:
    """A bridge; hosts on it have 10.0.0.<n> and fd00::<n> on their eth0."""

    def __init__(self, new_host):
        self._new_host = new_host
        self._switch = new_host()
        self._switch.add("br0", kind="bridge", br_mcast_snooping=0)
        self._switch.set("br0", state="up")

    def host(self, number):
        host = self._new_host()
        port = f"port{number}"
        self._switch.add(port, kind="veth", peer={"ifname": "eth0", "net_ns_fd": host.namespace})
        self._switch.set(port, state="up", master=self._switch.index("br0"))
        host.assign("eth0", f"10.0.0.{number}")
        host.assign("eth0", f"fd00::{number}")
        host.set("eth0", state="up")
        return host


class Twin:
    """The speaker of the node *name* on *host*, as `twin.py` runs it."""

    def __init__(self, host, name, places, log):
        self.host, self.name = host, name
        self.mac = host.mac("eth0")
        arguments = [name, *(f"{node}={address}" for node, address in places.items())]
        command = [sys.executable, "-m", "tests.integration.speaker.twin", *arguments]
        with log.open("ab") as output:
            self._process = host.call(
                lambda: subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
            )

    def get(self, path):
        """The answer of its health endpoint; None where there is none."""

        def fetch():
            try:
                with urlopen(f"http://127.0.0.1:{HEALTH}/{path}", timeout=5) as answer:
                    return answer.read().decode()
            except (URLError, ConnectionError):
                return None

        return self.host.call(fetch)

    def debug(self, path="debug"):
        return json.loads(self.get(path) or "{}")

    @property
    def is_ready(self):
        return self.get("readyz") is not None

    def cut_heartbeats(self):
        """From now on it neither hears the others' heartbeats nor is heard by them."""
        rules = f"""table inet cut {{
            chain in {{ type filter hook input priority 0; udp dport {PORT} drop; }}
            chain out {{ type filter hook output priority 0; udp dport {PORT} drop; }}
        }}"""
        self.host.call(lambda: subprocess.run(["nft", "-f", "-"], input=rules.encode(), check=True))

    def mend_heartbeats(self):
        self.host.call(lambda: subprocess.run(["nft", "delete", "table", "inet", "cut"], check=True))

    def kill(self):
        self._process.kill()
        self._process.wait()


def question(host, address):
    """What *host* asks, in its own name, for *address*."""
    ours = host.mac("eth0")
    if ip_address(address).version == 4:
        return bytes(
            Ether(src=ours, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=ours, psrc="10.0.0.7", pdst=address)
        )
    group = ndp.solicited_node(ip_address(address).packed)
    packet = IPv6(src="fd00::7", dst=socket.inet_ntop(socket.AF_INET6, group), hlim=255)
    asked = ICMPv6ND_NS(tgt=address) / ICMPv6NDOptSrcLLAddr(lladdr=ours)
    return bytes(Ether(src=ours, dst=ndp.group_mac(group).hex(":")) / packet / asked)


class Answers:
    """What a client that asks again and again was told: by address, when and by which hardware address."""

    def __init__(self, seen):
        self._seen = seen

    def since(self, time):
        found = {}
        for frame in self._seen.frames:
            told = _told(Ether(frame.raw)) if frame.time >= time and not frame.outgoing else None
            if told is not None:
                found.setdefault(told[0], []).append(told[1])
        return found


def _told(packet):
    if ARP in packet and packet[ARP].op == 2 and packet[ARP].psrc != packet[ARP].pdst:
        return packet[ARP].psrc, packet[ARP].hwsrc
    if ICMPv6ND_NA in packet and packet[ICMPv6ND_NA].S:
        return packet[ICMPv6ND_NA].tgt, packet.src
    return None


@contextmanager
def asking(host, *addresses):
    """*host*, which is 10.0.0.7, asks for each of *addresses* again and again."""
    frames = [question(host, each) for each in addresses]
    stop = threading.Event()

    def ask():
        while not stop.wait(ASKED_APART):
            for each in frames:
                host.send(each)

    with capture(host.namespace, "eth0") as seen:
        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield Answers(seen)
        finally:
            stop.set()
            thread.join()
