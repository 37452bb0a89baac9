from ipaddress import ip_address

import pytest

from lb.api.bgp_peer import DynamicASN
from lb.config.peer import BFDProfile, Password, Timers
from lb.config.peers import secrets_of
from tests.unit.lb.config.written import (
    BASIC_AUTH,
    NEW,
    OLD,
    advertisement,
    good,
    node,
    parsed,
    peer,
    pool,
    rejections,
    resource,
    secret,
)

WHERE = "BGPPeer metallb-system/tor: spec."
GOLD, TIN = {"matchLabels": {"tier": "gold"}}, {"matchLabels": {"tier": "tin"}}
BY_SECRET = {"passwordSecret": {"name": "md5"}}


def accepted(each, **others):
    return good(peers=[each], **others).peers["tor"]


def test_a_peer_that_says_no_more_than_it_must_is_as_usual():
    found = accepted(peer())
    assert (found.my_asn, found.asn, found.dynamic_asn, found.local_asn) == (64512, 64513, None, None)
    assert (found.address, found.interface, found.port) == (ip_address("192.0.2.1"), "", 179)
    assert (found.source_address, found.router_id, found.vrf) == (None, None, "")
    assert (found.timers, found.password, found.bfd_profile) == (Timers(), None, None)
    assert (found.graceful_restart, found.multi_hop, found.dual_stack) == (False, False, False)
    assert found.is_of({"any": "node"})


def test_a_peer_keeps_what_it_says():
    found = accepted(
        peer(
            peerASN=None,
            dynamicASN="external",
            localASN=4294967295,
            peerAddress=" 2001:db8::1 ",
            sourceAddress="2001:db8::2",
            peerPort=16384,
            holdTime="90s",
            connectTime="5s",
            routerID="10.0.0.1",
            nodeSelectors=[GOLD],
            password="open sesame",
            bfdProfile="fast",
            enableGracefulRestart=True,
            ebgpMultiHop=True,
            vrf="red",
            dualStackAddressFamily=True,
        ),
        bfd_profiles=[resource("fast", {"receiveInterval": 50})],
        nodes=[node("n1", tier="gold")],
    )
    assert (found.asn, found.dynamic_asn, found.local_asn) == (None, DynamicASN.EXTERNAL, 4294967295)
    assert (found.address, found.source_address) == (ip_address("2001:db8::1"), ip_address("2001:db8::2"))
    assert (found.port, found.timers, found.vrf) == (16384, Timers(90, 30, 5), "red")
    assert (found.router_id, found.password) == (ip_address("10.0.0.1"), Password("open sesame"))
    assert found.bfd_profile == BFDProfile("fast", receive_interval=50)
    assert found.graceful_restart
    assert found.multi_hop
    assert found.dual_stack
    assert (found.is_of({"tier": "gold"}), found.is_of({"tier": "tin"})) == (True, False)


def test_a_peer_may_be_found_behind_an_interface():
    found = accepted(peer(peerAddress=None, interface="eth0"))
    assert (found.address, found.interface) == (None, "eth0")


NO_ADDRESS = "this is no IP address. Write one, such as 192.0.2.1 or 2001:db8::1."
NO_HOST = "no host has this address. Write the address of a host."
NO_IDENTIFIER = (
    "a BGP Identifier is written as an IPv4 address, and is not 0.0.0.0 (RFC 6286). "
    "Write one, such as 192.0.2.1."
)
MULTI_HOP = "the peer is of our own AS, and sessions within an AS may always be multi-hop. Remove it."
PEER_ASN_MISSING = (
    "neither it nor spec.dynamicASN is set. "
    "Write the AS number of the peer, or dynamicASN: internal or external."
)


