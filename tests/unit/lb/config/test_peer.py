import pytest

from lb.config.peer import Password
from tests.unit.lb.config.written import good, peer


def one(**spec):
    return good(peers=[peer(**spec)]).peers["tor"]


@pytest.mark.parametrize(
    ("spec", "internal"),
    [
        pytest.param({}, False, id="another AS"),
        pytest.param({"peerASN": 64512}, True, id="our AS"),
        pytest.param({"peerASN": None, "dynamicASN": "internal"}, True, id="our AS, whatever it is"),
        pytest.param({"peerASN": None, "dynamicASN": "external"}, False, id="any other AS"),
    ],
)
def test_a_peer_is_internal_where_it_is_of_our_as(spec, internal):
    assert one(**spec).is_internal is internal


@pytest.mark.parametrize(
    ("selectors", "labels", "matches"),
    [
        pytest.param([], {}, True, id="none: all"),
        pytest.param([{"matchLabels": {"rack": "1"}}], {"rack": "1"}, True, id="matches"),
        pytest.param([{"matchLabels": {"rack": "1"}}], {"rack": "2"}, False, id="does not match"),
        pytest.param(
            [{"matchLabels": {"rack": "1"}}, {"matchLabels": {"rack": "2"}}], {"rack": "2"}, True, id="either"
        ),
    ],
)
def test_a_peer_is_of_the_nodes_that_it_selects(selectors, labels, matches):
    assert one(nodeSelectors=selectors).is_of(labels) is matches


def test_a_password_never_shows_in_a_text():
    password = Password("open sesame")
    assert "sesame" not in f"{password} {password!r} {[password]}"
