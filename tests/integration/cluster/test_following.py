"""Objects are followed on a real API server, through all that happens to it."""

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest

from lb.api.meta import ObjectMeta, Value
from lb.cluster import credentials
from lb.cluster.client import Client
from lb.cluster.errors import GiveUp, Relist, Retry
from lb.cluster.resource import SERVICES, Partial, Resource, Selection, named
from tests.integration.cluster.following import eventually, following
from tests.integration.cluster.past import compact
from tests.integration.cluster.wire import wire


class Choice(Value, frozen=True):
    metadata: ObjectMeta
    data: Mapping[str, Literal["yes", "no"]] = {}


CHOICES = Resource("", "v1", "configmaps", "ConfigMap", Choice)
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap", Partial)
CRDS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", Partial
)


def service(name, **spec):
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


def choice(name, answer):
    return {"metadata": {"name": name}, "data": {"answer": answer}}


async def test_what_is_there_what_comes_what_changes_and_what_goes_is_told(client, namespace):
    await client.create(SERVICES, service("before"), namespace)
    async with following(client, SERVICES, Selection(namespace)) as followed:
        await followed.reflector.synced.wait()
        assert followed.changes == [("before", "added")]
        await client.create(SERVICES, service("after"), namespace)
        await client.patch(SERVICES, "after", {"spec": {"type": "LoadBalancer"}}, namespace=namespace)
        await client.delete(SERVICES, "before", namespace)
        await eventually(lambda: len(followed.changes) == 4)
        assert followed.changes[1:] == [("after", "added"), ("after", "changed"), ("before", "gone")]
        assert followed.reflector.store[f"{namespace}/after"].spec.type == "LoadBalancer"
        assert followed.reflector.fresh_since is not None
        assert followed.error is None


async def test_a_change_of_what_we_do_not_read_gives_the_new_version_only(client, namespace):
    made = await client.create(SERVICES, service("web"), namespace)
    async with following(client, SERVICES, Selection(namespace)) as followed:
        await followed.reflector.synced.wait()
        patched = await client.patch(
            SERVICES, "web", {"spec": {"sessionAffinity": "ClientIP"}}, namespace=namespace
        )
        key, version = f"{namespace}/web", patched.metadata.resource_version
        assert version != made.metadata.resource_version
        await eventually(lambda: followed.reflector.store[key].metadata.resource_version == version)
        assert followed.changes == [("web", "added")]


async def test_one_object_can_be_followed_by_its_name(client, namespace):
    for name in ("mine", "other"):
        await client.create(CONFIG_MAPS, choice(name, "yes"), namespace)
    async with following(client, CHOICES, Selection(namespace, named("mine"))) as followed:
        await followed.reflector.synced.wait()
        assert followed.names == {"mine"}


async def test_an_object_that_cannot_be_read_disturbs_no_other_and_keeps_its_last_good_version(
    client, namespace, caplog
):
    for name in ("good", "bad", "worse"):
        await client.create(CONFIG_MAPS, choice(name, "maybe" if name == "worse" else "yes"), namespace)
    async with following(client, CHOICES, Selection(namespace)) as followed:
        await followed.reflector.synced.wait()
        assert followed.names - {"kube-root-ca.crt"} == {"good", "bad"}
        bad = await choose(client, namespace, "bad", "maybe")
        await choose(client, namespace, "good", "no")
        await eventually(lambda: ("good", "changed") in followed.changes)
        assert followed.reflector.store[f"{namespace}/bad"].data == {"answer": "yes"}
        assert (
            f"ConfigMap {namespace}/bad, resourceVersion {bad}, cannot be read: Invalid enum value 'maybe'"
            " - at `$.data[...]`; its last good version is used on. Correct the object."
        ) in caplog.messages
        assert any(f"{namespace}/worse" in line and "it is left out" in line for line in caplog.messages)
        await choose(client, namespace, "worse", "no")
        await eventually(lambda: "worse" in followed.names)