@pytest.mark.parametrize(
    ("spec", "messages"),
    [
        pytest.param(
            {"myASN": None},
            ["myASN = None: the field is missing. See `kubectl explain bgppeer.spec.myASN`."],
            id="no AS of ours",
        ),
        pytest.param(
            {"myASN": 0},
            [
                "myASN = 0: AS number 0 is reserved (RFC 7607). "
                "Write the AS number of this cluster, such as 64512."
            ],
            id="AS 0",
        ),
        pytest.param(
            {"myASN": 4294967296},
            ["myASN = 4294967296: expected `int` <= 4294967295. See `kubectl explain bgppeer.spec.myASN`."],
            id="AS number too large",
        ),
        pytest.param({"peerASN": None}, [f"peerASN = 0: {PEER_ASN_MISSING}"], id="no AS of the peer"),
        pytest.param(
            {"dynamicASN": "internal"},
            ["dynamicASN = 'internal': spec.peerASN is set as well, to 64513. Keep one of the two."],
            id="two ASes of the peer",
        ),
        pytest.param(
            {"peerASN": None, "dynamicASN": "both"},
            [
                "dynamicASN = 'both': invalid enum value 'both'. "
                "See `kubectl explain bgppeer.spec.dynamicASN`."
            ],
            id="AS of no kind",
        ),
        pytest.param(
            {"localASN": 0},
            ["localASN = 0: expected `int` >= 1. See `kubectl explain bgppeer.spec.localASN`."],
            id="AS shown is 0",
        ),
        pytest.param(
            {"peerASN": 64512, "ebgpMultiHop": True},
            [f"ebgpMultiHop = True: {MULTI_HOP}"],
            id="multi-hop within our AS",
        ),
        pytest.param(
            {"peerASN": None, "dynamicASN": "internal", "ebgpMultiHop": True},
            [f"ebgpMultiHop = True: {MULTI_HOP}"],
            id="multi-hop within our AS, dynamic",
        ),
        pytest.param(
            {"peerAddress": None},
            ["peerAddress = '': neither it nor spec.interface is set. Write the IP address of the peer."],
            id="no place",
        ),
        pytest.param(
            {"interface": "eth0"},
            ["interface = 'eth0': spec.peerAddress is set as well, to 192.0.2.1. Keep one of the two."],
            id="two places",
        ),
        pytest.param(
            {"peerAddress": None, "interface": "eth0/1"},
            [
                "interface = 'eth0/1': no interface can have this name. "
                "Write the name as `ip link` shows it; patterns are not understood."
            ],
            id="no interface",
        ),
        pytest.param(
            {"vrf": "red/1"},
            [
                "vrf = 'red/1': no interface can have this name. "
                "Write the name as `ip link` shows it; patterns are not understood."
            ],
            id="no VRF",
        ),
        pytest.param(
            {"peerAddress": "tor.example.com"}, [f"peerAddress = 'tor.example.com': {NO_ADDRESS}"], id="name"
        ),
        pytest.param(
            {"peerAddress": "192.0.2.1/32"}, [f"peerAddress = '192.0.2.1/32': {NO_ADDRESS}"], id="CIDR"
        ),
        pytest.param(
            {"peerAddress": "fe80::1%eth0"}, [f"peerAddress = 'fe80::1%eth0': {NO_ADDRESS}"], id="zone"
        ),
        pytest.param({"peerAddress": "224.0.0.5"}, [f"peerAddress = '224.0.0.5': {NO_HOST}"], id="multicast"),
        pytest.param({"peerAddress": "::"}, [f"peerAddress = '::': {NO_HOST}"], id="unspecified"),
        pytest.param(
            {"peerAddress": "::ffff:192.0.2.1"},
            ["peerAddress = '::ffff:192.0.2.1': it is an IPv4 address, mapped into IPv6. Write 192.0.2.1."],
            id="mapped",
        ),
        pytest.param(
            {"sourceAddress": "eth0"}, [f"sourceAddress = 'eth0': {NO_ADDRESS}"], id="source no address"
        ),
        pytest.param(
            {"sourceAddress": "0.0.0.0"}, [f"sourceAddress = '0.0.0.0': {NO_HOST}"], id="source of no host"
        ),
        pytest.param(
            {"sourceAddress": "2001:db8::2"},
            [
                "sourceAddress = '2001:db8::2': it is IPv6, and spec.peerAddress is IPv4. "
                "Write both in one family."
            ],
            id="source of the other family",
        ),
        pytest.param(
            {"routerID": "2001:db8::1"}, [f"routerID = '2001:db8::1': {NO_IDENTIFIER}"], id="IPv6 identifier"
        ),
        pytest.param({"routerID": "0.0.0.0"}, [f"routerID = '0.0.0.0': {NO_IDENTIFIER}"], id="identifier 0"),
        pytest.param({"routerID": "7"}, [f"routerID = '7': {NO_IDENTIFIER}"], id="identifier as a number"),
        *[
            pytest.param(
                {"peerPort": port},
                [f"peerPort = {port}: expected `int` {bound}. See `kubectl explain bgppeer.spec.peerPort`."],
                id=f"port {port}",
            )
            for port, bound in ((0, ">= 1"), (16385, "<= 16384"))
        ],
        pytest.param(
            {"holdTime": "2s"},
            ["holdTime = '2s': a Hold Time is 0 or at least 3 s (RFC 4271, section 4.2). Write 3s or more."],
            id="hold time too short",
        ),
        pytest.param(
            {"nodeSelectors": [GOLD, GOLD]},
            [
                f"nodeSelectors[1] = {GOLD}: it is the same selector as spec.nodeSelectors[0]. "
                "Remove one of the two."
            ],
            id="selector twice",
        ),
        pytest.param(
            {"nodeSelectors": [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["x", "x"]}]}]},
            [
                "nodeSelectors[0].matchExpressions[0] = "
                "{'key': 'a', 'operator': 'In', 'values': ['x', 'x']}: "
                "a value stands there twice. Correct the operator or its values."
            ],
            id="faulty selector",
        ),
        pytest.param(
            {"password": "open sesame", **BY_SECRET},
            ["passwordSecret = {'name': 'md5'}: spec.password is set as well. Keep one of the two."],
            id="two passwords",
        ),
        pytest.param(
            {"passwordSecret": {"name": "md5", "namespace": "shop"}},
            [
                "passwordSecret.namespace = 'shop': Secrets of other namespaces are not read. "
                "Put the Secret into namespace metallb-system."
            ],
            id="Secret of another namespace",
        ),
        pytest.param(
            {"myASN": 0, "peerASN": None, "peerAddress": None, "routerID": "x", "connectTime": "0"},
            [
                "myASN = 0: AS number 0 is reserved (RFC 7607). "
                "Write the AS number of this cluster, such as 64512.",
                f"peerASN = 0: {PEER_ASN_MISSING}",
                "peerAddress = '': neither it nor spec.interface is set. Write the IP address of the peer.",
                f"routerID = 'x': {NO_IDENTIFIER}",
                "connectTime = '0': it is not a whole number of seconds from 1 to 65535. Write such as 10s.",
            ],
            id="all that is wrong",
        ),
    ],
)
def test_a_fault_rejects_the_peer(spec, messages):
    found = parsed(peers=[peer(**spec)])
    assert found.config.peers == {}
    assert [str(each) for each in found.rejections] == [WHERE + message for message in messages]
    assert not any(each.waits for each in found.rejections)


