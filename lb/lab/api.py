"""Asking the lab's API server the few things that the lab itself wants to know.

Not a Kubernetes client: one request at a time, JSON or text back.
"""

import base64
import http.client
import json
import ssl
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml


class Api:
    """The API server that a kubeconfig with embedded certificates points at."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self._server = urlsplit(cluster["server"])
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._tls = ssl.create_default_context(cadata=authority)
        self._tls.sslsocket_class = _Socket
        with tempfile.NamedTemporaryFile() as pair:  # OpenSSL takes a client's key from a file only
            for field in ("client-certificate-data", "client-key-data"):
                pair.write(base64.b64decode(user[field]))
            pair.flush()
            self._tls.load_cert_chain(pair.name)

    def get(self, path: str, timeout: float = 5) -> Any:
        """The decoded JSON object at *path*; None for 404. Raises `OSError` when nobody answers properly."""
        status, body = self._ask("GET", path, timeout)
        if status == http.HTTPStatus.NOT_FOUND:
            return None
        if status != http.HTTPStatus.OK:
            raise OSError(f"GET {path}: {status} {body[:300].decode(errors='replace')}")
        return json.loads(body)

    def delete(self, path: str, timeout: float = 60) -> None:
        """Delete what is at *path*, an object or all of a list. Raises `OSError` when that does not work."""
        status, body = self._ask("DELETE", path, timeout)
        if status != http.HTTPStatus.OK:
            raise OSError(f"DELETE {path}: {status} {body[:300].decode(errors='replace')}")

    def ready(self, timeout: float = 5) -> bool:
        """Whether the API server says that it is ready; raises `OSError` when nobody answers."""
        return self._ask("GET", "/readyz", timeout)[0] == http.HTTPStatus.OK

    def _ask(self, method: str, path: str, timeout: float) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(
            self._server.hostname or "", self._server.port, timeout=timeout, context=self._tls
        )
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read()
        except http.client.HTTPException as error:
            raise OSError(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()


class _Socket(ssl.SSLSocket):
    """Closes itself: Python forgets one whose peer hangs up before the handshake, as the relay does."""

    def __del__(self) -> None:
        self.close()
