"""Each way to say who we are that a kubeconfig knows, on a real API server; and what is renewed in files."""

import base64
import json
import shlex

import pytest
import yaml

from lb.cluster import credentials
from lb.cluster.client import Client
from lb.cluster.credentials import REFRESH_SECONDS
from lb.cluster.errors import GiveUp, Retry
from lb.cluster.resource import NAMESPACES
from lb.lab.pki import Authority

CERTIFICATE, KEY, AUTHORITY = "client.crt", "client.key", "ca.crt"


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds


class Administrator:
    """What the lab's kubeconfig embeds, and kubeconfigs in *folder* that say it in other ways."""

    def __init__(self, kubeconfig, folder):
        self._config = yaml.safe_load(kubeconfig.read_text())
        self.folder = folder
        user = self._config["users"][0]["user"]
        self.certificate = base64.b64decode(user["client-certificate-data"])
        self.key = base64.b64decode(user["client-key-data"])
        cluster = self._config["clusters"][0]["cluster"]
        self.authority = base64.b64decode(cluster.pop("certificate-authority-data"))
        cluster["certificate-authority"] = AUTHORITY
        self.put(AUTHORITY, self.authority)

    def put(self, name, content):
        (self.folder / name).write_bytes(content)

    def put_pair(self, certificate, key):
        self.put(CERTIFICATE, certificate)
        self.put(KEY, key)

    def kubeconfig(self, user):
        self._config["users"][0]["user"] = user
        path = self.folder / "kubeconfig"
        path.write_text(yaml.safe_dump(self._config))
        return str(path)


@pytest.fixture
def administrator(control_plane, tmp_path):
    return Administrator(control_plane.kubeconfig, tmp_path)


async def look(client):
    return (await client.get(NAMESPACES, "default")).metadata.name


async def test_a_client_certificate_in_files_is_read_and_a_renewed_one_is_used_at_once(administrator):
    stranger = Authority("stranger").client("kubernetes-admin", "system:masters")
    administrator.put_pair(stranger.certificate, stranger.key)
    path = administrator.kubeconfig({"client-certificate": CERTIFICATE, "client-key": KEY})
    async with Client(await credentials.load(path)) as client:
        with pytest.raises(GiveUp, match="401 Unauthorized"):
            await look(client)
        administrator.put_pair(administrator.certificate, administrator.key)
        with pytest.raises(Retry, match="there are new ones now"):
            await look(client)
        assert await look(client) == "default"


async def test_a_renewed_certificate_authority_is_trusted_within_a_minute(administrator):
    administrator.put(AUTHORITY, Authority("former").pair.certificate)
    administrator.put_pair(administrator.certificate, administrator.key)
    path = administrator.kubeconfig({"client-certificate": CERTIFICATE, "client-key": KEY})
    clock = Clock()
    async with Client(await credentials.load(path, clock)) as client:
        with pytest.raises(Retry, match="is not accepted"):
            await look(client)
        administrator.put(AUTHORITY, administrator.authority)
        clock.seconds = REFRESH_SECONDS
        assert await look(client) == "default"


def plugin(administrator, **status):
    """A user whose credentials a program prints, which tells by the file `asked` how often it was run."""
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    folder = shlex.quote(str(administrator.folder))
    path = administrator.folder / "plugin"
    path.write_text(f"#!/bin/sh\necho x >> {folder}/asked\nprintf %s {shlex.quote(json.dumps(credential))}\n")
    path.chmod(0o700)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(path)}}


async def test_an_exec_plugin_may_give_a_client_certificate(administrator):
    pair = {
        "clientCertificateData": administrator.certificate.decode(),
        "clientKeyData": administrator.key.decode(),
    }
    path = administrator.kubeconfig(plugin(administrator, **pair))
    async with Client(await credentials.load(path)) as client:
        assert await look(client) == "default"
        assert await look(client) == "default"
    assert (administrator.folder / "asked").read_text() == "x\n"


async def test_an_exec_plugin_is_asked_again_when_its_token_is_not_accepted_any_more(
    administrator, control_plane, namespace
):
    control_plane.kubectl("create", "serviceaccount", "visitor", "-n", namespace)
    good = control_plane.kubectl("create", "token", "visitor", "-n", namespace).strip()
    path = administrator.kubeconfig(plugin(administrator, token="expired"))
    async with Client(await credentials.load(path)) as client:
        plugin(administrator, token=good)
        with pytest.raises(Retry, match="there are new ones now"):
            await look(client)
        with pytest.raises(GiveUp, match=r"403 Forbidden: .*system:serviceaccount:.*:visitor"):
            await look(client)
    assert (administrator.folder / "asked").read_text() == "x\nx\n"
