import pytest

from lb.api.extension import DRAIN, FIELDS_OF_V1BETA2, PROTECT, QUARANTINE, SHARE_ACROSS_NAMESPACES
from lb.config.cautions import cautions as cautions_of
from lb.config.memory import Memory
from tests.unit.lb.config.written import (
    advertisement,
    cautions,
    node,
    parsed,
    peer,
    pool,
    resource,
    resources,
    with_metadata,
)

EDGE = pool("edge", "192.0.2.0/24", labels={"tier": "gold"})
REFUSED = pool("lost", "typo")
NODES = [node("n1", tier="gold"), node("n2")]
GOLD, TIN = {"matchLabels": {"tier": "gold"}}, {"matchLabels": {"tier": "tin"}}


def of_advertisement(kind, spec, pools=(EDGE,), **others):
    """What is told of an advertisement of *kind*, beside one of all pools."""
    given = {
        "l2_advertisements": [advertisement("all")],
        "bgp_advertisements": [],
        kind: [advertisement("all"), advertisement("lan", **spec)],
    }
    return [str(each) for each in parsed(pools=pools, nodes=NODES, **given, **others).cautions]


L2, BGP = "l2_advertisements", "bgp_advertisements"
KINDS = pytest.mark.parametrize(
    ("kind", "where"),
    [(L2, "L2Advertisement metallb-system/lan: spec."), (BGP, "BGPAdvertisement metallb-system/lan: spec.")],
)


@KINDS
@pytest.mark.parametrize(
    ("spec", "messages"),
    [
        pytest.param({"ipAddressPools": ["edge"]}, [], id="pool that exists"),
        pytest.param({"ipAddressPools": ["lost"]}, [], id="pool that exists and is refused"),
        pytest.param(
            {"ipAddressPools": ["edge", "egde", "core"]},
            [
                "ipAddressPools[1] = 'egde': there is no IPAddressPool of this name. "
                "Write edge, if that is meant, or create the IPAddressPool.",
                "ipAddressPools[2] = 'core': there is no IPAddressPool of this name. "
                "Create the IPAddressPool, or correct the name.",
            ],
            id="pools that do not",
        ),
        pytest.param({"ipAddressPoolSelectors": [GOLD]}, [], id="selector of a pool"),
        pytest.param(
            {"ipAddressPoolSelectors": [GOLD, TIN]},
            [
                f"ipAddressPoolSelectors[1] = {TIN}: it matches no IPAddressPool at present. "
                "Correct it, or label what it is meant for: kubectl label ipaddresspool."
            ],
            id="selector of no pool",
        ),
        pytest.param({"nodeSelectors": [GOLD]}, [], id="selector of a node"),
        pytest.param(
            {"nodeSelectors": [TIN]},
            [
                f"nodeSelectors[0] = {TIN}: it matches no node at present. "
                "Correct it, or label what it is meant for: kubectl label node."
            ],
            id="selector of no node",
        ),
        pytest.param({"serviceSelectors": [TIN]}, [], id="Services come and go"),
    ],
)
def test_an_advertisement_of_nothing_is_told(kind, where, spec, messages):
    assert of_advertisement(kind, spec, pools=[EDGE, REFUSED]) == [where + message for message in messages]


def test_a_preference_for_no_node_is_told():
    preferred = [{"weight": 1, "preference": GOLD}, {"weight": 2, "preference": TIN}]
    assert of_advertisement(L2, {"preferredNodeSelectors": preferred}) == [
        f"L2Advertisement metallb-system/lan: spec.preferredNodeSelectors[1].preference = {TIN}: it matches "
        "no node at present. Correct it, or label what it is meant for: kubectl label node."
    ]


def test_a_peer_that_there_is_not_is_told():
    peers = [peer("tor"), peer("lost", myASN=0)]
    assert of_advertisement(BGP, {"peers": ["tor", "lost", "tro"]}, peers=peers) == [
        "BGPAdvertisement metallb-system/lan: spec.peers[2] = 'tro': there is no BGPPeer of this name. "
        "Write tor, if that is meant, or create the BGPPeer."
    ]


