import pytest

from lb.announce.eligibility import Surroundings, interfaces, score, selects, serving_endpoints, standing
from lb.announce.why import Why
from lb.api.endpoint_slice import Endpoint, EndpointConditions, EndpointSlice
from lb.api.l2_advertisement import L2AdvertisementSpec, PreferredNode
from lb.api.meta import LabelSelector, ObjectMeta
from lb.api.node import Node, NodeCondition, NodeStatus
from lb.config.config import L2Advertisement

EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"
IN_A, IN_B = LabelSelector({"zone": "a"}), LabelSelector({"zone": "b"})


def node(name="n", unavailable=None, **labels):
    conditions = (NodeCondition("Ready", "True"),)
    if unavailable is not None:
        conditions += (NodeCondition("NetworkUnavailable", unavailable),)
    labels = {key.replace("EXCLUDE", EXCLUDE): value for key, value in labels.items()}
    return Node(ObjectMeta(name=name, labels=labels), NodeStatus(conditions))


def advertisement(**spec):
    return L2Advertisement("lan", L2AdvertisementSpec(**spec))


ANYWHERE = advertisement()
ONLY_A, ONLY_B = advertisement(node_selectors=(IN_A,)), advertisement(node_selectors=(IN_B,))


@pytest.mark.parametrize(
    ("given", "advertisements", "ready", "local_nodes", "why"),
    [
        pytest.param(node(), [ANYWHERE], True, None, Why.ELIGIBLE, id="may"),
        pytest.param(node(zone="a"), [ONLY_A], True, None, Why.ELIGIBLE, id="selected"),
        pytest.param(node(zone="a"), [ONLY_B, ONLY_A], True, None, Why.ELIGIBLE, id="selected by one of two"),
        pytest.param(node(zone="a"), [ONLY_B], True, None, Why.NOT_SELECTED, id="selected by none"),
        pytest.param(node(), [], True, None, Why.NOT_SELECTED, id="no advertisement"),
        pytest.param(node(), [ANYWHERE], False, None, Why.NO_SPEAKER, id="speaker not ready"),
        pytest.param(node(unavailable="True"), [ANYWHERE], True, None, Why.NETWORK_UNAVAILABLE, id="network"),
        pytest.param(node(unavailable="False"), [ANYWHERE], True, None, Why.ELIGIBLE, id="network there"),
        pytest.param(node(unavailable="Unknown"), [ANYWHERE], True, None, Why.ELIGIBLE, id="network unknown"),
        pytest.param(node(EXCLUDE=""), [ANYWHERE], True, None, Why.EXCLUDED, id="excluded"),
        pytest.param(node(EXCLUDE="false"), [ANYWHERE], True, None, Why.EXCLUDED, id="whatever the value"),
        pytest.param(
            node(), [ANYWHERE], True, frozenset({"n"}), Why.ELIGIBLE, id="policy Local, endpoint here"
        ),
        pytest.param(
            node(),
            [ANYWHERE],
            True,
            frozenset({"m"}),
            Why.NO_LOCAL_ENDPOINT,
            id="policy Local, endpoint elsewhere",
        ),
        pytest.param(
            node(unavailable="True", EXCLUDE=""), [], False, frozenset(), Why.NOT_SELECTED, id="first reason"
        ),
        pytest.param(
            node(unavailable="True", EXCLUDE=""),
            [ANYWHERE],
            False,
            frozenset(),
            Why.NO_SPEAKER,
            id="second reason",
        ),
        pytest.param(
            node(unavailable="True", EXCLUDE=""),
            [ANYWHERE],
            True,
            frozenset(),
            Why.NETWORK_UNAVAILABLE,
            id="third reason",
        ),
        pytest.param(node(EXCLUDE=""), [ANYWHERE], True, frozenset(), Why.EXCLUDED, id="fourth reason"),
    ],
)
def test_a_node_may_announce_or_has_a_first_reason_not_to(given, advertisements, ready, local_nodes, why):
    surroundings = Surroundings({"n": given}, frozenset({"n"} if ready else ()))
    assert standing(surroundings, advertisements, local_nodes) == {"n": why}


