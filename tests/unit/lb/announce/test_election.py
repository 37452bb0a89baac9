from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.announce.claims import Claims
from lb.announce.contest import Contest
from lb.announce.election import elect, first_by_rank, rank
from lb.announce.why import Why
from lb.api.meta import LabelSelector

from .cluster import (
    ANYWHERE,
    DRAIN,
    EXCLUDE,
    NAMES,
    VIP,
    VIP6,
    advertisement,
    case,
    claims,
    electorate,
    node,
    prefer,
    told,
)

NOBODY = Claims()
OTHER = ip_address("192.0.2.2")
ADDRESSES = st.ip_addresses()
PLACES = st.none() | st.dictionaries(st.sampled_from(NAMES), st.booleans())
PREFERRING = advertisement(
    "preferring", preferred_node_selectors=(prefer(1, better="1"), prefer(1, best="1"))
)
LABELS = st.sampled_from([{}, {}, {"better": "1"}, {"better": "1", "best": "1"}, EXCLUDE, DRAIN])
BULLETINS = st.sampled_from(
    [
        None,
        told("eth0", healthy=[30080]),
        told("eth0"),
        told("eth0", is_fresh=True),
        told("eth0", ipv6=[]),
        told(),
    ]
)


@st.composite
def electorates(draw, is_sticky=True):
    nodes = [node(name, draw(LABELS)) for name in draw(st.permutations(NAMES))]
    ready = draw(st.sets(st.sampled_from(NAMES)) | st.just(set(NAMES)))
    words = {name: word for name in NAMES if (word := draw(BULLETINS)) is not None}
    return electorate(ANYWHERE, PREFERRING, nodes=nodes, ready=ready, bulletins=words, is_sticky=is_sticky)


