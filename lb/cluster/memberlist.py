"""The key by which speakers authenticate each other: made once, then left alone.

MetalLB's name and form (base64 text of random bytes, without padding), so that either finds the other's.
"""

import base64
import secrets

from lb.api.meta import OwnerReference
from lb.api.secret import MEMBERLIST, SECRET_KEY, Secret
from lb.cluster.client import Client
from lb.cluster.errors import Conflict, GiveUp
from lb.cluster.resource import SECRETS

KEY_BYTES = 32


async def ensure_memberlist_key(
    client: Client, namespace: str, owner: OwnerReference | None = None, name: str = MEMBERLIST
) -> Secret:
    """The Secret that holds the key; created if there is none, by whoever comes first.

    Raises GiveUp if it is there without the key.
    """
    secret = await _present(client, namespace, name) or await _created(client, namespace, owner, name)
    if not secret.data.get(SECRET_KEY):
        raise GiveUp(
            f"Secret {namespace}/{name} holds no entry {SECRET_KEY}. Delete the Secret; the controller makes"
            " it anew within a minute."
        )
    return secret


async def _present(client: Client, namespace: str, name: str) -> Secret | None:
    try:
        return await client.get(SECRETS, name, namespace)
    except GiveUp as absent:
        if absent.code != 404:
            raise
        return None


async def _created(client: Client, namespace: str, owner: OwnerReference | None, name: str) -> Secret:
    try:
        return await client.create(SECRETS, _manifest(owner, name), namespace)
    except Conflict:  # another replica was first
        return await client.get(SECRETS, name, namespace)


def _manifest(owner: OwnerReference | None, name: str) -> dict[str, object]:
    return {
        "apiVersion": SECRETS.api_version,
        "kind": SECRETS.kind,
        "metadata": {"name": name, "ownerReferences": [owner] if owner else []},
        "data": {SECRET_KEY: base64.b64encode(secrets.token_bytes(KEY_BYTES)).rstrip(b"=")},
    }
