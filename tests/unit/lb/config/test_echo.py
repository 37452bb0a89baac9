import pytest

from lb.config.echo import ipv6_route, ipv6_routes
from tests.unit.lb.config.written import advertisement, good, pool

FOUR = pool("four", "192.0.2.0/24")
SIX = pool("six", "198.51.100.0/24", "2001:db8::/120", labels={"tier": "gold"})


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        pytest.param({}, True, id="all pools, all peers"),
        pytest.param({"ipAddressPools": ["six"]}, True, id="pool by name"),
        pytest.param({"ipAddressPools": ["four"]}, False, id="pool of IPv4"),
        pytest.param(
            {"ipAddressPoolSelectors": [{"matchLabels": {"tier": "gold"}}]}, True, id="pool by label"
        ),
        pytest.param({"peers": ["tor"]}, True, id="the peer"),
        pytest.param({"peers": ["other"]}, False, id="another peer"),
    ],
)
def test_a_peer_is_sent_ipv6_where_an_advertisement_to_it_covers_a_pool_with_ipv6(spec, told):
    config = good(pools=[FOUR, SIX], bgp_advertisements=[advertisement("internet", **spec)])
    routes = ipv6_routes(config.bgp_advertisements, config.pools)
    expected = "BGPAdvertisement internet sends it IPv6 routes of IPAddressPool six" if told else ""
    assert ipv6_route("tor", routes) == expected


def test_no_pool_of_ipv6_is_no_ipv6_route():
    config = good(pools=[FOUR], bgp_advertisements=[advertisement("internet")])
    assert ipv6_routes(config.bgp_advertisements, config.pools) == ()


def test_the_first_advertisement_to_the_peer_is_named():
    specs = {"a": {"peers": ["other"]}, "b": {"ipAddressPools": ["four"]}, "c": {}, "d": {}}
    config = good(
        pools=[FOUR, SIX], bgp_advertisements=[advertisement(name, **spec) for name, spec in specs.items()]
    )
    route = ipv6_route("tor", ipv6_routes(config.bgp_advertisements, config.pools))
    assert route == "BGPAdvertisement c sends it IPv6 routes of IPAddressPool six"
