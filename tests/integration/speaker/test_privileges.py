"""What rights announcing takes: a process that has none but CAP_NET_RAW announces, and joins groups."""

import asyncio
import os
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest

from lb.lab import namespaces

from .conftest import resolved

ADDRESSES = ("10.0.0.200", "fd00::c8")


@pytest.fixture
def start(machine, client):
    """Starts `announcing.py` in the machine's namespace, as an ordinary user with the capabilities given."""
    started = []

    def run(capabilities):
        held = f"-all,{capabilities}" if capabilities else "-all"
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
        rights = [f"--inh-caps={held}", f"--ambient-caps={held}", f"--bounding-set={held}"]
        program = [sys.executable, str(Path(__file__).with_name("announcing.py")), *ADDRESSES]
        process = namespaces.call(
            machine.namespace,
            lambda: subprocess.Popen(
                [*command, *rights, "--", *program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": ":".join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
            ),
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.communicate()


async def test_net_raw_is_enough_to_announce_by_arp_and_ndp(machine, client, start):
    process = start("+net_raw")
    assert await asyncio.to_thread(process.stdout.readline) == b"usable: eth0\n"
    for address in ADDRESSES:
        assert await resolved(client, ip_address(address)) == machine.mac("eth0")


async def test_without_net_raw_nothing_is_announced_and_the_log_says_so(start):
    process = start("")
    said = await asyncio.to_thread(process.stderr.readline)
    assert said == b"interface eth0 carries no announcements: [Errno 1] Operation not permitted\n"
