"""What a client sees that asks the same address again and again, through a small server outside the cluster.

The server is on the segment, and on no node, so that a node that is lost takes no endpoint with it: what is
seen is the address alone.
"""

import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from subprocess import PIPE
from typing import NamedTuple

from lb.lab.waiting import wait_for
from tests.bench import asking, replying

EVERY = 0.01
"""Seconds from one request to the next, answered or not."""
PORT = 8000
SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: probe}}
spec:
  type: LoadBalancer
  ports:
    - {{name: tcp, port: 80, targetPort: {port}}}
    - {{name: udp, port: 80, targetPort: {port}, protocol: UDP}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: probe
  labels: {{kubernetes.io/service-name: probe}}
addressType: IPv4
endpoints:
  - addresses: ["{host}"]
ports:
  - {{name: tcp, port: {port}}}
  - {{name: udp, port: {port}, protocol: UDP}}
"""


class Request(NamedTuple):
    """By `time.monotonic`; `ended` is negative or nan where there was no answer."""

    began: float
    ended: float

    @property
    def failed(self):
        return not self.ended > 0

    def __str__(self):
        return f"begun at {self.began:.3f}, {'reset' if self.ended < 0 else 'without an answer'}"


@dataclass
class Requests:
    """Those that have ended so far."""

    seen: list[Request] = field(default_factory=list)

    @property
    def answered(self):
        return sorted(each.ended for each in self.seen if not each.failed)

    @property
    def failed(self):
        return [each for each in self.seen if each.failed]

    def longest_silence(self, since):
        """Seconds at most from one answer to the next, of those that end after *since*."""
        return max(later - sooner for sooner, later in pairwise(self.answered) if later > since)

    def wait_for_answers(self, since, seconds):
        """Returns once requests that began after *since* have been answered for so long."""

        def answered():
            ends = [each.ended for each in self.seen if each.began > since and not each.failed]
            return ends and max(ends) > min(ends) + seconds

        wait_for(answered, f"answers for {seconds} s", timeout=30, pause=0.02)

    def read(self, pipe):
        while record := pipe.read(asking.REQUEST.size):
            self.seen.append(Request(*asking.REQUEST.unpack(record)))


@contextmanager
def requests(client, address, kind="tcp", port=80):
    """Let *client* ask for as long as the context lasts, each time by a new connection, or by a datagram."""
    command = [sys.executable, asking.__file__, address, str(port), kind, str(EVERY)]
    taken = Requests()
    with client.popen(command, stdin=PIPE, stdout=PIPE) as process:
        reader = threading.Thread(target=taken.read, args=(process.stdout,))
        reader.start()
        try:
            yield taken
        finally:
            process.stdin.close()
            reader.join()


@contextmanager
def probe(trial):
    """The address of a Service whose endpoint is a host of the segment, once it is answered."""
    server = trial.lab.client("server")
    manifest = SERVICE.format(host=server.address.v4, port=PORT)
    with server.popen([sys.executable, replying.__file__, str(PORT)], stdout=PIPE) as process:
        try:
            assert process.stdout.readline() == b"listening\n"
            trial.lab.apply(manifest)
            address = trial.address("probe")
            trial.lab.wait_for(lambda: _is_led_on(trial.lab, address), "kube-proxy to know the address")
            yield address
        finally:
            process.kill()
            trial.lab.kubectl("delete", "-f", "-", input=manifest)


def _is_led_on(lab, address):
    """Whether each node has rules for *address*.

    One that got packets before would remember for two minutes that those of this client's port go nowhere.
    """
    listing = ["nft", "list", "map", "ip", "kube-proxy", "service-ips"]
    return all(
        lab.node(name).run(listing).count(f"{address} . ") == len(asking.KINDS) for name in lab.node_names
    )