async def choose(client, namespace, name, answer):
    """Patch, and return the new version; the answer need not fit a Choice."""
    body = {"data": {"answer": answer}}
    patched = await client.patch(CONFIG_MAPS, name, body, namespace=namespace)
    return patched.metadata.resource_version


async def test_a_list_comes_in_pages_of_one_moment(client, namespace):
    for name in "abcde":
        await client.create(CONFIG_MAPS, choice(name, "yes"), namespace)
    pages = [page async for page in client.list_pages(CHOICES, Selection(namespace), page=2)]
    assert len(pages) >= 3
    assert len({page.metadata.resource_version for page in pages}) == 1
    names = [json.loads(bytes(item))["metadata"]["name"] for page in pages for item in page.items]
    assert [name for name in names if len(name) == 1] == list("abcde")


async def test_a_list_whose_next_page_is_forgotten_is_to_be_listed_again(control_plane, client, namespace):
    for name in "abc":
        await client.create(CONFIG_MAPS, choice(name, "yes"), namespace)
    pages = client.list_pages(CHOICES, Selection(namespace), page=1)
    await anext(pages)
    await client.create(CONFIG_MAPS, choice("d", "yes"), namespace)
    await forget_the_past(control_plane)
    with pytest.raises(Relist, match="410 Expired"):
        await anext(pages)


async def test_what_happened_in_a_past_that_is_forgotten_is_found_by_a_list(
    control_plane, client, namespace, tmp_path, caplog
):
    for name in ("goes", "changes", "stays"):
        await client.create(SERVICES, service(name), namespace)
    async with (
        wire(control_plane.kubeconfig, tmp_path) as (cable, kubeconfig),
        Client(await credentials.load(kubeconfig)) as far,
        following(far, SERVICES, Selection(namespace)) as followed,
    ):
        await followed.reflector.synced.wait()
        followed.changes.clear()
        cable.cut()
        await client.delete(SERVICES, "goes", namespace)
        await client.patch(SERVICES, "changes", {"spec": {"type": "LoadBalancer"}}, namespace=namespace)
        await client.create(SERVICES, service("comes"), namespace)
        await forget_the_past(control_plane)
        await eventually(lambda: followed.error is not None)
        assert followed.names == {"goes", "changes", "stays"}
        assert followed.changes == []
        cable.mend()
        await eventually(lambda: followed.names == {"changes", "stays", "comes"})
        assert sorted(followed.changes) == [("changes", "changed"), ("comes", "added"), ("goes", "gone")]
        assert any("410 Expired" in line for line in caplog.messages)
        await eventually(lambda: followed.error is None)


async def test_while_the_api_server_is_away_the_store_stays_and_afterwards_it_catches_up(
    control_plane, client, namespace, caplog
):
    caplog.set_level(logging.INFO)
    await client.create(SERVICES, service("before"), namespace)
    async with following(client, SERVICES, Selection(namespace)) as followed:
        await followed.reflector.synced.wait()
        await asyncio.to_thread(control_plane.api_server.stop)
        try:
            await eventually(lambda: isinstance(followed.error, Retry))
            assert followed.reflector.fresh_since is None
            assert followed.names == {"before"}
        finally:
            await asyncio.to_thread(control_plane.api_server.start)
        await client.create(SERVICES, service("after"), namespace)
        await eventually(lambda: followed.names == {"before", "after"})
        assert followed.changes == [("before", "added"), ("after", "added")]
        assert followed.error is None
        await eventually(lambda: "watching services again" in caplog.messages)