CASES = st.lists(
    st.builds(
        lambda addresses, **options: case(*addresses, **options),
        st.sampled_from([(VIP,), (VIP, VIP6)]),
        by=st.sampled_from([(ANYWHERE,), (PREFERRING,)]),
        local=PLACES,
        gate=st.sampled_from([0, 30080]),
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def claimed(draw, addresses=(VIP, OTHER)):
    made = Claims()
    for name in NAMES:
        made.put(name, draw(st.frozensets(st.sampled_from(addresses))))
    return made


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


ORDERS = [
    pytest.param(VIP, ["node-c", "node-a", "node-d", "node-b"], id="IPv4"),
    pytest.param(VIP6, ["node-d", "node-b", "node-a", "node-c"], id="IPv6"),
]


@pytest.mark.parametrize(("address", "order"), ORDERS)
def test_as_winners_drop_out_the_next_by_rank_follows(address, order):
    for at, winner in enumerate(order):
        assert elect(electorate(ready=order[at:]), NOBODY, [case(address)]).winner == winner
        assert first_by_rank(order[at:], address) == winner
    assert elect(electorate(ready=[]), NOBODY, [case(address)]).winner is None
    assert first_by_rank([], address) is None


def test_an_address_has_the_same_rank_however_it_was_written():
    assert rank("a", ip_address("2001:DB8:0::1")) == rank("a", ip_address("2001:db8::1"))


@pytest.mark.parametrize(
    ("cases", "winner"),
    [
        pytest.param([case(VIP, VIP6)], "node-c", id="two addresses, by the first"),
        pytest.param([case(VIP6, VIP)], "node-d", id="two addresses, by the first, an IPv6 one"),
        pytest.param(
            [case(VIP6), case(VIP, VIP6)], "node-c", id="several Services, by the lowest IPv4 address"
        ),
        pytest.param([case(OTHER), case(VIP, OTHER)], "node-c", id="the lowest of several"),
    ],
)
def test_all_addresses_go_together_by_the_first_of_them(cases, winner):
    assert elect(electorate(), NOBODY, cases).winner == winner
    assert elect(electorate(), NOBODY, cases[::-1]).winner == winner


@pytest.mark.parametrize(
    ("serving", "winner"),
    [
        pytest.param({}, "node-c", id="nobody serves it"),
        pytest.param({"node_b": [VIP]}, "node-b", id="the last by rank serves it"),
        pytest.param({"node_b": [OTHER]}, "node-c", id="another address is served"),
        pytest.param(
            {"node_b": [VIP], "node_d": [VIP]}, "node-d", id="two serve it, the first by rank keeps it"
        ),
        pytest.param({"node_b": [VIP], "node_c": [VIP]}, "node-c", id="the first of all is among them"),
        pytest.param({"node_b": [VIP6]}, "node-b", id="its other address is served"),
        pytest.param({"ghost": [VIP]}, "node-c", id="a node that is not there serves it"),
    ],
)
def test_an_address_stays_with_the_node_that_serves_it(serving, winner):
    assert elect(electorate(), claims(**serving), [case(VIP, VIP6)]).winner == winner
    assert elect(electorate(is_sticky=False), claims(**serving), [case(VIP, VIP6)]).winner == "node-c"


@pytest.mark.parametrize(
    ("fresh", "winner"),
    [
        pytest.param([], "node-b", id="none"),
        pytest.param(["node-b"], "node-c", id="the one that serves it"),
        pytest.param(["node-a", "node-c", "node-d"], "node-b", id="all others"),
    ],
)
def test_a_node_whose_speaker_has_just_started_keeps_nothing_from_who_ranks_before_it(fresh, winner):
    """So those that start together share as MetalLB's do, whoever is the first."""
    known = electorate(bulletins={name: told("eth0", is_fresh=True) for name in fresh})
    assert elect(known, claims(node_b=[VIP]), [case()]).winner == winner


@pytest.mark.parametrize(
    ("nodes", "local", "winner"),
    [
        pytest.param([node("node-a"), node("node-b", DRAIN)], None, "node-a", id="it is drained"),
        pytest.param(
            [node("node-a", {"better": "1"}), node("node-b")], None, "node-a", id="another is preferred"
        ),
        pytest.param(
            [node("node-a"), node("node-b")],
            {"node-a": True, "node-b": False},
            "node-a",
            id="its endpoint goes",
        ),
        pytest.param([node("node-a"), node("node-b")], {"node-a": True}, "node-a", id="its endpoint is gone"),
        pytest.param([node("node-a"), node("node-b")], None, "node-b", id="nothing of that"),
    ],
)
def test_a_node_keeps_an_address_no_longer_than_it_is_among_the_best(nodes, local, winner):
    known = electorate(PREFERRING, nodes=nodes)
    assert elect(known, claims(node_b=[VIP]), [case(by=[PREFERRING], local=local)]).winner == winner


@given(electorates(), claimed(), CASES)
def test_one_wins_where_any_may_and_only_one_of_the_best(known, serving, cases):
    best = Contest(known, tuple(cases)).best
    election = elect(known, serving, cases)
    assert election.winner in best if best else election.winner is None
    fresh = {name for name in NAMES if known.is_fresh(name)}
    assert election.holders == (best & serving.holders([VIP])) - fresh
    assert election.winner in election.holders or not election.holders


@given(electorates(), claimed(), CASES, st.randoms())
def test_every_node_elects_the_same_whatever_the_order(known, serving, cases, random):
    around = known.surroundings
    names = list(around.nodes)
    random.shuffle(names)
    shuffled = electorate(
        ANYWHERE,
        PREFERRING,
        nodes=[around.nodes[name] for name in names],
        ready=around.ready,
        bulletins={name: around.bulletins[name] for name in names if name in around.bulletins},
    )
    again = Claims()
    for name in names:
        again.put(name, frozenset(each for each in (VIP, OTHER) if serving.holds(name, each)))
    mine, theirs = elect(known, serving, cases), elect(shuffled, again, cases)
    assert (mine.winner, mine.holders) == (theirs.winner, theirs.holders)
    for each in cases:
        assert dict(mine.losers(each)) == dict(theirs.losers(each))


def without(known, lost):
    """The same, but for the speaker of *lost*."""
    around = known.surroundings
    return electorate(
        ANYWHERE,
        PREFERRING,
        nodes=around.nodes.values(),
        ready=around.ready - {lost},
        bulletins=around.bulletins,
        is_sticky=around.is_sticky,
    )


@given(electorates() | electorates(is_sticky=False), claimed(), CASES)
def test_losing_a_node_that_did_not_win_moves_no_address(known, serving, cases):
    winner = elect(known, serving, cases).winner
    for lost in known.surroundings.ready - {winner}:
        assert elect(without(known, lost), serving, cases).winner == winner


@given(electorates(), claimed(), CASES, st.sampled_from(NAMES))
def test_a_node_that_comes_without_holding_moves_an_address_only_if_it_has_more_to_offer(
    known, serving, cases, newcomer
):
    serving.put(newcomer, frozenset())
    before = elect(without(known, newcomer), serving, cases)
    after = elect(known, serving, cases)
    if after.winner != before.winner:
        assert after.winner == newcomer
        more = before.winner is None or after.contest.merit(newcomer) > after.contest.merit(before.winner)
        assert more or not before.holders


@given(electorates(), claimed(), CASES)
def test_a_winner_that_begins_to_serve_stays_the_winner(known, serving, cases):
    """So the election settles: whoever acts on it confirms it."""
    winner = elect(known, serving, cases).winner
    if winner is not None:
        serving.put(winner, frozenset({VIP}))
        assert elect(known, serving, cases).winner == winner
        for other in NAMES:
            if other != winner:
                serving.put(other, frozenset())
        assert elect(known, serving, cases).winner == winner


@given(electorates(is_sticky=False), claimed(), CASES)
def test_without_stickiness_claims_change_nothing(known, serving, cases):
    assert elect(known, serving, cases).winner == elect(known, NOBODY, cases).winner


@given(electorates(), claimed(), CASES)
def test_each_loser_is_told_a_reason_that_is_its_own(known, serving, cases):
    election = elect(known, serving, cases)
    best = election.contest.best
    for each in cases:
        standing = dict(election.losers(each))
        assert standing.keys() == set(NAMES) - {election.winner}
        for name, why in standing.items():
            assert (why in (Why.OUTRANKED, Why.NOT_HOLDER)) == (name in best)
            assert why is not Why.ELIGIBLE


IN_A = LabelSelector({"zone": "a"})
ONLY_A = advertisement("only-a", node_selectors=(IN_A,))
PAIR = [node("node-a", {"zone": "a"}), node("node-b")]


def losing(name, *, cases, nodes=PAIR, serving=NOBODY, **known):
    given = electorate(ANYWHERE, ONLY_A, PREFERRING, nodes=nodes, **known)
    return dict(elect(given, serving, cases).losers(cases[0])).get(name)


@pytest.mark.parametrize(
    ("why", "given"),
    [
        pytest.param(Why.OUTRANKED, {}, id="rank"),
        pytest.param(Why.NOT_HOLDER, {"serving": claims(node_a=[VIP])}, id="another serves it"),
        pytest.param(Why.OUTRANKED, {"serving": claims(node_a=[VIP], node_b=[VIP])}, id="both serve it"),
        pytest.param(
            Why.LESS_PREFERRED,
            {"cases": [case(by=[PREFERRING])], "nodes": [node("node-a", {"best": "1"}), node("node-b")]},
            id="preference",
        ),
        pytest.param(
            Why.TERMINATING, {"cases": [case(local={"node-a": True, "node-b": False})]}, id="terminating"
        ),
        pytest.param(
            Why.SERVES_FEWER,
            {"cases": [case(local={"node-a": True, "node-b": True}), case(local={"node-a": True})]},
            id="serves fewer",
        ),
        pytest.param(
            Why.TERMINATING,
            {"cases": [case(local={"node-a": True, "node-b": False}), case(local={"node-b": False})]},
            id="serves more, but not for long",
        ),
        pytest.param(Why.NO_LOCAL_ENDPOINT, {"cases": [case(local={"node-a": True})]}, id="no endpoint"),
        pytest.param(
            Why.NOT_HEALTHY, {"cases": [case(local={"node-b": True}, gate=30080)]}, id="kube-proxy not ready"
        ),
        pytest.param(Why.NOT_SELECTED, {"cases": [case(by=[ONLY_A])]}, id="not selected"),
        pytest.param(
            Why.NOT_FOR_OTHERS, {"cases": [case(), case(by=[ONLY_A])]}, id="not for the other Service"
        ),
        pytest.param(Why.NO_SPEAKER, {"ready": ["node-a"]}, id="no speaker"),
        pytest.param(Why.NO_INTERFACE, {"bulletins": {"node-b": told()}}, id="no interface"),
        pytest.param(
            Why.NO_IPV6,
            {"bulletins": {"node-b": told("eth0", ipv6=[])}, "cases": [case(VIP, VIP6)]},
            id="no interface with IPv6",
        ),
        pytest.param(
            Why.NO_INTERFACE,
            {"bulletins": {"node-b": told("eth0", ipv6=[])}, "cases": [case(VIP6)]},
            id="no interface with IPv6, where all is of IPv6",
        ),
        pytest.param(Why.EXCLUDED, {"nodes": [PAIR[0], node("node-b", EXCLUDE)]}, id="excluded"),
        pytest.param(
            Why.NO_LOCAL_ENDPOINT,
            {"nodes": [PAIR[0], node("node-b", EXCLUDE)], "cases": [case(local={"node-a": True})]},
            id="excluded, and without an endpoint",
        ),
    ],
)
def test_a_node_that_loses_is_told_the_first_thing_that_is_in_its_way(why, given):
    """Its name is node-b, which ranks after node-a."""
    assert losing("node-b", **{"cases": [case()], **given}) is why
