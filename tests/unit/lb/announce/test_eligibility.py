import pytest
from msgspec.structs import replace

from lb.announce.eligibility import (
    Surroundings,
    excludes,
    has_interface,
    hindrance,
    interfaces,
    is_alike,
    score,
    selects,
)
from lb.announce.why import Why
from lb.api.meta import LabelSelector
from lb.api.node import NodeCondition, NodeStatus

from .cluster import ANYWHERE, DRAIN, EXCLUDE, advertisement, node, prefer, told

IN_A, IN_B = LabelSelector({"zone": "a"}), LabelSelector({"zone": "b"})
OUT = "node.kubernetes.io/out-of-service"


@pytest.mark.parametrize(
    ("given", "ready", "why"),
    [
        pytest.param(node(), True, None, id="may"),
        pytest.param(node(), False, Why.NO_SPEAKER, id="speaker not ready"),
        pytest.param(node(unavailable="True"), True, Why.NETWORK_UNAVAILABLE, id="network"),
        pytest.param(node(unavailable="False"), True, None, id="network there"),
        pytest.param(node(unavailable="Unknown"), True, None, id="network unknown"),
        pytest.param(node(taint=OUT), True, Why.OUT_OF_SERVICE, id="out of service"),
        pytest.param(node(taint="node.kubernetes.io/unschedulable"), True, None, id="cordoned"),
        pytest.param(
            node(taint="node.kubernetes.io/unreachable"), True, None, id="not heard by others than us"
        ),
        pytest.param(node(labels=DRAIN), True, Why.DRAINED, id="drained"),
        pytest.param(node(labels={"anvil-lb.io/drain": "false"}), True, None, id="not drained"),
        pytest.param(node(labels=EXCLUDE), True, None, id="excluded, which is another question"),
        pytest.param(
            node(labels=DRAIN, unavailable="True", taint=OUT), False, Why.NO_SPEAKER, id="first reason"
        ),
        pytest.param(
            node(labels=DRAIN, unavailable="True", taint=OUT),
            True,
            Why.NETWORK_UNAVAILABLE,
            id="second reason",
        ),
        pytest.param(node(labels=DRAIN, taint=OUT), True, Why.OUT_OF_SERVICE, id="third reason"),
    ],
)
def test_a_node_may_announce_or_has_a_first_reason_not_to(given, ready, why):
    assert hindrance(given, Surroundings({"n": given}, frozenset({"n"} if ready else ()))) is why


@pytest.mark.parametrize("value", ["", "true", "false"])
def test_a_node_is_excluded_by_the_label_whatever_its_value_unless_a_flag_says_otherwise(value):
    given = node(labels=dict.fromkeys(EXCLUDE, value))
    around = Surroundings({"n": given}, frozenset({"n"}))
    assert excludes(given, around)
    assert not excludes(given, replace(around, ignores_exclusion=True))
    assert not excludes(node(), around)


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        pytest.param(node(), True, id="the same"),
        pytest.param(
            replace(node(), status=NodeStatus((NodeCondition("MemoryPressure", "True"),))),
            True,
            id="condition",
        ),
        pytest.param(node(unavailable="False"), True, id="its network is told to be there"),
        pytest.param(node(taint="node.kubernetes.io/unschedulable"), True, id="cordoned"),
        pytest.param(node(labels={"a": "b"}), False, id="label"),
        pytest.param(node(address="192.0.2.9"), False, id="address"),
        pytest.param(node(unavailable="True"), False, id="network"),
        pytest.param(node(taint=OUT), False, id="out of service"),
    ],
)
def test_only_what_elections_look_at_makes_nodes_differ(other, alike):
    assert is_alike(node(), other) is is_alike(other, node()) is alike


def test_node_selectors_are_ored_and_none_selects_all():
    either = advertisement(node_selectors=(IN_A, IN_B))
    assert [selects(either, node(labels={"zone": zone})) for zone in "abc"] == [True, True, False]
    assert selects(ANYWHERE, node())


PREFERRED = advertisement(preferred_node_selectors=(prefer(7, zone="a"), prefer(5)))


@pytest.mark.parametrize(
    ("advertisements", "zone", "points"),
    [
        pytest.param([ANYWHERE], "a", 0, id="no preference"),
        pytest.param([PREFERRED], "b", 5, id="preferred by one"),
        pytest.param([PREFERRED], "a", 12, id="preferences add up"),
        pytest.param([PREFERRED, PREFERRED], "a", 24, id="of several advertisements too"),
    ],
)
def test_a_node_is_preferred_by_the_sum_of_weights(advertisements, zone, points):
    assert score(advertisements, node(labels={"zone": zone})) == points


ETH0, ETH1 = (advertisement(interfaces=(name,)) for name in ("eth0", "eth1"))


@pytest.mark.parametrize(
    ("advertisements", "named"),
    [
        pytest.param([ANYWHERE], None, id="all"),
        pytest.param([ETH0], {"eth0"}, id="one"),
        pytest.param([ETH0, ETH1], {"eth0", "eth1"}, id="union"),
        pytest.param([ETH0, ANYWHERE], None, id="all, by one of two"),
    ],
)
def test_interfaces_are_the_union_of_those_named(advertisements, named):
    assert interfaces(advertisements) == named
    assert interfaces(iter(advertisements)) == named


@pytest.mark.parametrize(
    ("allowed", "bulletin", "versions"),
    [
        pytest.param(None, None, [4, 6], id="it told nothing yet"),
        pytest.param({"eth0"}, None, [4, 6], id="it told nothing yet, one allowed"),
        pytest.param(None, told("eth1"), [4, 6], id="any"),
        pytest.param(None, told("eth1", ipv6=[]), [4], id="any, without IPv6"),
        pytest.param(None, told(), [], id="it has none at all"),
        pytest.param({"eth0", "eth1"}, told("eth1", "eth2"), [4, 6], id="one of those allowed"),
        pytest.param({"eth0"}, told("eth0", "eth1", ipv6=["eth1"]), [4], id="IPv6 on another one"),
        pytest.param({"eth0"}, told("eth1"), [], id="none of those allowed"),
    ],
)
def test_a_node_has_to_have_one_of_the_interfaces_for_the_ip_version(allowed, bulletin, versions):
    among = frozenset(allowed) if allowed else None
    assert [version for version in (4, 6) if has_interface(among, version, bulletin)] == versions