def test_multi_hop_is_for_external_peers():
    assert accepted(peer(ebgpMultiHop=True)).multi_hop


# What it refers to


def test_a_peer_waits_for_its_bfd_profile():
    found = parsed(peers=[peer(bfdProfile="fast")])
    assert [(str(each), each.waits) for each in found.rejections] == [
        (
            f"{WHERE}bfdProfile = 'fast': no BFDProfile of this name is in force. "
            "Create the BFDProfile, mend it where it was refused, or correct the name.",
            True,
        )
    ]
    assert found.config.peers == {}


ECHO = resource("fast", {"echoMode": True})
SIX = pool("six", "2001:db8::/120")


def test_a_profile_with_echo_mode_does_not_go_with_ipv6_routes():
    found = parsed(
        peers=[peer(bfdProfile="fast"), peer("spine", peerAddress="192.0.2.2", bfdProfile="fast")],
        bfd_profiles=[ECHO],
        pools=[SIX],
        bgp_advertisements=[advertisement("internet", peers=["tor"])],
    )
    assert list(found.config.peers) == ["spine"]
    assert [(str(each), each.waits) for each in found.rejections] == [
        (
            f"{WHERE}bfdProfile = 'fast': it has echoMode, which is of IPv4 only, and "
            "BGPAdvertisement internet "
            "sends it IPv6 routes of IPAddressPool six. "
            "Name a profile without echoMode, or leave this peer out by spec.peers.",
            False,
        )
    ]


