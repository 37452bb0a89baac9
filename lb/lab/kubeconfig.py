"""kubeconfig files. Pure. Source: the API type `Config` of client-go's `clientcmd/api/v1`."""

import base64

import yaml

from lb.lab.pki import Pair


def render(server: str, authority: bytes, user: str, pair: Pair) -> str:
    """A kubeconfig for *user* at *server* (a URL) with everything embedded; *authority* is PEM."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "lab", "cluster": {"server": server, "certificate-authority-data": _base64(authority)}}
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": _base64(pair.certificate),
                    "client-key-data": _base64(pair.key),
                },
            }
        ],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
        "current-context": "lab",
    }
    return yaml.safe_dump(config, sort_keys=False)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
