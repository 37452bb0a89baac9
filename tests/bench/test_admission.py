"""What admission costs with a large configuration: the webhook alone, and a write through the API server."""

import asyncio
import http.client
import json
import os
import ssl
import statistics
import time
from contextlib import ExitStack, closing, contextmanager
from urllib.parse import urlsplit

import pytest
import yaml

from lb.cli.trial import MANIFESTS, NAMESPACE
from lb.cluster import credentials
from lb.cluster.client import Client
from lb.cluster.resource import BGP_ADVERTISEMENTS, BGP_PEERS, COMMUNITIES, IP_ADDRESS_POOLS
from lb.lab.lab import Lab
from tests.integration.admission.bad_objects import named
from tests.integration.admission.conftest import SERVICE, Cluster, Replica

ADMISSIONS = 200
AT_ONCE = 20
"""Objects that are written at the same time, to be there."""


def pool(number, length=28):
    return named(
        f"pool {number}", "IPAddressPool", {"addresses": [f"10.{number // 200}.{number % 200}.0/{length}"]}
    )


def peer(number, hold=90):
    address = f"172.16.{number // 200}.{number % 200 + 1}"
    spec = {"myASN": 64512, "peerASN": 64513, "peerAddress": address, "holdTime": f"{hold}s"}
    return named(f"peer {number}", "BGPPeer", spec)


def community(number):
    values = {"communities": [{"name": f"name-{number}", "value": f"65000:{number}"}]}
    return named(f"community {number}", "Community", values)


def advertisement(number, weight=100):
    spec = {
        "ipAddressPools": [f"pool-{number * 4 + each}" for each in range(4)],
        "peers": [f"peer-{number * 4 + each}" for each in range(4)],
        "communities": [f"name-{number}"],
        "localPref": weight,
    }
    return named(f"advertisement {number}", "BGPAdvertisement", spec)


PRESENT = {
    IP_ADDRESS_POOLS: [pool(number) for number in range(400)],
    BGP_PEERS: [peer(number) for number in range(400)],
    COMMUNITIES: [community(number) for number in range(100)],
    BGP_ADVERTISEMENTS: [advertisement(number) for number in range(100)],
}


def change(number):
    """The object before (None: it is new) and after the admission *number*; all kinds take turns."""
    match number % 6:
        case 0:
            return None, pool(1000 + number)
        case 1:
            return pool(number), pool(number, 29)
        case 2:
            return None, peer(1000 + number)
        case 3:
            return peer(number), peer(number, 60)
        case 4:
            return None, community(1000 + number)
        case _:
            return advertisement(number // 2), advertisement(number // 2, 200)


def review(number):
    """Path and body of an AdmissionReview as the API server sends it."""
    old, new = change(number)
    version = new["apiVersion"].rpartition("/")[2]
    request = {
        "uid": str(number),
        "kind": {"group": "metallb.io", "version": version, "kind": new["kind"]},
        "operation": "UPDATE" if old else "CREATE",
        "name": new["metadata"]["name"],
        "namespace": NAMESPACE,
        "object": new,
        "oldObject": old,
        "dryRun": False,
    }
    asked = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    return f"/validate-metallb-io-{version}-{new['kind'].lower()}", asked


def timed(connection, path, body):
    """The answer, and the seconds that it took."""
    text = json.dumps(body)
    began = time.perf_counter()
    connection.request("POST", path, text, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    return json.loads(answer), time.perf_counter() - began


@contextmanager
def connected(address, tls, name):
    """A connection that stays, to a server that proves to be *name*."""
    host, port = address
    with closing(http.client.HTTPConnection(host, port)) as connection:
        connection.connect()
        connection.sock = tls.wrap_socket(connection.sock, server_hostname=name)
        yield connection


async def write(kubeconfig):
    async with Client(await credentials.load(str(kubeconfig))) as client:
        turns = asyncio.Semaphore(AT_ONCE)

        async def create(resource, item):
            async with turns:
                await client.create(resource, item, NAMESPACE)

        await asyncio.gather(*(create(kind, each) for kind, items in PRESENT.items() for each in items))


@pytest.fixture(scope="module")
def lab():
    with Lab.up(f"test-{os.getpid()}-admission", nodes=0) as made:
        made.kubectl("apply", "-k", str(MANIFESTS))
        made.kubectl("wait", "--for=condition=Established", "crd", "--all")
        yield made


@pytest.fixture(scope="module")
def controller(lab, tmp_path_factory):
    """A controller that has read all that is present, and that the API server asks."""
    token = lab.kubectl("create", "token", "controller", "-n", NAMESPACE).strip()
    config = yaml.safe_load(lab.segment_kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    folder = tmp_path_factory.mktemp("controller")
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    given = ["--namespace", NAMESPACE, "--kubeconfig", str(kubeconfig)]
    replica = Replica(lab, "webhook", "controller", given, folder / "log")
    with ExitStack() as ending:
        ending.callback(replica.end)
        replica.start()
        Cluster(lab).wait_until_asked()
        asyncio.run(write(lab.kubeconfig))
        number = sum(map(len, PRESENT.values()))
        lab.wait_for(lambda: sum(map(len, replica.debug()["in_force"].values())) == number, "all to be read")
        yield replica


def test_admission(lab, controller, figures):
    """As the API server asks: by one connection that stays, from another host of the segment."""
    authority = Cluster(lab).keys().authority.certificate.decode()
    tls = ssl.create_default_context(cadata=authority)
    with (
        lab.client("asker").inside(),
        connected(controller.address, tls, f"{SERVICE}.{NAMESPACE}.svc") as asker,
    ):
        asked = [timed(asker, *review(number)) for number in range(ADMISSIONS)]
    assert all(answer["response"]["allowed"] for answer, _ in asked)
    seconds = [took for _, took in asked]
    figures["admission.median_s"] = statistics.median(seconds)
    figures["admission.p99_s"] = statistics.quantiles(seconds, n=100)[98]


def test_apply(lab, controller, figures):
    """What a person waits for: the API server's checks, the webhook, all but the write."""
    access = asyncio.run(_access(lab.kubeconfig))
    server = urlsplit(access.server)
    with connected((server.hostname, server.port), access.ssl, server.hostname) as api:
        created = [timed(api, *creation(number)) for number in range(ADMISSIONS)]
    assert all(answer["kind"] in ("IPAddressPool", "BGPPeer") for answer, _ in created), created[0]
    figures["admission.apply_median_s"] = statistics.median(took for _, took in created)


def creation(number):
    """Path and body of a request that writes nothing."""
    item = pool(1000 + number) if number % 2 else peer(1000 + number)
    plural = "ipaddresspools" if number % 2 else "bgppeers"
    return f"/apis/{item['apiVersion']}/namespaces/{NAMESPACE}/{plural}?dryRun=All", item


async def _access(kubeconfig):
    return await (await credentials.load(str(kubeconfig))).access()
