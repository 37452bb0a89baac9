"""A stranger on the segment: a real kernel that has an address of ours on its interface."""

from ipaddress import ip_address

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from scapy.layers.l2 import ARP, Ether

from lb.lab.capture import capture
from lb.observe.metrics import ConflictMetrics, Layer2Metrics
from speaker.layer2.addresses import watch_addresses
from speaker.layer2.announcer import Announcer
from speaker.layer2.links import watch_interfaces
from speaker.layer2.protocol.conflicts import State, Timing
from speaker.sentry import Sentry

from .api_server import OURS, THEIRS
from .conftest import INTERVAL, eventually, following, resolved
from .test_speaker import ApiServer, announced, speaking

QUICK = Timing(again=0.3, defend=0.5, grace=0.1)
V4, V6 = ip_address("10.0.0.200"), ip_address("fd00::c8")
EACH = pytest.mark.parametrize("address", [V4, V6], ids=["IPv4", "IPv6"])


class Listener:
    """Remembers what is told of conflicts."""

    def __init__(self):
        self.told = []

    def segment_changed(self):
        raise AssertionError("there is no other speaker")

    def withheld_changed(self):
        pass

    def conflict_changed(self, address, state, stranger):
        self.told.append((address, state, stranger.mac if stranger else None))

    def keeps(self, address):
        return True


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
async def sentry(machine, client, registry, listener):
    """One that is quick, on the machine's interfaces."""
    announcer = Announcer(
        Layer2Metrics.of(registry),
        INTERVAL,
        on_sighting=lambda interface, sighting: sentry.see(interface, sighting),
    )
    sentry = Sentry(announcer, ConflictMetrics.of(registry), listener, freshness=10.0, timing=QUICK)
    async with following((watch_interfaces(), announcer.use), (watch_addresses(), announcer.use_addresses)):
        await eventually(lambda: announcer.usable_ipv6 == {"eth0"})
        yield sentry
        sentry.close()
        announcer.close()


def claim(host, address):
    """Let the kernel of *host* have *address*."""
    host.assign("eth0", str(address))


def disclaim(host, address):
    index, length = host.index("eth0"), 24 if address.version == 4 else 64
    host.ip(lambda ip: ip.addr("del", index=index, address=str(address), prefixlen=length))


def gratuitous(mac, address):
    """An announcement that anybody may forge."""
    return bytes(Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=mac, psrc=address, pdst=address))


def in_conflict(registry, address):
    return registry.get_sample_value("anvil_lb_speaker_address_conflict_bool", {"ip": str(address)})


@EACH
async def test_a_free_address_is_probed_and_then_announced(machine, client, sentry, listener, address):
    with capture(client.namespace, "eth0") as seen:
        sentry.announce(address, None)
        assert sentry.withheld == {address}
        await eventually(lambda: sentry.withheld == set())
    assert await resolved(client, address) == machine.mac("eth0")
    assert listener.told == []
    probes = [each for each in seen.arp if each.sender_ip == "0.0.0.0"]
    if address.version == 4:
        assert [(each.operation, each.target_ip, each.target_mac) for each in probes] == [
            (1, str(address), "00:00:00:00:00:00")
        ] * 3


@EACH
async def test_an_address_that_a_stranger_has_is_announced_once_it_is_free(
    machine, client, sentry, listener, registry, address
):
    claim(client, address)
    with capture(client.namespace, "eth0") as seen:
        sentry.announce(address, None)
        await eventually(lambda: listener.told)
        assert listener.told == [(address, State.WITHHELD, client.mac("eth0"))]
        assert in_conflict(registry, address) == 1
        assert not [each for each in seen.arp if each.sender_ip == str(address) and each.gratuitous]
    disclaim(client, address)
    await eventually(lambda: sentry.withheld == set())
    assert listener.told[1:] == [(address, State.CLEAR, None)]
    assert in_conflict(registry, address) is None
    assert await resolved(client, address) == machine.mac("eth0")


async def test_a_stranger_that_comes_later_is_told_of_and_the_address_defended(
    machine, client, sentry, listener
):
    sentry.announce(V4, None)
    await eventually(lambda: sentry.withheld == set())
    stranger = client.mac("eth0")
    client.send(gratuitous(stranger, str(V4)))
    with capture(client.namespace, "eth0") as seen:
        await eventually(lambda: listener.told)
        assert listener.told == [(V4, State.DISPUTED, stranger)]
        await eventually(lambda: [each for each in seen.arp if each.gratuitous])
    assert await resolved(client, V4) == machine.mac("eth0")
    await eventually(lambda: len(listener.told) > 1)
    assert listener.told[1:] == [(V4, State.CLEAR, None)]


@EACH
async def test_while_a_stranger_has_an_announced_address_that_is_told_until_it_goes(
    machine, client, sentry, listener, address
):
    sentry.announce(address, None)
    await eventually(lambda: sentry.withheld == set())
    claim(client, address)
    if address.version == 4:
        client.send(gratuitous(client.mac("eth0"), str(address)))
    else:
        client.sysctl("net/ipv6/conf/eth0/ndisc_notify", "1")
        client.set("eth0", state="down")
        client.assign("eth0", str(address))
        client.set("eth0", state="up")
    await eventually(lambda: listener.told)
    assert listener.told == [(address, State.DISPUTED, client.mac("eth0"))]
    disclaim(client, address)
    await eventually(lambda: len(listener.told) > 1)
    assert listener.told[1:] == [(address, State.CLEAR, None)]


async def test_a_speaker_tells_of_a_stranger_by_event_metric_annotation_and_debug_data(machine, client):
    api, registry = ApiServer(), CollectorRegistry()
    claim(client, ip_address(OURS))
    mac = client.mac("eth0")

    def annotation():
        return api.state["metadata"].get("annotations", {}).get("anvil-lb.io/conflicts")

    async with speaking(api, registry) as speaker:
        told = await eventually(lambda: [each for each in api.messages if mac in each])
        assert told == [
            f"{OURS} is not announced: the host with the hardware address {mac}, which node n1 hears on eth0,"
            " has it already. Take the address from that host, or out of the pool; a router may answer for it"
            " by proxy ARP. It is probed again until it is free."
        ]
        await announced(speaker, THEIRS)
        await eventually(lambda: annotation() == f"{OURS} {mac} eth0")
        assert in_conflict(registry, OURS) == 1
        assert registry.get_sample_value("anvil_lb_speaker_address_conflicts_total") == 1
        labels = {"service": "shop/ours", "protocol": "layer2", "node": "n1", "ip": OURS}
        assert registry.get_sample_value("metallb_speaker_announced", labels) == 0
        explained = speaker.explain("shop/ours")
        assert explained["withheld"] == [OURS]
        assert explained["conflicts"] == [{"address": OURS, "mac": mac, "interface": "eth0"}]
        assert msgspec.json.encode(speaker.debug())
        assert str(V4) not in [str(each) for each in speaker._reconciler.served]
        disclaim(client, ip_address(OURS))
        await announced(speaker, OURS, THEIRS)
        assert registry.get_sample_value("metallb_speaker_announced", labels) == 1
        await eventually(lambda: annotation() == "")
        await eventually(lambda: [each for each in api.messages if "no other host speaks" in each])
