import pytest
from msgspec import Raw

from lb.api.custom_resource import CustomResource
from lb.config.bgp_advertisements import MOST_COMMUNITIES, RouteClaims
from lb.config.community import Community
from tests.unit.lb.config.written import (
    NEW,
    OLD,
    advertisement,
    community_of,
    good,
    metadata,
    node,
    parsed,
    pool,
    rejections,
    resource,
)

EDGE = pool("edge", "192.0.2.0/24", labels={"tier": "gold"})
SIX = pool("six", "2001:db8::/120")
WHERE = "BGPAdvertisement metallb-system/internet: spec."
GOLD, TIN = {"matchLabels": {"tier": "gold"}}, {"matchLabels": {"tier": "tin"}}
TWICE = "Remove one of the two."
WRITE = "Write it as in 65000:1, or large:4200000000:1:2."


def messages(*advertisements, **others):
    return rejections(bgp_advertisements=advertisements, **others)


def test_an_empty_advertisement_is_good():
    found = good(bgp_advertisements=[advertisement("internet")]).bgp_advertisements["internet"]
    assert (found.aggregation_length(4), found.aggregation_length(6), found.communities) == (32, 128, ())
    assert (found.spec.local_pref, found.spec.as_path_prepend, found.spec.peers) == (0, None, ())


