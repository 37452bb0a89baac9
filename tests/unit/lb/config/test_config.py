from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.api.bgp_advertisement import BGPAdvertisementSpec
from lb.api.l2_advertisement import L2AdvertisementSpec
from lb.api.meta import LabelSelector
from lb.config.config import EMPTY, BGPAdvertisement, Config, L2Advertisement, Pool, Reservation, is_avoided
from lb.config.ranges import AddressRange, parse_range


def pool(name, *addresses, avoid_buggy_ips=False):
    return Pool(name, {}, tuple(map(parse_range, addresses)), True, avoid_buggy_ips)


def config(*pools):
    return Config({each.name: each for each in pools})


def name_of(found):
    return found.name if found is not None else None


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("10.0.0.9", None),
        ("10.0.0.10", "a"),
        ("10.0.0.20", "a"),
        ("10.0.0.21", None),
        ("10.0.0.30", "b"),
        ("10.0.0.40", "a"),
        ("10.0.0.41", None),
        ("::a00:a", None),
        ("2001:db8::1", "b"),
        ("2001:db8::100", None),
        ("32.1.13.184", None),
    ],
)
def test_an_address_is_found_in_the_pool_that_it_lies_in(address, name):
    pools = config(
        pool("a", "10.0.0.40/32", "10.0.0.10-10.0.0.20"), pool("b", "2001:db8::/120", "10.0.0.30/32")
    )
    assert name_of(pools.pool_of(ip_address(address))) == name


def test_no_pool_holds_nothing():
    assert EMPTY.pool_of(ip_address("10.0.0.1")) is None


@given(st.lists(st.integers(0, 99), max_size=12, unique=True), st.integers(0, 99))
def test_a_pool_is_found_as_by_looking_through_all(ends, number):
    ends = sorted(ends[: len(ends) // 2 * 2])
    pairs = zip(ends[::2], ends[1::2], strict=True)
    pools = [Pool(str(at), {}, (AddressRange(4, *pair),), True, False) for at, pair in enumerate(pairs)]
    address = IPv4Address(number)
    expected = next((each.name for each in pools if address in each.ranges[0]), None)
    assert name_of(config(*pools).pool_of(address)) == expected


@pytest.mark.parametrize(
    ("address", "avoided"),
    [("10.0.0.0", True), ("10.0.7.255", True), ("10.0.0.1", False), ("10.255.0.254", False), ("::ff", False)],
)
def test_buggy_addresses_end_in_0_or_255_in_ipv4_alone(address, avoided):
    everything = ["0.0.0.0/0", "::/0"]
    careful, careless = pool("a", *everything, avoid_buggy_ips=True), pool("a", *everything)
    assert is_avoided(careful, ip_address(address)) is avoided
    assert not is_avoided(careless, ip_address(address))
    assert name_of(config(careful).pool_of(ip_address(address))) == (None if avoided else "a")


GOLD = LabelSelector({"tier": "gold"})


@pytest.mark.parametrize(
    ("spec", "covered"),
    [
        pytest.param(L2AdvertisementSpec(), True, id="no name and no selector: all pools"),
        pytest.param(L2AdvertisementSpec(ip_address_pools=("edge",)), True, id="by name"),
        pytest.param(L2AdvertisementSpec(ip_address_pools=("core",)), False, id="other name"),
        pytest.param(L2AdvertisementSpec(ip_address_pool_selectors=(GOLD,)), True, id="by label"),
        pytest.param(L2AdvertisementSpec(("core",), (GOLD,)), True, id="name or label"),
        pytest.param(
            L2AdvertisementSpec(ip_address_pool_selectors=(LabelSelector({"tier": "tin"}),)),
            False,
            id="other label",
        ),
        pytest.param(
            L2AdvertisementSpec(ip_address_pool_selectors=(LabelSelector(),)), True, id="empty selector"
        ),
    ],
)
def test_an_advertisement_covers_pools_by_name_or_label(spec, covered):
    assert L2Advertisement("lan", spec).covers("edge", {"tier": "gold"}) is covered


@pytest.mark.parametrize(
    ("spec", "lengths"),
    [
        pytest.param(BGPAdvertisementSpec(), (32, 128), id="none said"),
        pytest.param(BGPAdvertisementSpec(aggregation_length=None), (32, 128), id="null"),
        pytest.param(BGPAdvertisementSpec(24, 64), (24, 64), id="both said"),
    ],
)
def test_routes_are_as_long_as_an_address_where_nothing_else_is_said(spec, lengths):
    advertisement = BGPAdvertisement("internet", spec)
    assert (advertisement.aggregation_length(4), advertisement.aggregation_length(6)) == lengths
    assert advertisement.covers("edge", {})


TIN = LabelSelector({"tier": "tin"})


@pytest.mark.parametrize(
    ("reservation", "admitted"),
    [
        pytest.param(Reservation(), True, id="for all"),
        pytest.param(Reservation(namespaces=frozenset({"shop"})), True, id="its namespace"),
        pytest.param(Reservation(namespaces=frozenset({"bank"})), False, id="another namespace"),
        pytest.param(Reservation(namespaces=frozenset()), False, id="no namespace"),
        pytest.param(Reservation(service_selectors=(GOLD,)), True, id="its label"),
        pytest.param(Reservation(service_selectors=(TIN,)), False, id="another label"),
        pytest.param(Reservation(service_selectors=(TIN, GOLD)), True, id="one label of several"),
        pytest.param(
            Reservation(namespaces=frozenset({"shop"}), service_selectors=(TIN,)),
            False,
            id="its namespace, but not its label",
        ),
        pytest.param(
            Reservation(namespaces=frozenset({"bank"}), service_selectors=(GOLD,)),
            False,
            id="its label, but not its namespace",
        ),
    ],
)
def test_a_reservation_admits_services_by_namespace_and_label(reservation, admitted):
    assert reservation.admits("shop", {"tier": "gold"}) is admitted