@pytest.mark.parametrize(
    ("profile", "span"), [({"echoMode": False}, "2001:db8::/120"), ({"echoMode": True}, "192.0.2.0/24")]
)
def test_echo_mode_or_ipv6_alone_is_good(profile, span):
    found = accepted(
        peer(bfdProfile="fast"),
        bfd_profiles=[resource("fast", profile)],
        pools=[pool("edge", span)],
        bgp_advertisements=[advertisement("internet")],
    )
    assert found.bfd_profile.echo_mode is profile["echoMode"]


CREATE = (
    "Create it: kubectl -n metallb-system create secret generic md5 --type=kubernetes.io/basic-auth "
    "--from-literal=password=..."
)


@pytest.mark.parametrize(
    ("secrets", "message"),
    [
        pytest.param({}, f"there is no Secret metallb-system/md5. {CREATE}", id="none"),
        pytest.param(
            {"md5": None},
            "Secret metallb-system/md5 has not been read yet. Wait, or see the speaker's log for why.",
            id="not read yet",
        ),
        pytest.param(
            {"md5": secret("md5", type_="Opaque")},
            f"Secret metallb-system/md5 is of type Opaque, not {BASIC_AUTH}. "
            f"Delete it, and create it anew with --type={BASIC_AUTH}.",
            id="wrong type",
        ),
        *[
            pytest.param(
                {"md5": each},
                "Secret metallb-system/md5 holds no text under the key password. "
                "Put the password there, in UTF-8: stringData.password.",
                id=name,
            )
            for name, each in {
                "no key": secret("md5", key="secret"),
                "empty": secret("md5", b""),
                "not UTF-8": secret("md5", b"\xff"),
            }.items()
        ],
    ],
)
def test_a_peer_waits_for_its_secret(secrets, message):
    found = parsed(peers=[peer(**BY_SECRET)], secrets=secrets)
    assert [(str(each), each.waits) for each in found.rejections] == [
        (f"{WHERE}passwordSecret.name = 'md5': {message}", True)
    ]
    assert found.config.peers == {}


def test_a_peer_takes_the_password_of_its_secret():
    found = accepted(peer(**BY_SECRET), secrets={"md5": secret("md5", "Käse".encode())})
    assert found.password == Password("Käse")


def test_a_secret_may_be_said_to_be_of_our_namespace():
    by_secret = {"passwordSecret": {"name": "md5", "namespace": "metallb-system"}}
    assert accepted(peer(**by_secret), secrets={"md5": secret("md5")}).password is not None


def test_a_reader_that_may_see_no_secret_judges_the_rest():
    assert accepted(peer(**BY_SECRET)).password is None


def test_a_peer_goes_on_with_its_last_password_when_the_secret_is_gone():
    last_good = good(peers=[peer(**BY_SECRET)], secrets={"md5": secret("md5")})
    found = parsed(last_good, peers=[peer(**BY_SECRET)], secrets={})
    assert found.config.peers == last_good.peers


def test_a_reference_to_a_secret_without_a_name_is_none():
    assert accepted(peer(passwordSecret={}), secrets={}).password is None


def test_the_secrets_of_peers_are_those_that_right_ones_name():
    peers = [
        peer("a", **BY_SECRET),
        peer("b"),
        peer("c", **BY_SECRET),
        peer("d", passwordSecret={"name": "other"}),
        peer("e", myASN=0, passwordSecret={"name": "faulty"}),
        resource("f", [1]),
    ]
    assert secrets_of(peers) == {"md5", "other"}


# Neighbors


