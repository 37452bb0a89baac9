"""Secrets that are referred to by name, followed on a real API server: these and no others."""

import asyncio
import base64
from contextlib import asynccontextmanager

import pytest

from lb.cluster.named_objects import NamedObjects
from lb.cluster.resource import SECRETS
from tests.integration.cluster.following import eventually


def secret(name, password):
    data = {"password": base64.b64encode(password.encode()).decode()}
    return {"metadata": {"name": name}, "type": "kubernetes.io/basic-auth", "data": data}


@pytest.fixture
async def secrets(client, namespace):
    async with running(client, namespace, lambda: None) as followed:
        yield followed


@asynccontextmanager
async def running(client, namespace, on_change):
    followed = NamedObjects(client, SECRETS, namespace, on_change)
    task = asyncio.create_task(followed.run())
    try:
        yield followed
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


def passwords(secrets):
    return {name: each.data["password"].decode() for name, each in secrets.found.items()}


async def test_the_objects_that_are_named_are_found_and_no_others(client, namespace, secrets):
    for name in ("a", "b", "c"):
        await client.create(SECRETS, secret(name, f"of {name}"), namespace)
    secrets.follow({"a", "b"})
    await eventually(lambda: passwords(secrets) == {"a": "of a", "b": "of b"})
    secrets.follow({"b", "c"})
    await eventually(lambda: passwords(secrets) == {"b": "of b", "c": "of c"})
    secrets.follow(set())
    assert secrets.found == {}


async def test_a_change_is_followed_and_told(client, namespace):
    told = []
    async with running(client, namespace, lambda: told.append(1)) as secrets:
        secrets.follow({"a"})
        await eventually(lambda: not secrets.unread)
        await client.create(SECRETS, secret("a", "one"), namespace)
        await eventually(lambda: passwords(secrets) == {"a": "one"})
        before = len(told)
        await client.patch(SECRETS, "a", {"data": secret("a", "two")["data"]}, namespace=namespace)
        await eventually(lambda: passwords(secrets) == {"a": "two"})
        await client.delete(SECRETS, "a", namespace)
        await eventually(lambda: secrets.found == {})
        assert len(told) == before + 2


async def test_one_that_is_absent_is_told_once_it_has_been_looked_for(client, namespace):
    told = []
    async with running(client, namespace, lambda: told.append(set(secrets.unread))) as secrets:
        secrets.follow({"a", "b"})
        assert secrets.unread == {"a", "b"}
        await eventually(lambda: set() in told)
        assert secrets.found == {}


async def test_a_name_that_no_object_can_have_finds_nothing_and_disturbs_no_other(client, namespace, secrets):
    await client.create(SECRETS, secret("a", "one"), namespace)
    secrets.follow({"a", "a,metadata.name!=b", "=a", "A b", "x" * 300})
    await eventually(lambda: passwords(secrets) == {"a": "one"} and not secrets.unread)


async def test_no_password_is_shown(client, namespace, secrets):
    await client.create(SECRETS, secret("a", "hush"), namespace)
    secrets.follow({"a"})
    await eventually(lambda: secrets.found)
    shown = repr(secrets.found)
    assert shown == f"{{'a': Secret({namespace}/a, not shown)}}"
