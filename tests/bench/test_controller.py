"""How fast Services get their addresses from the controller's process, on a real API server.

The tests go on from each other: a cluster of many Services takes long to make. What a Service has is what a
watcher sees.
"""

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
import yaml

from lb.cli.trial import HEALTH_PORT, MANIFESTS, NAMESPACE
from lb.cluster import credentials
from lb.cluster.client import Client
from lb.cluster.resource import EVENTS, SERVICES, Partial, key_of
from lb.lab.lab import Lab
from lb.lab.waiting import wait_for
from tests.bench.watcher import LONGEST, watching

HOUSE = Path(__file__).parents[2]
AT_ONCE, ALL = 5_000, 10_000
INCUMBENT = 3_000
"""Services to which MetalLB's controller gave addresses within 24.6 seconds."""
pytestmark = pytest.mark.timeout(1200)  # on a machine that has more to do
ROUNDS = 2
"""The bare client and the controller take turns, so that both have the same machine."""
SAMPLES = 60
CREATORS = 16
POOL = """
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: wide, namespace: metallb-system}
spec: {addresses: [198.18.0.0/15]}
"""
IN_USE = 'metallb_allocator_addresses_in_use_total{pool="wide"}'


def service(name):
    """Without a selector: nobody else has work with it."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "type": "LoadBalancer",
            "allocateLoadBalancerNodePorts": False,  # a cluster has 2,768 of them
            "ports": [{"port": 80}],
        },
    }


class Host:
    """Where controller and bare client run, with the rights of the controller's ServiceAccount."""

    def __init__(self, lab, folder):
        self._client = lab.client("controller")
        config = yaml.safe_load(lab.segment_kubeconfig.read_text())
        token = lab.kubectl("create", "token", "controller", "-n", NAMESPACE).strip()
        config["users"][0]["user"] = {"token": token}
        self._kubeconfig = folder / "kubeconfig"
        self._kubeconfig.write_text(yaml.safe_dump(config))
        self._log = folder / "log"
        self._controller = None

    def start(self):
        """Start the controller with its default flags."""
        given = ["--namespace", NAMESPACE, "--kubeconfig", str(self._kubeconfig)]
        with self._log.open("wb") as log:
            self._controller = self._run("controller", *given, stdout=log, stderr=log)

    def end(self):
        if self._controller is not None:
            self._controller.terminate()
            assert self._controller.wait(timeout=20) == 0
        self._controller = None

    def bare(self, deed):
        """Let the bare client do *deed*; when its first PATCH began."""
        client = self._run("tests.bench.bare_client", str(self._kubeconfig), deed, stdout=subprocess.PIPE)
        began, _ = client.communicate(timeout=LONGEST)
        assert client.returncode == 0
        return float(began)

    def _run(self, module, *arguments, **options):
        return self._client.popen([sys.executable, "-m", module, *arguments], cwd=HOUSE, **options)

    def led_since(self):
        """When the controller began to lead."""
        lines = [json.loads(line) for line in self._log.read_text().splitlines()]
        leading = next(each for each in lines if each["msg"].startswith("leading as"))
        return datetime.fromisoformat(leading["ts"]).timestamp()

    def metrics(self):
        """The controller's, by name and labels."""
        lines = self._client.fetch(f"{self._health}/metrics").body.splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def is_ready_with(self, count):
        """Whether the controller says so, and knows of *count* addresses."""
        return self._client.fetch(f"{self._health}/readyz").status == 200 and self.metrics()[IN_USE] == count

    @property
    def _health(self):
        return f"http://{self._client.address.v4}:{HEALTH_PORT}"


@asynccontextmanager
async def administrator(lab):
    async with Client(await credentials.load(str(lab.kubeconfig))) as client:
        yield client


async def create(lab, names):
    """Services of these *names*, as fast as the API server takes them."""
    async with administrator(lab) as client:
        turns = iter(names)

        async def work():
            for name in turns:
                await client.create(SERVICES, service(name), "default")

        await asyncio.gather(*(work() for _ in range(CREATORS)))


