"""One change after another: objects in whatever order, pools that are in use, and what is wrong already."""

import json

import pytest
import yaml

from lb.cli.trial import MANIFESTS, NAMESPACE
from tests.integration.admission.bad_objects import PEER, named
from tests.integration.admission.conftest import CONFIGURATION

POOL = ("IPAddressPool", {"addresses": ["192.0.2.10-192.0.2.20"]})
FAST = named("fast", "BFDProfile", {})
RACK = named("rack", "BGPPeer", {**PEER, "bfdProfile": "fast"})
LAN = named("lan", *POOL)
L2 = named("l2", "L2Advertisement", {"ipAddressPools": ["lan"]})
PROTECTED = {"annotations": {"anvil-lb.io/protect": "true"}}
DENIED = 'admission webhook "{}validationwebhook.metallb.io" denied the request: '
WARNING = f"Warning: {{}} {NAMESPACE}/{{}}: "


@pytest.fixture
def author(answered):
    """Who writes the configuration, and leaves none behind."""
    yield answered
    lab = answered.cluster.lab
    lab.kubectl("delete", "services", "-l", "component!=apiserver", "-n", "default")
    answered.wait_for(lambda told: not told["holdings"], "all addresses to be free")
    answered.clear()


def result(author):
    found = author.cluster.kubectl("get", "configurationstate", "controller", "-o", "json")
    return json.loads(found.output)["status"]["result"] if found.ok else None


def wait_until(author, expected):
    author.cluster.lab.wait_for(lambda: result(author) == expected, f"the configuration to be {expected}")


def test_an_advertisement_may_come_before_its_pool(author):
    assert author.put(L2) == [
        f"{WARNING.format('L2Advertisement', 'l2')}spec.ipAddressPools[0] = 'lan': there is no IPAddressPool"
        " of this name. Create the IPAddressPool, or correct the name."
    ]
    assert author.put(LAN) == []
    assert author.controller.debug()["warnings"] == []
    wait_until(author, "Valid")


def test_an_advertisement_may_come_before_its_peer(author):
    author.put(LAN)
    sent = named("sent", "BGPAdvertisement", {"ipAddressPools": ["lan"], "peers": ["rack"]})
    assert author.put(sent) == [
        f"{WARNING.format('BGPAdvertisement', 'sent')}spec.peers[0] = 'rack': there is no BGPPeer of this"
        " name. Create the BGPPeer, or correct the name."
    ]
    assert author.put(named("rack", "BGPPeer", PEER)) == []
    assert author.controller.debug()["warnings"] == []


def test_an_advertisement_may_come_before_its_community_and_is_whole_when_it_arrives(author):
    author.put(LAN)
    sent = named("sent", "BGPAdvertisement", {"ipAddressPools": ["lan"], "communities": ["blackhole"]})
    missing = (
        "spec.communities[0] = 'blackhole': no Community object gives this name. Create the Community, or"
        " correct the name."
    )
    assert author.put(sent) == [
        f"{WARNING.format('BGPAdvertisement', 'sent')}{missing}",
    ]
    assert author.controller.debug()["in_force"]["BGPAdvertisement"] == []
    assert author.controller.debug()["rejections"] == [f"BGPAdvertisement {NAMESPACE}/sent: {missing}"]
    wait_until(author, "Invalid")

    told = {"communities": [{"name": "blackhole", "value": "65535:666"}]}
    assert author.put(named("told", "Community", told)) == []

    assert author.controller.debug()["in_force"]["BGPAdvertisement"] == ["sent"]
    wait_until(author, "Valid")


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
def test_a_peer_may_come_before_its_profile_and_is_whole_when_it_arrives(author, version):
    missing = (
        "spec.bfdProfile = 'fast': no BFDProfile of this name is in force. Create the BFDProfile, mend it"
        " where it was refused, or correct the name."
    )
    rack = named("rack", "BGPPeer", {**PEER, "bfdProfile": "fast"}, version)
    assert author.put(rack)[-1] == f"{WARNING.format('BGPPeer', 'rack')}{missing}"
    assert author.controller.debug()["in_force"]["BGPPeer"] == []
    wait_until(author, "Invalid")

    assert author.put(FAST) == []

    assert author.controller.debug()["in_force"]["BGPPeer"] == ["rack"]
    wait_until(author, "Valid")


def test_a_profile_that_a_peer_uses_is_not_deleted(author):
    author.put(FAST, RACK)

    said = author.cluster.kubectl("delete", "bfdprofile", "fast")

    assert said.error == (
        f"Error from server (Forbidden): {DENIED.format('bfdprofile')}BFDProfile {NAMESPACE}/fast: it is in"
        f" use by BGPPeer {NAMESPACE}/rack (spec.bfdProfile). Change that one first."
    )
    author.cluster.lab.kubectl("delete", "bgppeer", "rack", "-n", NAMESPACE)
    author.wait_for(lambda told: not told["in_force"]["BGPPeer"], "the peer to be gone")
    assert author.cluster.kubectl("delete", "bfdprofile", "fast").error == ""


# What is right, and would make another object wrong


def refused(author, item):
    said = author.cluster.apply(item, verb="replace")
    assert not said.ok
    return said.error.partition("denied the request: ")[2]


def test_a_profile_does_not_begin_to_echo_while_ipv6_goes_to_its_peer(author):
    six = named("six", "IPAddressPool", {"addresses": ["2001:db8::/120"]})
    author.put(six, named("sent", "BGPAdvertisement", {}), FAST, RACK)
    assert refused(author, named("fast", "BFDProfile", {"echoMode": True})) == (
        f"BFDProfile {NAMESPACE}/fast: with this change, another object would be wrong: BGPPeer"
        f" {NAMESPACE}/rack: spec.bfdProfile = 'fast': it has echoMode, which is of IPv4 only, and"
        " BGPAdvertisement sent sends it IPv6 routes of IPAddressPool six. Name a profile without echoMode,"
        " or leave this peer out by spec.peers."
    )


