"""A client on the nodes' segment: a network namespace with an address and a MAC, outside the cluster.

Its programs see the host's files; everything is as on the host but the network.
"""

import http.client
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from pyroute2 import IPRoute  # type: ignore[import-untyped]  # ships no types

from lb.lab import namespaces
from lb.lab.addressing import Address
from lb.lab.errors import LabError


@dataclass(frozen=True)
class Response:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Client:
    """A host outside the cluster; *namespace* is its network namespace's name."""

    name: str
    namespace: str
    address: Address

    @property
    def mac(self) -> str:
        """Its MAC address, lower case with colons."""
        return self.address.mac

    def run(self, argv: Sequence[str], *, check: bool = True, timeout: float = 60) -> str:
        """The standard output of *argv* run there; raises `LabError` if it fails and *check* is set."""
        done = subprocess.run(self.command(argv), capture_output=True, text=True, timeout=timeout)
        if check and done.returncode != 0:
            raise LabError(
                f"{' '.join(argv)} on {self.name} ended with {done.returncode}: {done.stderr.strip()}"
            )
        return done.stdout

    def popen(self, argv: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
        """Run *argv* there as `subprocess.Popen` would: its pid and signals are the program's own.

        It ends with the lab at the latest.
        """
        return subprocess.Popen(self.command(argv), **options)

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs *argv* there."""
        return namespaces.command(self.namespace, argv)

    def inside(self) -> AbstractContextManager[None]:
        """`with client.inside():` this thread opens its sockets there; do not await in it."""
        return namespaces.inside(self.namespace)

    def fetch(self, url: str, timeout: float = 5) -> Response:
        """GET *url*, an http URL whose host is an address. Raises `OSError` when there is no answer.

        *timeout*, in seconds, holds for connecting and for each wait for more.
        """
        try:
            target = urlsplit(url)
            host, port = target.hostname, target.port
        except ValueError as error:
            raise LabError(f"cannot fetch {url!r}: {error}") from error
        if target.scheme != "http" or host is None:
            raise LabError(f"cannot fetch {url!r}: give an http URL, such as http://10.99.0.200/")
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        try:
            with self.inside():
                connection.connect()
            connection.request("GET", target._replace(scheme="", netloc="").geturl() or "/")
            answer = connection.getresponse()
            body = answer.read().decode(errors="replace")
            return Response(HTTPStatus(answer.status), dict(answer.headers), body)
        except http.client.HTTPException as error:
            raise OSError(f"{url}: {error!r}") from error
        finally:
            connection.close()

    def neighbor(self, address: str) -> str | None:
        """The MAC that the client's kernel holds for *address*, or None."""

        def look() -> str | None:
            with IPRoute() as ip:
                entries = list(ip.get_neighbours(dst=address))
            return next((mac for entry in entries if (mac := entry.get("lladdr"))), None)

        return namespaces.call(self.namespace, look)
