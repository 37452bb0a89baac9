"""What is accepted and probably not meant: each shown by kubectl as a warning.

Nothing of the table is written (`--dry-run=server`), so that no row knows of the others.
"""

import json

import pytest
import yaml

from lb.cli.trial import NAMESPACE, SAMPLES
from tests.integration.admission.bad_objects import PEER, named

NOTHING = [{"matchLabels": {"there-is": "none"}}]
BY_L2 = {"labels": {"layer": "2"}}
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node-a"},
    "spec": {"podCIDR": "10.244.7.0/24", "podCIDRs": ["10.244.7.0/24"]},
}
ADDRESS = {"status": {"addresses": [{"type": "InternalIP", "address": "10.99.0.11"}]}}
STATE = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "ConfigurationState",
    "metadata": {
        "name": "speaker-node-a",
        "namespace": NAMESPACE,
        "labels": {"metallb.io/component-type": "speaker"},
        "annotations": {"anvil-lb.io/subnets": "10.99.0.0/16"},
    },
}


def pool(*addresses, **allocation):
    kept = {"serviceAllocation": allocation} if allocation else {}
    return "IPAddressPool", {"addresses": list(addresses), **kept}, BY_L2


THERE = {
    "lan": ("IPAddressPool", {"addresses": ["10.99.0.200-10.99.0.210"]}),
    "edge": (
        "L2Advertisement",
        {"ipAddressPools": ["lan"], "ipAddressPoolSelectors": [{"matchLabels": {"layer": "2"}}]},
    ),
    "rack": ("BGPPeer", {**PEER, "peerAddress": "198.51.100.1"}),
}
CAUTIONS = {
    "pool that nobody announces": (
        ("IPAddressPool", {"addresses": ["10.99.1.0/28"]}),
        "metadata.name = 'pool-that-nobody-announces': no L2Advertisement or BGPAdvertisement"
        " covers it, so that nobody will announce its addresses. Create one whose"
        " spec.ipAddressPools names pool-that-nobody-announces.",
    ),
    "pool of a node's own address": (
        pool("10.99.0.10-10.99.0.12"),
        "spec.addresses[0] = '10.99.0.10-10.99.0.12': it holds 10.99.0.11, the address of node"
        " node-a, which goes on answering for it alone. Leave the nodes' addresses out.",
    ),
    "pool of cluster addresses": (
        pool("10.99.1.0/28", "10.96.0.0/28"),
        "spec.addresses[1] = '10.96.0.0-10.96.0.15': it overlaps with the Service CIDR"
        " 10.96.0.0/16, so that packets to it never leave or reach a node. Take addresses that"
        " the cluster does not use.",
        "spec.addresses[1] = '10.96.0.0-10.96.0.15': an L2Advertisement covers it, and it lies"
        " in no subnet that a node is on. Take addresses of the nodes' subnet, or see that a"
        " router sends them there.",
    ),
    "pool of pods": (
        pool("10.244.7.0/30"),
        "spec.addresses[0] = '10.244.7.0-10.244.7.3': it overlaps with 10.244.7.0/24, the Pod"
        " CIDR of node node-a, so that packets to it never leave or reach a node. Take addresses"
        " that the cluster does not use.",
        "spec.addresses[0] = '10.244.7.0-10.244.7.3': an L2Advertisement covers it, and it lies"
        " in no subnet that a node is on. Take addresses of the nodes' subnet, or see that a"
        " router sends them there.",
    ),
    "pool in no subnet": (
        pool("203.0.113.0/28"),
        "spec.addresses[0] = '203.0.113.0-203.0.113.15': an L2Advertisement covers it, and it"
        " lies in no subnet that a node is on. Take addresses of the nodes' subnet, or see that a"
        " router sends them there.",
    ),
    "pool of a namespace that is not there": (
        pool("10.99.1.0/28", namespaces=["defaults"]),
        "spec.serviceAllocation.namespaces[0] = 'defaults': there is no Namespace of this name."
        " Write default, if that is meant, or create the Namespace.",
    ),
    "pool of no namespace": (
        pool("10.99.1.0/28", namespaceSelectors=NOTHING),
        "spec.serviceAllocation.namespaceSelectors = '...': they match no namespace at present."
        " Correct them, or label the namespaces.",
    ),
    "pool with an unknown annotation": (
        (
            "IPAddressPool",
            {"addresses": ["10.99.1.0/28"]},
            {**BY_L2, "annotations": {"anvil-lb.io/protected": "true"}},
        ),
        "metadata.annotations[anvil-lb.io/protected] = 'true': no such annotation is known here."
        " Write one of anvil-lb.io/drain, anvil-lb.io/protect, anvil-lb.io/quarantine.",
    ),
    "profile with an unknown annotation": (
        ("BFDProfile", {}, {"annotations": {"anvil-lb.io/protect": "true"}}),
        "metadata.annotations[anvil-lb.io/protect] = 'true': no such annotation is known here. Remove it.",
    ),
    "L2Advertisement of an unknown pool": (
        ("L2Advertisement", {"ipAddressPools": ["lan", "lam"]}),
        "spec.ipAddressPools[1] = 'lam': there is no IPAddressPool of this name. Write lan, if"
        " that is meant, or create the IPAddressPool.",
    ),
    "L2Advertisement of selectors of nothing": (
        ("L2Advertisement", {"ipAddressPoolSelectors": NOTHING, "nodeSelectors": NOTHING}),
        "spec.ipAddressPoolSelectors[0] = {'matchLabels': {'there-is': 'none'}}: it matches no"
        " IPAddressPool at present. Correct it, or label what it is meant for: kubectl label"
        " ipaddresspool.",
        "spec.nodeSelectors[0] = {'matchLabels': {'there-is': 'none'}}: it matches no node at"
        " present. Correct it, or label what it is meant for: kubectl label node.",
    ),
    "L2Advertisement that prefers nobody": (
        (
            "L2Advertisement",
            {"ipAddressPools": ["lan"], "preferredNodeSelectors": [{"weight": 1, "preference": NOTHING[0]}]},
        ),
        "spec.preferredNodeSelectors[0].preference = {'matchLabels': {'there-is': 'none'}}: it"
        " matches no node at present. Correct it, or label what it is meant for: kubectl label"
        " node.",
    ),
    "BGPAdvertisement of an unknown pool": (
        ("BGPAdvertisement", {"ipAddressPools": ["none"]}),
        "spec.ipAddressPools[0] = 'none': there is no IPAddressPool of this name. Create the"
        " IPAddressPool, or correct the name.",
    ),
    "BGPAdvertisement of selectors of nothing": (
        ("BGPAdvertisement", {"ipAddressPoolSelectors": NOTHING, "nodeSelectors": NOTHING}),
        "spec.ipAddressPoolSelectors[0] = {'matchLabels': {'there-is': 'none'}}: it matches no"
        " IPAddressPool at present. Correct it, or label what it is meant for: kubectl label"
        " ipaddresspool.",
        "spec.nodeSelectors[0] = {'matchLabels': {'there-is': 'none'}}: it matches no node at"
        " present. Correct it, or label what it is meant for: kubectl label node.",
    ),
    "BGPAdvertisement to an unknown peer": (
        ("BGPAdvertisement", {"ipAddressPools": ["lan"], "peers": ["rock"]}),
        "spec.peers[0] = 'rock': there is no BGPPeer of this name. Write rack, if that is meant,"
        " or create the BGPPeer.",
    ),
    "BGPAdvertisement of an unknown name": (
        ("BGPAdvertisement", {"ipAddressPools": ["lan"], "communities": ["blackhole"]}),
        "spec.communities[0] = 'blackhole': no Community object gives this name. Create the"
        " Community, or correct the name.",
    ),
    "peer of no node": (
        ("BGPPeer", {**PEER, "nodeSelectors": NOTHING}),
        "spec.nodeSelectors[0] = {'matchLabels': {'there-is': 'none'}}: it matches no node at"
        " present. Correct it, or label what it is meant for: kubectl label node.",
    ),
    "peer of an unknown profile": (
        ("BGPPeer", {**PEER, "bfdProfile": "fast"}),
        "spec.bfdProfile = 'fast': no BFDProfile of this name is in force. Create the"
        " BFDProfile, mend it where it was refused, or correct the name.",
    ),
    "older peer of no node": (
        ("BGPPeer", {**PEER, "nodeSelectors": NOTHING}, "v1beta1"),
        "spec.nodeSelectors[0] = {'matchLabels': {'there-is': 'none'}}: it matches no node at"
        " present. Correct it, or label what it is meant for: kubectl label node.",
    ),
}
"""By row, what is written and the warnings."""
OBJECTS = {row: named(row, *item) for row, (item, *_) in CAUTIONS.items()}
NO_LAN = (
    "spec.ipAddressPools[0] = 'lan': there is no IPAddressPool of this name. Create the IPAddressPool,"
    " or correct the name."
)
NOT_COVERED = (
    "metadata.name = '{0}': no L2Advertisement or BGPAdvertisement covers it, so that nobody will announce"
    " its addresses. Create one whose spec.ipAddressPools names {0}."
)
SAMPLE_WARNINGS = {
    "bgp": [
        "BGPPeer metallb-system/rack-router: spec.bfdProfile = 'fast': no BFDProfile of this name is"
        " in force. Create the BFDProfile, mend it where it was refused, or correct the name.",
        f"BGPAdvertisement metallb-system/lan: {NO_LAN}",
    ],
    "l2advertisement": [f"L2Advertisement metallb-system/lan: {NO_LAN}"],
    "pool": [f"IPAddressPool metallb-system/lan: {NOT_COVERED.format('lan')}"],
    "pool-of-a-team": [
        "IPAddressPool metallb-system/team-blue: spec.serviceAllocation.namespaceSelectors = '...': they"
        " match no namespace at present. Correct them, or label the namespaces.",
        f"IPAddressPool metallb-system/team-blue: {NOT_COVERED.format('team-blue')}",
    ],
    "service": [],
    "web": [],
}
"""By sample, where it is alone."""


