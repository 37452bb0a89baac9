"""What speakers tell of their announcements, with their ServiceAccount's rights, on a real API server."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from lb.api.meta import OwnerReference
from lb.cli.trial import NAMESPACE
from lb.cluster import credentials
from lb.cluster.client import Client
from speaker.l2_status import L2Statuses

from .conftest import eventually

WEB, DNS = "shop/web", "shop/dns"
LONG = "n" + "-0123456789" * 20
"""Longer than a label, and as long as a name may be but for a letter or two."""


@pytest.fixture
async def client(lab, as_speaker):
    async with Client(await credentials.load(str(as_speaker(lab.kubeconfig)))) as connected:
        yield connected


def pod(lab, name):
    """The uid of a Pod that owns what its speaker tells."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"nodeName": "nowhere", "containers": [{"name": "speaker", "image": "speaker"}]},
    }
    lab.apply(json.dumps(body))
    found = lab.kubectl("get", "pod", name, "-n", NAMESPACE, "-o", "jsonpath={.metadata.uid}")
    return OwnerReference("v1", "Pod", name, found)


@pytest.fixture
def owners(lab):
    yield {node: pod(lab, f"speaker-{node}") for node in ("n1", "n2")}
    lab.kubectl("delete", "pod", "--all", "-n", NAMESPACE, "--force", "--grace-period=0")
    lab.kubectl("delete", "servicel2statuses", "--all", "-n", NAMESPACE)


async def at_once():
    pass


@asynccontextmanager
async def telling(client, node, owner=None):
    statuses = L2Statuses(client, NAMESPACE, node, owner, at_once)
    running = asyncio.create_task(statuses.run())
    try:
        yield statuses
    finally:
        running.cancel()
        await asyncio.wait([running])


class Told:
    """What users see, once it is as a test has it."""

    def __init__(self, lab):
        self._lab = lab

    def objects(self):
        return json.loads(self._lab.kubectl("get", "servicel2statuses", "-n", NAMESPACE, "-o", "json"))[
            "items"
        ]

    def seen(self):
        """(Service, node, interfaces) of each."""
        statuses = [each["status"] for each in self.objects() if "status" in each]
        return {
            (
                f"{each['serviceNamespace']}/{each['serviceName']}",
                each["node"],
                tuple(on["name"] for on in each.get("interfaces", ())),
            )
            for each in statuses
        }

    async def comes_to(self, *expected):
        async with asyncio.timeout(20):
            while await asyncio.to_thread(self.seen) != set(expected):  # noqa: ASYNC110  # the API server's
                await asyncio.sleep(0.1)

    async def is_labelled(self):
        async with asyncio.timeout(20):
            while not all(  # noqa: ASYNC110  # the API server's
                "metallb.io/node" in each["metadata"]["labels"]
                for each in await asyncio.to_thread(self.objects)
            ):
                await asyncio.sleep(0.1)

    def change(self, *arguments):
        return asyncio.to_thread(self._lab.kubectl, *arguments, "-n", NAMESPACE)


@pytest.fixture
def seen(lab):
    return Told(lab)


async def test_each_service_that_is_announced_is_told_of_and_no_other(client, owners, seen):
    async with telling(client, "n1", owners["n1"]) as n1:
        n1.note(WEB, None)
        n1.note(DNS, frozenset({"eth1", "eth0"}))
        await seen.comes_to((WEB, "n1", ()), (DNS, "n1", ("eth0", "eth1")))
        (web,) = [each for each in seen.objects() if each["status"]["serviceName"] == "web"]
        assert web["metadata"]["labels"] == {
            "metallb.io/node": "n1",
            "metallb.io/service-name": "web",
            "metallb.io/service-namespace": "shop",
        }
        assert [each["uid"] for each in web["metadata"]["ownerReferences"]] == [owners["n1"].uid]
        assert web["metadata"]["name"].startswith("l2-")
        n1.note(DNS, None)
        await seen.comes_to((WEB, "n1", ()), (DNS, "n1", ()))
        n1.strike(WEB)
        await seen.comes_to((DNS, "n1", ()))


async def test_who_announces_next_takes_the_place_of_who_did_before(client, owners, seen):
    async with telling(client, "n1", owners["n1"]) as n1, telling(client, "n2", owners["n2"]) as n2:
        n1.note(WEB, None)
        await seen.comes_to((WEB, "n1", ()))
        n2.note(WEB, None)
        n1.strike(WEB)
        await seen.comes_to((WEB, "n2", ()))


async def test_one_that_died_leaves_nothing_that_its_successor_does_not_replace(client, owners, seen):
    async with telling(client, "n1", owners["n1"]) as n1:
        n1.note(WEB, frozenset({"eth0"}))
        await seen.comes_to((WEB, "n1", ("eth0",)))
    async with telling(client, "n2", owners["n2"]) as n2:
        n2.note(WEB, None)
        await seen.comes_to((WEB, "n2", ()))
        assert len(seen.objects()) == 1


async def test_what_an_earlier_speaker_of_the_node_told_is_put_right(client, owners, seen):
    async with telling(client, "n1", owners["n2"]) as earlier:
        earlier.note(WEB, frozenset({"eth0"}))
        earlier.note(DNS, None)
        await seen.comes_to((WEB, "n1", ("eth0",)), (DNS, "n1", ()))
    async with telling(client, "n1", owners["n1"]) as later:
        later.note(WEB, None)
        await seen.comes_to((WEB, "n1", ()))
        (web,) = seen.objects()
        assert owners["n1"].uid in [each["uid"] for each in web["metadata"]["ownerReferences"]]


async def test_what_somebody_edits_or_deletes_is_put_right(client, owners, seen):
    async with telling(client, "n1", owners["n1"]) as n1:
        n1.note(WEB, frozenset({"eth0"}))
        await seen.comes_to((WEB, "n1", ("eth0",)))
        (web,) = seen.objects()
        wrong = json.dumps({"status": {"interfaces": [{"name": "eth9"}]}})
        await seen.change(
            "patch",
            "servicel2status",
            web["metadata"]["name"],
            "--subresource=status",
            "--type=merge",
            "-p",
            wrong,
        )
        await seen.comes_to((WEB, "n1", ("eth0",)))
        await seen.change("label", "servicel2status", web["metadata"]["name"], "metallb.io/node-")
        await seen.is_labelled()
        await eventually(lambda: n1._present.store)
        await seen.comes_to((WEB, "n1", ("eth0",)))
        await seen.change("delete", "servicel2status", "--all")
        await seen.comes_to((WEB, "n1", ("eth0",)))


async def test_it_goes_with_the_speakers_pod(client, owners, seen):
    async with telling(client, "n1", owners["n1"]) as n1:
        n1.note(WEB, None)
        await seen.comes_to((WEB, "n1", ()))
    await seen.change("delete", "pod", "speaker-n1", "--force", "--grace-period=0")
    await seen.comes_to()


async def test_a_node_whose_name_is_no_label_tells_too(client, seen):
    async with telling(client, LONG) as speaker, telling(client, LONG + "a") as other:
        speaker.note(WEB, None)
        other.note(DNS, None)
        await seen.comes_to((WEB, LONG, ()), (DNS, LONG + "a", ()))
        speaker.strike(WEB)
        await seen.comes_to((DNS, LONG + "a", ()))
        other.strike(DNS)
        await seen.comes_to()