async def test_a_kind_that_comes_later_is_followed_from_then_on(client, namespace, caplog):
    group = f"{namespace}.example"
    things = Resource(group, "v1", "things", "Thing", Partial)
    async with following(client, things, Selection(namespace)) as followed:
        await eventually(lambda: followed.error is not None)
        assert str(followed.error) == (
            f"list /apis/{group}/v1/namespaces/{namespace}/things: 404 Not Found: nothing is served there."
            f" Is the CRD things.{group} installed?"
        )
        assert not followed.reflector.synced.is_set()
        await client.create(CRDS, crd(group))
        try:
            await eventually(lambda: followed.reflector.synced.is_set())
            thing = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "one"}}
            await client.create(things, thing, namespace)
            await eventually(lambda: followed.names == {"one"})
            assert sum("404" in line for line in caplog.messages) == 1
        finally:
            await client.delete(CRDS, f"things.{group}")


def crd(group):
    schema = {"openAPIV3Schema": {"type": "object"}}
    return {
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "names": {"plural": "things", "kind": "Thing"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


async def test_a_right_that_is_missing_is_named_and_used_once_it_is_granted(
    control_plane, client, namespace, tmp_path, caplog
):
    poor = await asyncio.to_thread(service_account, control_plane, namespace, tmp_path)
    async with (
        Client(await credentials.load(poor)) as visitor,
        following(visitor, SERVICES, Selection(namespace)) as followed,
    ):
        await eventually(lambda: followed.error is not None)
        assert isinstance(followed.error, GiveUp)
        assert str(followed.error).endswith(
            f'Grant it: a Role in namespace {namespace} with apiGroups [""], resources ["services"], verbs'
            ' ["list"].'
        )
        control_plane.kubectl(
            "create", "role", "see", "--verb=list,watch", "--resource=services", "-n", namespace
        )
        control_plane.kubectl(
            "create",
            "rolebinding",
            "see",
            "--role=see",
            f"--serviceaccount={namespace}:visitor",
            "-n",
            namespace,
        )
        await eventually(lambda: followed.error is None and followed.reflector.synced.is_set())
        assert sum("403" in line for line in caplog.messages) == 1


async def test_a_token_that_was_renewed_in_its_file_is_used_at_once(
    control_plane, client, namespace, tmp_path
):
    poor = await asyncio.to_thread(service_account, control_plane, namespace, tmp_path)
    kubeconfig, good = token_from_file(poor, tmp_path)
    (tmp_path / "token").write_text("expired")
    async with Client(await credentials.load(kubeconfig)) as visitor:
        with pytest.raises(GiveUp, match="401 Unauthorized") as refused:
            await visitor.get(SERVICES, "web", namespace)
        assert "look whether the token or client certificate has expired" in str(refused.value)
        (tmp_path / "token").write_text(good)
        with pytest.raises(Retry, match="there are new ones now"):
            await visitor.get(SERVICES, "web", namespace)
        with pytest.raises(GiveUp, match="403 Forbidden"):
            await visitor.get(SERVICES, "web", namespace)


def token_from_file(kubeconfig, folder):
    """A kubeconfig like *kubeconfig* whose token is in the file `token` of *folder*, and that token."""
    config = json.loads(Path(kubeconfig).read_text())
    token = config["users"][0]["user"]["token"]
    config["users"] = [{**user, "user": {"tokenFile": "token"}} for user in config["users"]]
    path = folder / "token-file.kubeconfig"
    path.write_text(json.dumps(config))
    return str(path), token


def service_account(control_plane, namespace, folder):
    """The path of a kubeconfig of a service account without any right."""
    control_plane.kubectl("create", "serviceaccount", "visitor", "-n", namespace)
    token = control_plane.kubectl("create", "token", "visitor", "-n", namespace).strip()
    flat = json.loads(control_plane.kubectl("config", "view", "--raw", "--flatten", "-o", "json"))
    for user in flat["users"]:
        user["user"] = {"token": token}
    path = folder / "visitor.kubeconfig"
    path.write_text(json.dumps(flat))
    return str(path)


async def forget_the_past(control_plane):
    """Compact etcd up to now, and let the API server start anew, as it remembers more than etcd."""
    await asyncio.to_thread(compact, control_plane)
    await asyncio.to_thread(control_plane.api_server.stop)
    await asyncio.to_thread(control_plane.api_server.start)
