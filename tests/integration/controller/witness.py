"""Sees every status of a Service as the API server tells of it, and remembers what must never be."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lb.api.service import FENCED
from lb.lab.lab import Lab

PATH = "/api/v1/namespaces/default/services"


class Witness:
    """Follows the Services by kubectl, so that no code of ours sees them before.

    For Services that share no address, and none of which has a reason to give its own up.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._holders: dict[str, set[str]] = {}
        self._watch: subprocess.Popen[bytes] | None = None
        self._ended = False
        self.began = threading.Event()
        self.given: dict[str, tuple[str, ...]] = {}
        """By Service, the addresses of those that have any."""
        self.fenced: set[str] = set()
        """The Services that carry the mark of a write that was made void."""
        self.faults: list[str] = []
        """Addresses that were in two statuses, and such that were lost, with the version that shows it."""

    def follow(self) -> None:
        """List and watch until the `end`, also over restarts of the API server."""
        while not self._ended:
            listed = self._lab.wait_for(self._listed, "the API server to list Services")
            if listed["items"] is not None:
                self._compare(listed["items"])
            self.began.set()
            self._follow(listed["metadata"]["resourceVersion"])

    def end(self) -> None:
        self._ended = True
        if self._watch is not None:
            self._watch.kill()

    def _listed(self) -> Any:
        nothing = {"items": None, "metadata": {"resourceVersion": "0"}}
        return nothing if self._ended else json.loads(self._lab.kubectl("get", "--raw", PATH))

    def _compare(self, services: list[dict[str, Any]]) -> None:
        before = dict(self.given)
        for name in before:
            self._holds(name, (), "")  # a list is of one moment: what one lost another may have
        for service in services:
            self._see(service, before.get(service["metadata"]["name"], ()))

    def _follow(self, version: str) -> None:
        command = ["kubectl", "get", "--raw", f"{PATH}?watch=true&resourceVersion={version}"]
        with subprocess.Popen(
            command, env=self._lab.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as self._watch:
            assert self._watch.stdout is not None
            for line in self._watch.stdout:
                event = json.loads(line)
                name = event["object"]["metadata"].get("name")
                if event["type"] == "DELETED":
                    self._holds(name, (), "")
                elif event["type"] in ("ADDED", "MODIFIED"):
                    self._see(event["object"], self.given.get(name, ()))

    def _see(self, service: dict[str, Any], before: tuple[str, ...]) -> None:
        name, version = (service["metadata"][field] for field in ("name", "resourceVersion"))
        addresses = tuple(each["ip"] for each in service["status"]["loadBalancer"].get("ingress", ()))
        if before not in ((), addresses):
            self.faults.append(f"{version}: {name} had {before} and has {addresses}")
        self._holds(name, addresses, version)
        is_fenced = FENCED in service["metadata"].get("annotations", {})
        self.fenced = self.fenced | {name} if is_fenced else self.fenced - {name}

    def _holds(self, name: str, addresses: tuple[str, ...], version: str) -> None:
        for each in self.given.pop(name, ()):
            self._holders[each].discard(name)
        for each in addresses:
            holders = self._holders.setdefault(each, set())
            holders.add(name)
            if len(holders) > 1:
                self.faults.append(f"{version}: {each} is in the statuses of {' and '.join(sorted(holders))}")
        if addresses:
            self.given[name] = addresses


@contextmanager
def witness(lab: Lab) -> Iterator[Witness]:
    """A witness at work; it has seen what there is."""
    seeing = Witness(lab)
    thread = threading.Thread(target=seeing.follow)
    thread.start()
    try:
        assert seeing.began.wait(30)
        yield seeing
    finally:
        seeing.end()
        thread.join(70)