def test_an_advertisement_keeps_what_it_says():
    spec = {
        "aggregationLength": 24,
        "aggregationLengthV6": 120,
        "localPref": 4294967295,
        "asPathPrepend": 10,
        "peers": ["tor"],
        "communities": ["65000:2", "large:1:2:3", "65000:1"],
    }
    found = good(bgp_advertisements=[advertisement("internet", **spec)]).bgp_advertisements["internet"]
    assert (found.aggregation_length(4), found.aggregation_length(6)) == (24, 120)
    assert (found.spec.local_pref, found.spec.as_path_prepend, found.spec.peers) == (4294967295, 10, ("tor",))
    assert list(map(str, found.communities)) == ["large:1:2:3", "65000:1", "65000:2"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            {"aggregationLength": 33},
            "aggregationLength = 33: a prefix length is a number from 1 to 32. Write 32 for none.",
            id="IPv4 length too long",
        ),
        pytest.param(
            {"aggregationLength": 0},
            "aggregationLength = 0: expected `int` >= 1. "
            "See `kubectl explain bgpadvertisement.spec.aggregationLength`.",
            id="IPv4 length 0",
        ),
        *[
            pytest.param(
                {"aggregationLengthV6": length},
                f"aggregationLengthV6 = {length}: a prefix length is a number from 1 to 128. "
                "Write 128 for none.",
                id=f"IPv6 length {length}",
            )
            for length in (129, 0, -1)
        ],
        *[
            pytest.param(
                {field: 24, "serviceSelectors": [GOLD]},
                f"{field} = 24: with spec.serviceSelectors, a Service's own address is advertised, "
                f"never an aggregate. {TWICE}",
                id=f"{field} and Services",
            )
            for field in ("aggregationLength", "aggregationLengthV6")
        ],
        *[
            pytest.param(
                {"asPathPrepend": value},
                f"asPathPrepend = {value}: expected `int` {bound}. "
                "See `kubectl explain bgpadvertisement.spec.asPathPrepend`.",
                id=f"prepended {value} times",
            )
            for value, bound in ((0, ">= 1"), (11, "<= 10"))
        ],
        pytest.param(
            {"localPref": 4294967296},
            "localPref = 4294967296: expected `int` <= 4294967295. "
            "See `kubectl explain bgpadvertisement.spec.localPref`.",
            id="LOCAL_PREF too large",
        ),
        *[
            pytest.param(
                {field: ["a", "b", "a"]},
                f"{field}[2] = 'a': it stands at spec.{field}[0] already. {TWICE}",
                id=f"{field}: name twice",
            )
            for field in ("ipAddressPools", "peers")
        ],
        pytest.param(
            {"communities": ["65000:1", "65000:1"]},
            f"communities[1] = '65000:1': it stands at spec.communities[0] already. {TWICE}",
            id="community twice",
        ),
        *[
            pytest.param(
                {field: [GOLD, GOLD]},
                f"{field}[1] = {GOLD}: it is the same selector as spec.{field}[0]. {TWICE}",
                id=f"{field}: selector twice",
            )
            for field in ("ipAddressPoolSelectors", "nodeSelectors", "serviceSelectors")
        ],
        *[
            pytest.param(
                {field: [{"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["x"]}]}]},
                f"{field}[0].matchExpressions[0] = {{'key': 'a', 'operator': 'Exists', 'values': ['x']}}: "
                "operator Exists takes no values. Correct the operator or its values.",
                id=f"{field}: faulty selector",
            )
            for field in ("ipAddressPoolSelectors", "nodeSelectors", "serviceSelectors")
        ],
        pytest.param(
            {"communities": ["65000:70000"]},
            f"communities[0] = '65000:70000': the parts of a community are numbers from 0 to 65535. {WRITE}",
            id="no community",
        ),
        pytest.param(
            {"communities": [f"65000:{n}" for n in range(MOST_COMMUNITIES + 1)]},
            "communities = '...': a route can carry 63 communities, and these are 64. Remove some.",
            id="more communities than a route can carry",
        ),
    ],
)
def test_a_fault_rejects_the_advertisement(spec, message):
    found = parsed(bgp_advertisements=[advertisement("internet", **spec)])
    assert found.config.bgp_advertisements == {}
    assert [str(each) for each in found.rejections] == [WHERE + message]


def test_as_many_communities_as_a_route_can_carry_are_good():
    most = [f"65000:{n}" for n in range(MOST_COMMUNITIES)]
    assert messages(advertisement("internet", communities=most)) == []


def test_lengths_as_they_are_without_aggregates_go_with_services():
    spec = {"aggregationLength": 32, "aggregationLengthV6": 128, "serviceSelectors": [GOLD]}
    assert messages(advertisement("internet", **spec)) == []


# Names of communities


def test_a_name_stands_for_its_community():
    named = advertisement("internet", communities=["red", "65000:9"])
    config = good(communities=[community_of("ours", red="65000:1")], bgp_advertisements=[named])
    assert config.bgp_advertisements["internet"].communities == (Community((65000, 1)), Community((65000, 9)))


def test_a_name_and_its_value_are_one_community():
    named = advertisement("internet", communities=["red", "65000:1"])
    config = good(communities=[community_of("ours", red="65000:1")], bgp_advertisements=[named])
    assert config.bgp_advertisements["internet"].communities == (Community((65000, 1)),)


@pytest.mark.parametrize(
    ("others", "remedy"),
    [
        pytest.param([], "Create the Community, or correct the name.", id="like none"),
        pytest.param(
            [community_of("ours", red_="65000:1")],
            "Write red_, if that is meant, or create the Community.",
            id="like another",
        ),
        pytest.param(
            [resource("ours", {"communities": [{"name": "red", "value": "x"}]})],
            "Create the Community, or correct the name.",
            id="of an object that is refused",
        ),
    ],
)
def test_an_advertisement_waits_for_a_name_of_nothing(others, remedy):
    found = parsed(bgp_advertisements=[advertisement("internet", communities=["red"])], communities=others)
    rejection = next(each for each in found.rejections if each.object.name == "internet")
    assert rejection.waits
    assert str(rejection) == (f"{WHERE}communities[0] = 'red': no Community object gives this name. {remedy}")
    assert found.config.bgp_advertisements == {}


def test_an_advertisement_whose_community_is_gone_goes_on_as_it_was():
    named = advertisement("internet", communities=["red"])
    last_good = good(communities=[community_of("ours", red="65000:1")], bgp_advertisements=[named])
    found = parsed(last_good, bgp_advertisements=[named])
    assert found.config.bgp_advertisements == last_good.bgp_advertisements
    assert [each.waits for each in found.rejections] == [True]


def test_a_name_is_looked_up_however_its_json_is_written():
    written = CustomResource(metadata("internet"), Raw(b'{"c\\u006fmmunities": ["red"]}'))
    config = good(communities=[community_of("ours", red="65000:1")], bgp_advertisements=[written])
    assert config.bgp_advertisements["internet"].communities == (Community((65000, 1)),)


# Aggregates that reach beyond a pool


BEYOND = "Write a longer one, or take the pool out of spec.ipAddressPools."


def beyond(span, name):
    return (
        f"it is shorter than the prefixes of {span}: the routes would lead beyond IPAddressPool {name}, "
        f"so they are not sent. {BEYOND}"
    )


@pytest.mark.parametrize(
    ("pools", "spec", "unfit", "expected"),
    [
        pytest.param([EDGE], {"aggregationLength": 24}, set(), [], id="as long as the pool's"),
        pytest.param([EDGE], {"aggregationLength": 26}, set(), [], id="longer"),
        pytest.param(
            [EDGE],
            {"aggregationLength": 23},
            {"edge"},
            [f"aggregationLength = 23: {beyond('192.0.2.0-192.0.2.255', 'edge')}"],
            id="shorter",
        ),
        pytest.param(
            [pool("edge", "192.0.2.1-192.0.2.6")],
            {"aggregationLength": 30},
            {"edge"},
            [f"aggregationLength = 30: {beyond('192.0.2.1-192.0.2.6', 'edge')}"],
            id="shorter than the widest prefix of a range",
        ),
        pytest.param(
            [pool("edge", "192.0.2.1-192.0.2.6")], {"aggregationLength": 31}, set(), [], id="as its widest"
        ),
        pytest.param(
            [SIX],
            {"aggregationLengthV6": 119},
            {"six"},
            [f"aggregationLengthV6 = 119: {beyond('2001:db8::-2001:db8::ff', 'six')}"],
            id="IPv6",
        ),
        pytest.param([SIX], {"aggregationLength": 8}, set(), [], id="length of the other family"),
        pytest.param(
            [EDGE, pool("core", "198.51.100.0/22"), SIX],
            {"aggregationLength": 23},
            {"edge"},
            [f"aggregationLength = 23: {beyond('192.0.2.0-192.0.2.255', 'edge')}"],
            id="for one pool of several",
        ),
        pytest.param(
            [EDGE, pool("core", "198.51.100.0/24")],
            {"aggregationLength": 23, "ipAddressPools": ["core"]},
            {"core"},
            [f"aggregationLength = 23: {beyond('198.51.100.0-198.51.100.255', 'core')}"],
            id="only for pools that it is about",
        ),
    ],
)
def test_a_pool_is_not_advertised_where_the_routes_would_reach_beyond_it(pools, spec, unfit, expected):
    found = parsed(pools=pools, bgp_advertisements=[advertisement("internet", **spec)])
    assert found.config.unfit == {("internet", name) for name in unfit}
    assert [str(each) for each in found.rejections] == [WHERE + message for message in expected]
    assert list(found.config.bgp_advertisements) == ["internet"]


# Routes with two sets of attributes


KEEP_APART = "Write the same value in both, or keep their peers or nodes apart."


def disagreement(name, field, value, other, its, of="edge"):
    return (
        f"BGPAdvertisement metallb-system/{name}: spec.{field} = {value}: BGPAdvertisement {other} sends the "
        f"same routes, of IPAddressPool {of}, with {its}. {KEEP_APART}"
    )


ONE_NODE = [node("n1", zone="a", tier="gold")]
TWO_NODES = [node("n1", tier="gold"), node("n2", tier="tin")]


@pytest.mark.parametrize(
    ("one", "other", "nodes", "expected"),
    [
        pytest.param(
            {"localPref": 100},
            {"localPref": 200},
            [],
            [disagreement("b", "localPref", 200, "a", 100)],
            id="LOCAL_PREF",
        ),
        pytest.param(
            {"localPref": 100}, {}, [], [disagreement("b", "localPref", 0, "a", 100)], id="and none"
        ),
        pytest.param(
            {"asPathPrepend": 2}, {}, [], [disagreement("b", "asPathPrepend", 0, "a", 2)], id="AS_PATH"
        ),
        pytest.param(
            {"localPref": 1, "asPathPrepend": 2},
            {"localPref": 1, "asPathPrepend": 3},
            [],
            [disagreement("b", "asPathPrepend", 3, "a", 2)],
            id="AS_PATH, with one LOCAL_PREF",
        ),
        pytest.param({"localPref": 100}, {"localPref": 100}, [], [], id="they agree"),
        pytest.param(
            {"localPref": 100, "communities": ["1:1"]},
            {"localPref": 100, "communities": ["1:2"]},
            [],
            [],
            id="communities add up",
        ),
        pytest.param(
            {"localPref": 100, "aggregationLength": 24, "ipAddressPools": ["edge"]},
            {"localPref": 200},
            [],
            [],
            id="other prefixes",
        ),
        pytest.param(
            {"localPref": 100, "peers": ["tor"]},
            {"localPref": 200, "peers": ["spine"]},
            [],
            [],
            id="other peers",
        ),
        pytest.param(
            {"localPref": 100, "peers": ["tor", "spine"]},
            {"localPref": 200, "peers": ["spine"]},
            [],
            [disagreement("b", "localPref", 200, "a", 100)],
            id="a peer in common",
        ),
        pytest.param(
            {"localPref": 100, "peers": ["tor"]},
            {"localPref": 200},
            [],
            [disagreement("b", "localPref", 200, "a", 100)],
            id="a peer, and all",
        ),
        pytest.param(
            {"localPref": 100, "nodeSelectors": [GOLD]},
            {"localPref": 200, "nodeSelectors": [TIN]},
            TWO_NODES,
            [],
            id="other nodes",
        ),
        pytest.param(
            {"localPref": 100, "nodeSelectors": [GOLD]},
            {"localPref": 200, "nodeSelectors": [{"matchLabels": {"zone": "a"}}]},
            ONE_NODE,
            [disagreement("b", "localPref", 200, "a", 100)],
            id="a node in common",
        ),
        pytest.param(
            {"localPref": 100, "nodeSelectors": [GOLD]},
            {"localPref": 200, "nodeSelectors": [TIN]},
            [],
            [disagreement("b", "localPref", 200, "a", 100)],
            id="no node known: perhaps one in common",
        ),
        pytest.param(
            {"localPref": 100, "serviceSelectors": [GOLD]},
            {"localPref": 200},
            [],
            [],
            id="of some Services: judged Service by Service",
        ),
        pytest.param(
            {"localPref": 100, "ipAddressPools": ["edge"]},
            {"localPref": 200, "ipAddressPools": ["far"]},
            [],
            [],
            id="other pools",
        ),
        pytest.param(
            {"localPref": 100, "ipAddressPoolSelectors": [GOLD]},
            {"localPref": 200, "ipAddressPools": ["edge"]},
            [],
            [disagreement("b", "localPref", 200, "a", 100)],
            id="a pool in common, by label and by name",
        ),
        pytest.param(
            {"localPref": 100, "aggregationLengthV6": 120, "ipAddressPools": ["six"]},
            {"localPref": 200, "ipAddressPools": ["six"]},
            [],
            [],
            id="other IPv6 prefixes, though IPv4 ones would be the same",
        ),
    ],
)
def test_two_advertisements_of_one_route_agree_on_its_attributes(one, other, nodes, expected):
    given = advertisement("a", born=OLD, **one), advertisement("b", born=NEW, **other)
    pools = [EDGE, SIX, pool("far", "198.51.100.0/24")]
    found = parsed(bgp_advertisements=given, pools=pools, nodes=nodes)
    assert list(found.config.bgp_advertisements) == (["a"] if expected else ["a", "b"])
    assert [str(each) for each in found.rejections] == expected


def test_all_advertisements_that_disagree_are_told():
    given = [
        advertisement("a", born=OLD, localPref=1, ipAddressPools=["core"]),
        advertisement("b", born=OLD, localPref=2, ipAddressPools=["edge"]),
        advertisement("c", born=NEW, localPref=3),
    ]
    assert messages(*given, pools=[EDGE, pool("core", "198.51.100.0/24")]) == [
        disagreement("c", "localPref", 3, "a", 1, of="core"),
        disagreement("c", "localPref", 3, "b", 2),
    ]


def test_advertisements_of_some_services_are_apart():
    config = good(
        bgp_advertisements=[
            advertisement("a", localPref=1, serviceSelectors=[GOLD]),
            advertisement("b", localPref=2, serviceSelectors=[GOLD]),
        ]
    )
    assert RouteClaims.are_apart(config.bgp_advertisements.values())