def test_a_peer_of_no_node_is_told():
    assert cautions(peers=[peer(nodeSelectors=[GOLD, TIN])], nodes=NODES) == [
        f"BGPPeer metallb-system/tor: spec.nodeSelectors[1] = {TIN}: it matches no node at present. "
        "Correct it, or label what it is meant for: kubectl label node."
    ]


@pytest.mark.parametrize(("value", "told"), [(True, True), (False, False)])
def test_a_field_without_effect_is_told(value, told):
    expected = (
        "BGPPeer metallb-system/tor: spec.disableMP = True: it is deprecated and has no effect. "
        "Remove it; see spec.dualStackAddressFamily."
    )
    assert cautions(peers=[peer(disableMP=value)]) == ([expected] if told else [])


@pytest.mark.parametrize(
    ("key", "of_pool", "of_peer", "of_others"),
    [
        pytest.param("anvil-lb.io/protcet", True, True, True, id="unknown"),
        pytest.param(PROTECT, False, True, True, id="of a pool"),
        pytest.param(DRAIN, False, True, True, id="of a pool, another"),
        pytest.param(SHARE_ACROSS_NAMESPACES, True, True, True, id="of a Service"),
        pytest.param(FIELDS_OF_V1BETA2, True, False, True, id="of a peer"),
        pytest.param("example.com/protect", False, False, False, id="of somebody else"),
    ],
)
def test_an_annotation_of_ours_where_it_means_nothing_is_told(key, of_pool, of_peer, of_others):
    def annotated(each):
        return with_metadata(each, annotations={key: "false"})

    found = parsed(
        pools=[annotated(EDGE)],
        l2_advertisements=[annotated(advertisement("lan"))],
        bgp_advertisements=[annotated(advertisement("net"))],
        peers=[annotated(peer())],
        bfd_profiles=[annotated(resource("fast", {}))],
        communities=[annotated(resource("ours", {}))],
    )
    no_such = f"metadata.annotations[{key}] = 'false': no such annotation is known here."
    of_ours = f"{DRAIN}, {PROTECT}, {QUARANTINE}"
    expected = {
        f"BFDProfile metallb-system/fast: {no_such} Remove it.": of_others,
        f"BGPAdvertisement metallb-system/net: {no_such} Remove it.": of_others,
        f"BGPPeer metallb-system/tor: {no_such} Write one of anvil-lb.io/fields-of-v1beta2.": of_peer,
        f"Community metallb-system/ours: {no_such} Remove it.": of_others,
        f"IPAddressPool metallb-system/edge: {no_such} Write one of {of_ours}.": of_pool,
        f"L2Advertisement metallb-system/lan: {no_such} Remove it.": of_others,
    }
    assert [str(each) for each in found.cautions] == [message for message, told in expected.items() if told]
    assert found.rejections == ()


def test_cautions_come_in_the_order_of_kinds_and_names():
    given = resources(
        pools=[pool("b", "192.0.2.0/24"), pool("a", "198.51.100.0/24", annotations={"anvil-lb.io/x": ""})],
        peers=[peer(nodeSelectors=[TIN])],
        l2_advertisements=[advertisement("lan", ipAddressPools=["c"])],
    )
    config = parsed(pools=given.pools, peers=given.peers, l2_advertisements=given.l2_advertisements).config
    assert [
        (each.object.kind, each.object.name, each.field) for each in cautions_of(given, config, Memory())
    ] == [
        ("BGPPeer", "tor", "spec.nodeSelectors[0]"),
        ("IPAddressPool", "a", "metadata.name"),
        ("IPAddressPool", "a", "metadata.annotations[anvil-lb.io/x]"),
        ("IPAddressPool", "b", "metadata.name"),
        ("L2Advertisement", "lan", "spec.ipAddressPools[0]"),
    ]


def test_nothing_is_told_of_what_is_refused():
    assert parsed(pools=[REFUSED], peers=[peer(myASN=0, nodeSelectors=[TIN])]).cautions == ()