@pytest.fixture(scope="module")
def ground(answered):
    """A node that tells where it is."""
    lab = answered.cluster.lab
    lab.apply(yaml.safe_dump_all([NODE, STATE]))
    lab.kubectl("patch", "node", "node-a", "--subresource=status", "-p", json.dumps(ADDRESS))
    answered.put(*(named(name, *item) for name, item in THERE.items()))
    probe = named("probe", *pool("10.99.0.11/32", "10.244.7.0/32", "10.96.0.0/32"))
    known = 5  # the node's address, two networks in use, and that these two are in no subnet
    lab.wait_for(
        lambda: len(answered.apply(probe, options=("--dry-run=server",))) == known,
        "the controller to know where the node is",
    )
    yield answered
    lab.kubectl("delete", "node", "node-a")
    lab.kubectl("delete", "configurationstate", "speaker-node-a", "-n", NAMESPACE)


@pytest.fixture(scope="module")
def warnings(ground):
    """All that was said."""
    return ground.apply(*OBJECTS.values(), options=("--dry-run=server",))


@pytest.mark.parametrize("row", CAUTIONS)
def test_each_is_accepted_with_the_warning(warnings, row):
    item, (_, *expected) = OBJECTS[row], CAUTIONS[row]
    about = f"Warning: {item['kind']} {NAMESPACE}/{item['metadata']['name']}: "
    assert [each.removeprefix(about) for each in warnings if each.startswith(about)] == expected