def test_a_speaker_on_a_node_that_there_is_not_does_not_stand():
    assert standing(Surroundings({"n": node()}, frozenset({"n", "ghost"})), [ANYWHERE], None) == {
        "n": Why.ELIGIBLE
    }


def test_advertisements_may_be_any_iterable():
    surroundings = Surroundings({"n": node("n"), "m": node("m")}, frozenset({"n", "m"}))
    assert set(standing(surroundings, iter([ANYWHERE]), None).values()) == {Why.ELIGIBLE}


@pytest.mark.parametrize(
    ("ready", "serving", "serves"),
    [
        pytest.param(True, True, True, id="ready"),
        pytest.param(None, None, True, id="unknown, to be read as ready"),
        pytest.param(True, None, True, id="ready, serving unknown"),
        pytest.param(False, True, True, id="terminating but still serving"),
        pytest.param(False, False, False, id="not ready"),
        pytest.param(False, None, False, id="not ready, serving unknown"),
    ],
)
def test_an_endpoint_serves_while_it_is_ready_or_still_serving(ready, serving, serves):
    endpoint = Endpoint(("10.244.0.5",), EndpointConditions(ready, serving), "n")
    found = serving_endpoints([EndpointSlice(ObjectMeta(), (endpoint,))])
    assert found == ([endpoint] if serves else [])


def test_endpoints_of_all_slices_count_and_those_without_an_address_do_not():
    one, two, bare = (Endpoint((a,)) if a else Endpoint() for a in ("10.244.0.5", "10.244.0.6", None))
    slices = [
        EndpointSlice(ObjectMeta(), (one, bare)),
        EndpointSlice(ObjectMeta(), None),
        EndpointSlice(ObjectMeta(), (two,)),
    ]
    assert serving_endpoints(slices) == [one, two]


def test_node_selectors_are_ored_and_none_selects_all():
    either = advertisement(node_selectors=(IN_A, IN_B))
    assert [selects(either, node(zone=zone)) for zone in "abc"] == [True, True, False]
    assert selects(ANYWHERE, node())


def prefer(weight, selector):
    return PreferredNode(weight, selector)


@pytest.mark.parametrize(
    ("advertisements", "points"),
    [
        pytest.param([ANYWHERE], 0, id="no preference"),
        pytest.param([advertisement(preferred_node_selectors=(prefer(7, IN_A),))], 7, id="preferred"),
        pytest.param([advertisement(preferred_node_selectors=(prefer(7, IN_B),))], 0, id="others preferred"),
        pytest.param(
            [advertisement(preferred_node_selectors=(prefer(7, IN_A), prefer(5, LabelSelector())))],
            12,
            id="preferences add up",
        ),
        pytest.param(
            [
                advertisement(preferred_node_selectors=(prefer(7, IN_A),)),
                advertisement(preferred_node_selectors=(prefer(100, IN_A),), node_selectors=(IN_A,)),
            ],
            107,
            id="of several advertisements too",
        ),
        pytest.param(
            [
                ANYWHERE,
                advertisement(preferred_node_selectors=(prefer(7, IN_A),), node_selectors=(IN_B,)),
            ],
            0,
            id="not of one that does not select the node",
        ),
    ],
)
def test_a_node_is_preferred_by_the_sum_of_weights(advertisements, points):
    assert score(advertisements, node(zone="a")) == points


ETH0, ETH1 = (advertisement(interfaces=(name,)) for name in ("eth0", "eth1"))


@pytest.mark.parametrize(
    ("advertisements", "named"),
    [
        pytest.param([ANYWHERE], None, id="all"),
        pytest.param([ETH0], {"eth0"}, id="one"),
        pytest.param([ETH0, ETH1], {"eth0", "eth1"}, id="union"),
        pytest.param([ETH0, ANYWHERE], None, id="all, by one of two"),
        pytest.param(
            [ETH0, advertisement(interfaces=("eth9",), node_selectors=(IN_B,))],
            {"eth0"},
            id="not those of an advertisement that does not select the node",
        ),
        pytest.param([ETH0, ONLY_B], {"eth0"}, id="not all, by one that does not select the node"),
    ],
)
def test_interfaces_are_the_union_of_those_named(advertisements, named):
    assert interfaces(advertisements, node(zone="a")) == named
