from ipaddress import ip_address
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.announce.election import Election, elect, rank
from lb.announce.why import Why

VIP = ip_address("192.0.2.1")
NODES = st.text("abc-0", min_size=1, max_size=4)
ADDRESSES = st.ip_addresses()


def standings():
    """Why each node may or may not, as eligibility says it; who is outranked is the election's to say."""
    given = [why for why in Why if why is not Why.OUTRANKED]
    return st.dictionaries(NODES, st.sampled_from([Why.ELIGIBLE, *given]), max_size=7)


def scores():
    return st.dictionaries(NODES, st.integers(0, 100), max_size=7)


# From coreutils: printf 'node-a#192.0.2.1' | sha256sum
@pytest.mark.parametrize(
    ("node", "address", "digest"),
    [
        pytest.param(
            "node-a",
            "192.0.2.1",
            "9028b03eebd9c50f45e3cb24b507db170990cd5f206b44ba22be4e1dc2acad0a",
            id="node-a#192.0.2.1",
        ),
        pytest.param(
            "node-a",
            "2001:db8::1",
            "3c9f88a7e2ef52a1c015be314124ea3ab99785b842ce9ee37afdf6470837efbe",
            id="node-a#2001:db8::1",
        ),
        pytest.param(
            "node-c",
            "192.0.2.1",
            "22e614dd15c80d920cc5a45f133d369185bf386900ff66db85b9fd71bcb09f9f",
            id="node-c#192.0.2.1",
        ),
        pytest.param(
            "node-d",
            "2001:db8::1",
            "1151f1967d299feaf0d64d55e21a28c5c7513b0f139ea2a2d80632b5afc942b6",
            id="node-d#2001:db8::1",
        ),
    ],
)
def test_the_rank_of_a_node_is_the_incumbent_s(node, address, digest):
    assert rank(node, ip_address(address)).hex() == digest


@pytest.mark.parametrize(
    ("address", "order"),
    [
        pytest.param("192.0.2.1", ["node-c", "node-a", "node-d", "node-b"], id="IPv4"),
        pytest.param("2001:db8::1", ["node-d", "node-b", "node-a", "node-c"], id="IPv6"),
    ],
)
def test_as_winners_drop_out_the_next_by_rank_follows(address, order):
    standing = dict.fromkeys(sorted(order), Why.ELIGIBLE)
    for winner in order:
        assert elect(ip_address(address), standing, {}).winner == winner
        standing[winner] = Why.NO_SPEAKER
    assert elect(ip_address(address), standing, {}).winner is None


def test_an_address_has_the_same_rank_however_it_was_written():
    assert rank("a", ip_address("2001:DB8:0::1")) == rank("a", ip_address("2001:db8::1"))


@given(ADDRESSES, standings(), scores(), st.randoms())
def test_every_node_elects_the_same_whatever_the_order(address, standing, score, random):
    shuffled = list(standing.items())
    random.shuffle(shuffled)
    assert elect(address, dict(shuffled), score) == elect(address, standing, score)


@given(standings(), scores())
def test_losing_a_node_that_did_not_win_moves_no_address(standing, score):
    before = elect(VIP, standing, score)
    for loser in standing.keys() - {before.winner}:
        assert elect(VIP, {**standing, loser: Why.NO_SPEAKER}, score).winner == before.winner


@given(standings(), scores(), NODES)
def test_a_node_that_comes_moves_an_address_only_to_itself(standing, score, newcomer):
    before = elect(VIP, standing, score).winner
    assert elect(VIP, {**standing, newcomer: Why.ELIGIBLE}, score).winner in (before, newcomer)


@given(ADDRESSES, standings(), scores())
def test_one_wins_where_any_may_and_only_one_who_may(address, standing, score):
    eligible = [node for node, why in standing.items() if why is Why.ELIGIBLE]
    winner = elect(address, standing, score).winner
    assert winner in eligible if eligible else winner is None


@given(ADDRESSES, standings(), scores())
def test_preference_beats_rank_and_rank_decides_among_the_equally_preferred(address, standing, score):
    election = elect(address, standing, score)
    for other in [node for node, why in election.standing.items() if why is Why.OUTRANKED]:
        mine, theirs = score.get(election.winner, 0), score.get(other, 0)
        assert mine >= theirs
        assert mine > theirs or rank(election.winner, address) < rank(other, address)


def test_a_preferred_node_that_may_not_announce_does_not_win():
    standing = {"a": Why.EXCLUDED, "b": Why.ELIGIBLE}
    assert elect(VIP, standing, {"a": 100}).winner == "b"


@pytest.mark.parametrize(("one", "other"), list(product(Why, Why)), ids=lambda why: why.name.lower())
def test_of_two_nodes_the_loser_is_told_its_own_reason(one, other):
    """Every pair of reasons; node-b ranks after node-c for this address."""
    election = elect(VIP, {"node-c": one, "node-b": other}, {})
    if one is Why.ELIGIBLE:
        expected = Election("node-c", {"node-c": one, "node-b": Why.OUTRANKED if other is one else other})
    elif other is Why.ELIGIBLE:
        expected = Election("node-b", {"node-c": one, "node-b": other})
    else:
        expected = Election(None, {"node-c": one, "node-b": other})
    assert election == expected
