"""Services of two IP families: what they get of which pool, in which order, and what comes later."""

import pytest

FAMILIES = {"ipFamilies": ["IPv4", "IPv6"]}
REQUIRE = {"ipFamilyPolicy": "RequireDualStack", **FAMILIES}
PREFER = {"ipFamilyPolicy": "PreferDualStack", **FAMILIES}
IPS = "metallb.io/loadBalancerIPs"


@pytest.fixture
def running(cluster, controller):
    return controller


def test_a_service_that_requires_both_families_gets_them_of_one_pool_or_none(cluster, running):
    cluster.pool("a", "192.0.2.10-192.0.2.20")
    cluster.pool("b", "2001:db8::10-2001:db8::20")
    cluster.service("web", **REQUIRE)
    told = cluster.wait_for_reason("web", "False", "NoFreeAddress")
    one = "has no addresses of one of the Service's IP families"
    assert told == (
        f"no pool has a free address of each family; pool a {one}; pool b {one}."
        " Add addresses to a pool, or free one."
    )
    assert cluster.addresses("web") == []

    cluster.pool("c", "198.51.100.0/28", "2001:db8:1::/124")

    cluster.wait_for_addresses("web", "198.51.100.0", "2001:db8:1::")
    assert cluster.wait_for_event("web", "IPAllocated") == (
        'Assigned IP ["198.51.100.0", "2001:db8:1::"] from pool c'
    )


@pytest.mark.parametrize("first", ["IPv4", "IPv6"])
def test_a_service_that_prefers_both_gets_the_other_one_when_its_pool_grows_and_keeps_the_first(
    cluster, running, first
):
    four, six = "192.0.2.10", "2001:db8::10"
    now, later = (four, six) if first == "IPv4" else (six, four)
    cluster.pool("lan", f"{now}/{32 if first == 'IPv4' else 128}")
    cluster.service("web", **PREFER)
    cluster.wait_for_addresses("web", now)
    assert cluster.condition("web")["reason"] == "Allocated"

    cluster.pool("lan", f"{four}/32", f"{six}/128")

    cluster.wait_for_addresses("web", now, later)
    running.restart()
    cluster.service("next", **PREFER)
    cluster.wait_for_reason("next", "False", "NoFreeAddress")
    assert cluster.addresses("web") == [now, later]


def test_a_service_that_prefers_both_where_no_pool_has_both_gets_its_first_family(cluster, running):
    cluster.pool("a", "192.0.2.10/32")
    cluster.pool("b", "2001:db8::10/128")

    cluster.service("six", ipFamilyPolicy="PreferDualStack", ipFamilies=["IPv6", "IPv4"])
    cluster.service("four", **PREFER)

    cluster.wait_for_addresses("six", "2001:db8::10")
    cluster.wait_for_addresses("four", "192.0.2.10")


def test_addresses_asked_for_stay_in_the_order_in_which_they_are_asked_for(cluster, running):
    cluster.pool("lan", "192.0.2.10-192.0.2.20", "2001:db8::10-2001:db8::20")
    cluster.service("web", annotations={IPS: "2001:db8::15,192.0.2.15"}, **REQUIRE)
    cluster.wait_for_addresses("web", "2001:db8::15", "192.0.2.15")

    running.restart()

    cluster.service("half", annotations={IPS: "192.0.2.16"}, **REQUIRE)
    told = cluster.wait_for_reason("half", "False", "InvalidRequest")
    assert "the Service's cluster IPs are IPv4 and IPv6" in told
    assert cluster.addresses("web") == ["2001:db8::15", "192.0.2.15"]


def test_a_service_that_goes_down_to_one_family_keeps_its_address_and_frees_the_other(cluster, running):
    cluster.pool("lan", "192.0.2.10/32", "2001:db8::10/128")
    cluster.service("web", **REQUIRE)
    cluster.wait_for_addresses("web", "192.0.2.10", "2001:db8::10")
    cluster.service("six", ipFamilies=["IPv6"])

    patch = '{"spec": {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"]}}'
    cluster.lab.kubectl("patch", "service", "web", "--type=merge", "-p", patch)

    cluster.wait_for_addresses("six", "2001:db8::10")
    cluster.wait_for_addresses("web", "192.0.2.10")