def test_there_are_no_others(warnings):
    deprecated = "Warning: v1beta1 is deprecated, please use v1beta2"
    assert len([each for each in warnings if each != deprecated]) == sum(
        len(expected) for _, *expected in CAUTIONS.values()
    )


@pytest.mark.parametrize("sample", [path.stem for path in sorted(SAMPLES.glob("*.yaml"))])
def test_a_sample_is_accepted_and_no_more_is_said_than_is_meant(ground, sample):
    ground.clear()
    objects = list(yaml.safe_load_all((SAMPLES / f"{sample}.yaml").read_text()))
    try:
        assert ground.put(*objects) == [f"Warning: {each}" for each in SAMPLE_WARNINGS[sample]]
    finally:
        ground.cluster.lab.kubectl("delete", "-f", str(SAMPLES / f"{sample}.yaml"))


def test_with_all_samples_together_nothing_is_wrong(ground):
    ground.clear()
    for path in sorted(SAMPLES.glob("*.yaml"), reverse=True):
        ground.put(*yaml.safe_load_all(path.read_text()))
    told = ground.controller.debug()
    assert told["rejections"] == []
    assert told["warnings"] == SAMPLE_WARNINGS["pool-of-a-team"]
    for path in SAMPLES.glob("*.yaml"):
        ground.cluster.lab.kubectl("delete", "-f", str(path))
