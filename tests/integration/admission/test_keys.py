"""The webhooks' keys on a real API server: made, agreed upon, rotated and healed while it asks."""

import asyncio
import base64
import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from controller.admission.certificates import (
    CA_LIFE,
    SERVER_LIFE,
    Keys,
    make_authority,
    make_server,
    service_names,
)
from lb.cli.trial import MANIFESTS, NAMESPACE
from lb.cluster import credentials
from lb.cluster.client import Client
from lb.cluster.resource import IP_ADDRESS_POOLS
from tests.integration.admission.conftest import CONFIGURATION, DEFINITION, SECRET, SERVICE, pool

ADMISSIONS = 200


def made(authority=None, age=0.0):
    """Keys with *age*, a part of its life, of what is not given."""
    now = datetime.now(UTC)
    signer = authority or make_authority(now - CA_LIFE * age)
    return Keys(signer, make_server(signer, service_names(SERVICE, NAMESPACE), now - SERVER_LIFE * age))


class Traffic:
    """Admissions without a pause, in a thread, from several sides at once; what failed is kept."""

    SIDES = 4

    def __init__(self, kubeconfig):
        self._kubeconfig = str(kubeconfig)
        self._end = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.count = 0
        self.failures = []

    async def _run(self):
        async with Client(await credentials.load(self._kubeconfig)) as client:
            await asyncio.gather(*(self._write(client, f"side-{n}") for n in range(self.SIDES)))

    async def _write(self, client, name):
        await client.create(IP_ADDRESS_POOLS, pool(name), NAMESPACE)
        while not self._end.is_set():
            body = {"metadata": {"labels": {"count": str(self.count)}}}
            try:
                await client.patch(IP_ADDRESS_POOLS, name, body, namespace=NAMESPACE)
            except Exception as failed:
                self.failures.append(str(failed))
            self.count += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


@pytest.fixture
def traffic(cluster):
    """Admissions in the `with`, and no end before all of them are made; none may fail."""

    @contextmanager
    def running():
        with Traffic(cluster.lab.kubeconfig) as traffic:
            yield
            cluster.lab.wait_for(lambda: traffic.count >= ADMISSIONS, f"{ADMISSIONS} admissions")
        assert traffic.failures == []

    return running


def wait_until_served(cluster, replica, keys):
    leaf = keys.server.certificate.decode()
    cluster.lab.wait_for(lambda: replica.leaf() == leaf, "the Secret's certificate to be served", 20)


def wait_for_other_keys(cluster, than):
    def look():
        found = cluster.keys()
        return found if found not in (None, than) else None

    return cluster.lab.wait_for(look, "other keys in the Secret", 20)


@pytest.fixture
def decider(cluster, replicas):
    replica = replicas.decider()
    cluster.wait_until_asked()
    return replica


def test_nothing_fails_while_the_secret_is_deleted_and_made_anew(cluster, decider, traffic):
    old = cluster.keys()
    with traffic():
        cluster.lab.kubectl("delete", "secret", SECRET, "-n", NAMESPACE)
        new = wait_for_other_keys(cluster, old)
        assert new.authority != old.authority
        cluster.lab.wait_for(
            lambda: all(
                each >= {keys.authority.certificate for keys in (old, new)} for each in cluster.trusted()
            ),
            "both authorities to be trusted",
        )
        wait_until_served(cluster, decider, new)
        cluster.wait_until_only_trusted(new.authority.certificate, timeout=90)


def test_nothing_fails_while_an_authority_near_its_end_is_renewed(cluster, decider, traffic):
    old = made(age=0.7)
    with traffic():
        cluster.write(old)
        new = wait_for_other_keys(cluster, old)
        assert new.authority != old.authority
        wait_until_served(cluster, decider, new)


def test_nothing_fails_while_a_certificate_near_its_end_is_renewed_under_its_authority(
    cluster, decider, traffic
):
    authority = cluster.keys().authority
    old = made(authority, age=0.7)
    with traffic():
        cluster.write(old)
        new = wait_for_other_keys(cluster, old)
        assert new.authority == authority
        wait_until_served(cluster, decider, new)


