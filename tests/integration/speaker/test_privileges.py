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

CAP_NET_RAW = 13
ADDRESSES = ("10.0.0.200", "fd00::c8")


@pytest.fixture
def start(machine, client):
    """Starts `announcing.py` in the machine's namespace, as a container is: root with these rights only."""
    started = []

    def run(capabilities):
        held = f"-all,{capabilities}" if capabilities else "-all"
        command = ["setpriv", "--no-new-privs"]
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
        process.communicate(timeout=20)


async def test_net_raw_is_enough_to_announce_by_arp_and_ndp(machine, client, start):
    process = start("+net_raw")
    held = int(fields(process)["CapEff"], 16)
    assert held == 1 << CAP_NET_RAW
    assert await asyncio.to_thread(process.stdout.readline) == b"usable: eth0\n"
    for address in ADDRESSES:
        assert await resolved(client, ip_address(address)) == machine.mac("eth0")


def fields(process):
    """What the kernel tells of the process's status, once it is past `setpriv`."""
    while not (status := Path(f"/proc/{process.pid}/status").read_text()).startswith("Name:\tpython"):
        pass
    return dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)


async def test_without_net_raw_nothing_is_announced_and_the_log_says_so(start):
    process = start("")
    said = await asyncio.to_thread(process.stderr.readline)
    assert said == b"interface eth0 carries no announcements: [Errno 1] Operation not permitted\n"
