"""The status of an IPAddressPool counts its addresses, whoever edits it, and is not written often."""

import json
import subprocess
import time

import pytest

from lb.cli.trial import NAMESPACE
from tests.integration.controller import crowd

PATH = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/ipaddresspools"
MOST = 2**63 - 1


def status(four, six=(0, 0)):
    """Of *four* and *six* the first number is assigned, the second available."""
    return {
        "assignedIPv4": four[0],
        "availableIPv4": four[1],
        "assignedIPv6": six[0],
        "availableIPv6": six[1],
    }


@pytest.fixture
def wait_for_status(cluster, controller):
    def wait(pool, four, six=(0, 0)):
        def look():
            return cluster.get("ipaddresspool", pool, "-n", NAMESPACE).get("status") == status(four, six)

        cluster.lab.wait_for(look, f"the status of pool {pool} to be {status(four, six)}", 20)

    return wait


def test_addresses_are_counted_as_they_come_and_go(cluster, wait_for_status):
    cluster.pool("lan", "192.0.2.0/24", "2001:db8::/64", avoidBuggyIPs=True)
    cluster.pool("other", "198.51.100.0/30")
    wait_for_status("lan", (0, 254), (0, MOST))

    cluster.service("web")
    cluster.service("both", ipFamilyPolicy="RequireDualStack")
    shared = {"metallb.io/allow-shared-ip": "web", "metallb.io/address-pool": "other"}
    for port in (80, 443):
        cluster.service(f"shares-{port}", annotations=shared, ports=[{"port": port}])

    wait_for_status("lan", (2, 252), (1, MOST))
    wait_for_status("other", (1, 3))
    cluster.delete("service", "web")
    wait_for_status("lan", (1, 253), (1, MOST))


def test_what_somebody_writes_there_is_put_right(cluster, wait_for_status):
    cluster.pool("lan", "192.0.2.0/28")
    wait_for_status("lan", (0, 16))
    patch = json.dumps({"status": {"assignedIPv4": 77, "availableIPv6": 5}})

    cluster.lab.kubectl(
        "patch", "ipaddresspool", "lan", "-n", NAMESPACE, "--subresource=status", "--type=merge", "-p", patch
    )

    wait_for_status("lan", (0, 16))


@pytest.fixture
def recorded(cluster, tmp_path):
    """The statuses of pool lan, one after the other, as a watch of kubectl's tells them."""
    cluster.pool("lan", "10.64.0.0/24")
    command = ["kubectl", "get", "--raw", f"{PATH}?watch=true&fieldSelector=metadata.name%3Dlan"]
    with (tmp_path / "watch").open("wb") as file:
        watch = subprocess.Popen(command, env=cluster.lab.environment, stdout=file)

    def statuses():
        lines = (tmp_path / "watch").read_text().splitlines()
        seen = [json.loads(line)["object"].get("status") for line in lines]
        return [each for before, each in zip([None, *seen], seen, strict=False) if each != before]

    yield statuses
    watch.kill()
    watch.wait()


def test_many_services_at_once_cost_one_write_a_second(cluster, controller, recorded):
    everybody = crowd.names(200)
    cluster.lab.wait_for(lambda: recorded() == [status((0, 256))], "the pool to be counted", 20)
    began = time.monotonic()

    crowd.create(cluster.lab.kubeconfig, everybody, per_second=50)

    cluster.lab.wait_for(lambda: recorded()[-1] == status((200, 56)), "all to be counted", 20)
    seconds = time.monotonic() - began
    assert 3 < len(recorded()) <= seconds + 2
