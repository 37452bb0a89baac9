"""A client of a real API server, and a namespace of its own for each test."""

import uuid

import pytest

from lb.cluster import credentials
from lb.cluster.client import Client
from lb.cluster.resource import NAMESPACES


@pytest.fixture
async def client(control_plane):
    async with Client(await credentials.load(str(control_plane.kubeconfig))) as connected:
        yield connected


@pytest.fixture
async def namespace(client):
    name = f"test-{uuid.uuid4().hex[:10]}"
    await client.create(NAMESPACES, {"metadata": {"name": name}})
    yield name
    await client.delete(NAMESPACES, name)