async def served(lab, count, deed):
    """When each of *count* Services was seen with an address, in order; and what *deed* gave."""
    async with administrator(lab) as client, watching(client) as watcher:
        given = await asyncio.to_thread(deed)
        await watcher.until(lambda: len(watcher.served) == count)
        return list(watcher.served.values()), given


async def one_more(lab):
    """Seconds from a Service's creation to its address, for some that come at times of no pattern."""
    seconds = []
    async with administrator(lab) as client, watching(client) as watcher:
        for number in range(SAMPLES):
            name = f"more-{number}"
            await asyncio.sleep(random.uniform(0.05, 0.15))
            await client.create(SERVICES, service(name), "default")
            await watcher.until(lambda name=name: name in watcher.served)
            seconds.append(watcher.served[name] - watcher.seen[name])
    return seconds


async def versions(lab):
    """The resourceVersion of each Service and event."""
    found = {}
    async with administrator(lab) as client:
        for resource in (SERVICES, EVENTS):
            async for page in client.list_pages(resource):
                for item in page.items or ():
                    read = msgspec.json.decode(item, type=Partial)
                    found[resource.kind, key_of(read)] = read.metadata.resource_version
    return found


def settle(lab, name):
    """Wait for the event about a new Service *name*: things are done, and told of, in their order."""
    asyncio.run(create(lab, [name]))
    selector = f"involvedObject.name={name},reason=IPAllocated"
    wait_for(
        lambda: lab.kubectl("get", "events", "--field-selector", selector, "-o", "name"),
        f"the event about {name}",
        LONGEST,
    )


@pytest.fixture(scope="module")
def lab():
    with Lab.up(f"test-{os.getpid()}-rate", nodes=0) as made:
        made.kubectl("apply", "-k", str(MANIFESTS))
        made.kubectl("wait", "--for=condition=Established", "crd", "--all")
        made.apply(POOL)
        yield made


@pytest.fixture(scope="module")
def host(lab, tmp_path_factory):
    made = Host(lab, tmp_path_factory.mktemp("host"))
    yield made
    made.end()


def test_at_once(lab, host, figures):
    asyncio.run(create(lab, (f"web-{number}" for number in range(AT_ONCE))))
    bare, ours = [], []
    for turn in range(ROUNDS):
        if turn:
            host.end()
            host.bare("clear")
        times, began = asyncio.run(served(lab, AT_ONCE, lambda: host.bare("fill")))
        bare.append(times[-1] - began)
        host.bare("clear")
        times, _ = asyncio.run(served(lab, AT_ONCE, host.start))
        began = host.led_since()
        ours.append([each - began for each in times])
    ratios = [one / other[-1] for one, other in zip(bare, ours, strict=True)]
    figures["controller.rate_vs_bare_patch_ratio"] = statistics.median(ratios)
    figures["controller.bare_patch_per_s"] = AT_ONCE / min(bare)
    figures["controller.allocate_per_s"] = AT_ONCE / min(each[-1] for each in ours)
    figures["controller.allocate_3000_s"] = min(each[INCUMBENT - 1] for each in ours)


def test_one_more(lab, host, figures):
    asyncio.run(create(lab, (f"web-{number}" for number in range(AT_ONCE, ALL))))
    settle(lab, "settled")
    assert host.metrics()[IN_USE] == ALL + 1
    seconds = asyncio.run(one_more(lab))
    figures["controller.one_more_among_10000.median_s"] = statistics.median(seconds)
    figures["controller.one_more_among_10000.p99_s"] = statistics.quantiles(seconds, n=100)[98]
    settle(lab, "calm")
    figures["controller.rss_mib"] = host.metrics()["process_resident_memory_bytes"] / 2**20


def test_restart(lab, host, figures):
    held = host.metrics()[IN_USE]
    host.end()
    before = asyncio.run(versions(lab))
    began = time.monotonic()
    host.start()
    wait_for(lambda: host.is_ready_with(held), "the controller to be ready", LONGEST, pause=0.02)
    figures["controller.restart_ready_s"] = time.monotonic() - began
    settle(lab, "restarted")
    after = asyncio.run(versions(lab))
    changed = {about for about in before.keys() | after if before.get(about) != after.get(about)}
    figures["controller.restart_writes"] = sum("restarted" not in name for _, name in changed)