@pytest.mark.parametrize("foreign", [False, True], ids=["emptied", "with a foreign authority"])
def test_an_edited_bundle_heals(cluster, decider, foreign):
    authority = cluster.keys().authority.certificate
    edited = base64.b64encode(made().authority.certificate if foreign else b"").decode()
    step = {"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": edited}
    cluster.lab.kubectl("patch", CONFIGURATION, "--type=json", "-p", json.dumps([step]))
    step["path"] = "/spec/conversion/webhook/clientConfig/caBundle"
    cluster.lab.kubectl("patch", DEFINITION, "--type=json", "-p", json.dumps([step]))

    cluster.lab.wait_for(
        lambda: all(authority in each for each in cluster.trusted()), "our authority to be trusted", 20
    )
    cluster.wait_until_asked()


def test_only_bundles_are_touched(cluster, decider):
    before = cluster.get(CONFIGURATION)["webhooks"]
    cluster.lab.kubectl("delete", "secret", SECRET, "-n", NAMESPACE)
    wait_for_other_keys(cluster, None)
    after = cluster.lab.wait_for(
        lambda: found if (found := cluster.get(CONFIGURATION)["webhooks"]) != before else None, "a change"
    )
    for each in (*before, *after):
        del each["clientConfig"]["caBundle"]
    assert after == before


def test_a_configuration_that_is_applied_or_made_again_is_trusted_again(cluster, decider):
    authority = cluster.keys().authority.certificate
    cluster.lab.kubectl("delete", CONFIGURATION)
    cluster.lab.kubectl("apply", "-n", NAMESPACE, "-f", str(MANIFESTS / "webhook.yaml"))
    cluster.lab.wait_for(
        lambda: all(authority in each for each in cluster.trusted()), "our authority to be trusted", 20
    )


def test_two_controllers_agree_on_one_secret(cluster, replicas):
    both = [replicas.controller(name, "--webhook-mode=onlywebhook") for name in ("first", "second")]
    cluster.wait_until_asked()
    for each in both:
        wait_until_served(cluster, each, cluster.keys())

    old = cluster.keys()
    cluster.lab.kubectl("delete", "secret", SECRET, "-n", NAMESPACE)
    new = wait_for_other_keys(cluster, old)
    for each in both:
        wait_until_served(cluster, each, new)
    assert cluster.keys() == new
    cluster.wait_until_asked()


def test_keys_that_others_made_are_used_on(cluster, replicas):
    """As MetalLB leaves them, or somebody's own authority whose key is elsewhere."""
    theirs = made()
    theirs = replace(theirs, authority=replace(theirs.authority, key=b""))
    cluster.write(theirs)
    decider = replicas.decider()
    cluster.wait_until_asked()
    assert decider.leaf() == theirs.server.certificate.decode()
    assert cluster.keys() == theirs


def test_keys_that_tls_cannot_be_served_with_are_made_anew(cluster, replicas):
    good = made()
    blocked = good.server.certificate + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    cluster.write(replace(good, server=replace(good.server, certificate=blocked)))
    replicas.decider()
    cluster.wait_until_asked()
    assert cluster.keys().authority == good.authority
    assert cluster.keys().server != good.server


def test_an_empty_secret_such_as_metallb_installs_is_filled(cluster, replicas):
    cluster.lab.kubectl("create", "secret", "generic", SECRET, "-n", NAMESPACE)
    replicas.decider()
    cluster.wait_until_asked()
    assert cluster.keys() is not None


@pytest.fixture
def right_to_create(cluster):
    """Grants the controller the right to create Secrets, which it does not have until then."""
    rules = cluster.get("role", "controller")["rules"]

    def grant(granted):
        patch = json.dumps([{"op": "replace", "path": "/rules", "value": granted}])
        cluster.lab.kubectl("patch", "role", "controller", "-n", NAMESPACE, "--type=json", "-p", patch)

    grant([each for each in rules if each["verbs"] != ["create"]])
    yield lambda: grant(rules)
    grant(rules)


def test_nothing_waits_for_a_secret_that_cannot_be_written(cluster, right_to_create, replicas):
    controller = replicas.controller("webhook")
    cluster.lab.wait_for(
        lambda: [each for each in controller.messages if 'resources ["secrets"], verbs ["create"]' in each],
        "a message that names the right",
        20,
    )
    assert controller.ready() == "ok\n"

    right_to_create()

    cluster.wait_until_asked()


def test_mounted_keys_are_served_and_nothing_is_written(cluster, replicas, tmp_path):
    keys = made()
    (tmp_path / "tls.crt").write_bytes(keys.server.certificate)
    (tmp_path / "tls.key").write_bytes(keys.server.key)
    before = cluster.trusted()
    decider = replicas.decider(str(tmp_path))
    wait_until_served(cluster, decider, keys)
    assert cluster.keys() is None
    assert cluster.trusted() == before