def same(name, other, field="peerAddress", value="192.0.2.1"):
    return (
        f"BGPPeer metallb-system/{name}: spec.{field} = '{value}': BGPPeer {other} is the same neighbor, on "
        "some of the same nodes. Remove one of the two, or keep their nodes apart by spec.nodeSelectors."
    )


NODES = [node("n1", tier="gold", zone="a"), node("n2", tier="tin")]
BEHIND = {"peerAddress": None, "interface": "eth0"}


@pytest.mark.parametrize(
    ("one", "other", "nodes", "messages"),
    [
        pytest.param({}, {}, [], [same("b", "a")], id="same address"),
        pytest.param(
            {}, {"peerASN": 64999, "peerPort": 1179}, [], [same("b", "a")], id="though else different"
        ),
        pytest.param({}, {"peerAddress": "192.0.2.2"}, [], [], id="other address"),
        pytest.param({}, {"vrf": "red"}, [], [], id="other VRF"),
        pytest.param({"vrf": "red"}, {"vrf": "red"}, [], [same("b", "a")], id="same VRF"),
        pytest.param(BEHIND, BEHIND, [], [same("b", "a", "interface", "eth0")], id="same interface"),
        pytest.param(BEHIND, {**BEHIND, "interface": "eth1"}, [], [], id="other interface"),
        pytest.param({"nodeSelectors": [GOLD]}, {"nodeSelectors": [TIN]}, NODES, [], id="other nodes"),
        pytest.param(
            {"nodeSelectors": [GOLD]},
            {"nodeSelectors": [{"matchLabels": {"zone": "a"}}]},
            NODES,
            [same("b", "a")],
            id="a node in common",
        ),
        pytest.param({"nodeSelectors": [GOLD]}, {}, NODES, [same("b", "a")], id="some nodes, and all"),
        pytest.param(
            {"nodeSelectors": [GOLD]},
            {"nodeSelectors": [TIN]},
            [],
            [same("b", "a")],
            id="no node known: perhaps one in common",
        ),
        pytest.param(
            {"peerAddress": "2001:db8::1"},
            {"peerAddress": "2001:DB8:0::1"},
            [],
            [same("b", "a", value="2001:db8::1")],
            id="same address, written otherwise",
        ),
    ],
)
def test_a_node_has_one_session_with_a_neighbor(one, other, nodes, messages):
    given = [peer("a", NEW, **one), peer("b", NEW, **other)]
    assert rejections(peers=given, nodes=nodes) == messages
    assert len(parsed(peers=given, nodes=nodes).config.peers) == 2 - len(messages)


def test_of_two_peers_that_are_one_neighbor_the_older_stays():
    assert list(parsed(peers=[peer("a", NEW), peer("b", OLD)]).config.peers) == ["b"]


def test_a_known_peer_stays_before_an_older_one():
    last_good = good(peers=[peer("b", NEW)])
    assert list(parsed(last_good, peers=[peer("a", OLD), peer("b", NEW)]).config.peers) == ["b"]


# Passwords


def test_no_text_shows_a_password():
    found = parsed(
        peers=[peer(password="open sesame"), peer("other", **BY_SECRET)], secrets={"md5": secret("md5")}
    )
    assert "sesame" not in repr(found)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"password": ["open sesame"]}, id="no text"),
        pytest.param({"passwrd": "open sesame"}, id="misspelt"),
        pytest.param({"auth": {"md5": "open sesame"}}, id="elsewhere"),
        pytest.param({"passwordSecret": "open sesame"}, id="in place of the reference"),
        pytest.param({"passwordSecret": {"password": "open sesame"}}, id="in the reference"),
        pytest.param({"passwordSecret": {"name": ["open sesame"]}}, id="in the reference's name"),
    ],
)
def test_no_message_shows_what_may_be_a_password(spec):
    (message,) = rejections(peers=[peer(**spec)])
    assert "sesame" not in message


def test_no_message_shows_a_whole_spec_that_may_hold_a_password():
    (message,) = rejections(peers=[resource("tor", ["password", "open sesame"])])
    assert (
        message == "BGPPeer metallb-system/tor: spec = None: expected `object`, got `array`. "
        "See `kubectl explain bgppeer.spec`."
    )