def test_a_pool_does_not_grow_into_one_that_an_aggregate_reaches_beyond(author):
    sent = named("sent", "BGPAdvertisement", {"aggregationLength": 24})
    author.put(named("wide", "IPAddressPool", {"addresses": ["198.51.100.0/24"]}), sent)
    assert refused(
        author, named("wide", "IPAddressPool", {"addresses": ["198.51.100.0/24", "203.0.113.0/28"]})
    ) == (
        f"IPAddressPool {NAMESPACE}/wide: with this change, another object would be wrong: BGPAdvertisement"
        f" {NAMESPACE}/sent: spec.aggregationLength = 24: it is shorter than the prefixes of"
        " 203.0.113.0-203.0.113.15: the routes would lead beyond IPAddressPool wide, so they are not sent."
        " Write a longer one, or take the pool out of spec.ipAddressPools."
    )


# Pools in use


def service(name):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": "LoadBalancer", "selector": {"app": name}, "ports": [{"port": 80}]},
    }


def serve(author, *names):
    author.apply(*map(service, names))

    def addresses():
        items = author.cluster.get("services", "-n", "default")["items"]
        return [each for each in items if each["status"]["loadBalancer"].get("ingress")]

    author.cluster.lab.wait_for(lambda: len(addresses()) == len(names), "the addresses to be written")


def test_shrinking_and_deleting_a_pool_tells_which_services_lose_their_addresses(author):
    author.put(LAN, L2)
    serve(author, "a", "b")
    lost = f"Warning: IPAddressPool {NAMESPACE}/lan: addresses of {{}} would lie in no pool any more: {{}}."
    smaller = named("lan", "IPAddressPool", {"addresses": ["192.0.2.11-192.0.2.20"]})

    assert author.apply(smaller, options=("--dry-run=server",)) == [
        lost.format("1 Services", "default/a (192.0.2.10)")
    ]
    said = author.cluster.kubectl("delete", "ipaddresspool", "lan", "--dry-run=server")
    assert said.ok
    assert said.error.splitlines()[-1] == lost.format(
        "2 Services", "default/a (192.0.2.10), default/b (192.0.2.11)"
    )
    said = author.cluster.kubectl("delete", "ipaddresspool", "lan")
    assert said.ok


def test_of_a_protected_pool_no_address_in_use_is_taken(author):
    kept = named("lan", *POOL, PROTECTED)
    author.put(kept, L2)
    serve(author, "a")
    loss = (
        f"IPAddressPool {NAMESPACE}/lan: addresses of 1 Services would lie in no pool any more: default/a"
        " (192.0.2.10). The annotation anvil-lb.io/protect forbids it; remove that first, if it is meant."
    )
    denied = DENIED.format("protectedipaddresspool")
    smaller = named("lan", "IPAddressPool", {"addresses": ["192.0.2.11-192.0.2.20"]}, PROTECTED)

    assert refused(author, smaller) == loss
    said = author.cluster.kubectl("delete", "ipaddresspool", "lan")
    assert said.error.splitlines()[-1] == f"Error from server (Forbidden): {denied}{loss}"

    unused = named("lan", "IPAddressPool", {"addresses": ["192.0.2.10-192.0.2.11"]}, PROTECTED)
    assert author.apply(unused) == []
    assert author.cluster.kubectl("annotate", "ipaddresspool", "lan", "anvil-lb.io/protect-").ok
    assert author.cluster.kubectl("delete", "ipaddresspool", "lan").ok


# What is wrong already


@pytest.fixture
def wrong(author):
    """A pool that got in while nobody was asked, and that something holds on to."""
    lab = author.cluster.lab
    lab.kubectl("delete", CONFIGURATION)
    pool = named(
        "wrong", "IPAddressPool", {"addresses": ["127.0.0.0/8"]}, {"finalizers": ["example.com/wait"]}
    )
    author.put(pool)
    lab.kubectl("apply", "-n", NAMESPACE, "-f", str(MANIFESTS / "webhook.yaml"))
    asked = named("asked", "IPAddressPool", {"addresses": ["127.0.0.0/8"]})
    lab.wait_for(
        lambda: not author.cluster.apply(asked, options=("--dry-run=server",)).ok,
        "the webhook to be asked",
        30,
    )
    return author


def test_an_object_that_is_wrong_can_be_let_go_of(wrong):
    assert wrong.cluster.kubectl("delete", "ipaddresspool", "wrong", "--wait=false").ok
    patch = '{"metadata": {"finalizers": null}}'
    assert wrong.cluster.kubectl("patch", "ipaddresspool", "wrong", "--type=merge", "-p", patch).ok
    wrong.wait_for(lambda told: not told["rejections"], "the pool to be gone")


def test_a_finalizer_can_be_taken_from_an_object_that_is_wrong(wrong):
    patch = '{"metadata": {"finalizers": null}}'
    assert wrong.cluster.kubectl("patch", "ipaddresspool", "wrong", "--type=merge", "-p", patch).ok
    assert wrong.cluster.kubectl("delete", "ipaddresspool", "wrong").ok


def test_what_is_wrong_keeps_nobody_from_writing_what_is_right(wrong):
    assert wrong.put(LAN, L2)[1:] == []
    mended = named("wrong", "IPAddressPool", {"addresses": ["198.51.100.0/28"]})
    mended["metadata"]["finalizers"] = None
    assert wrong.cluster.apply(yaml.safe_load(yaml.safe_dump(mended))).ok
    wrong.wait_for(lambda told: told["rejections"] == [], "nothing to be wrong")
