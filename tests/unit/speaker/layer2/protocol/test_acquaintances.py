from ipaddress import ip_address

import pytest

from lb.announce.bulletin import Bulletin, emit
from speaker.layer2.protocol.acquaintances import RECENT, Acquaintances

MAC1, MAC2, MAC3 = (bytes((2, 0, 0, 0, 0, last)) for last in (1, 2, 3))
VIP, OTHER = ip_address("192.0.2.200"), ip_address("192.0.2.201")
FRESHNESS = 10.0


def word(*addresses, macs=(MAC2,), is_fresh=False):
    return emit(Bulletin(addresses=frozenset(addresses), macs=frozenset(macs), is_fresh=is_fresh))


@pytest.fixture
def known():
    """Knows n2, which serves VIP."""
    made = Acquaintances(FRESHNESS)
    made.hear({"n2": word(VIP)}, {"n2"}, (), 0.0)
    return made


def dies(known, now=1.0, **left):
    known.hear({}, set(), left.get("left", ()), now)


def test_a_speaker_is_known_by_its_hardware_addresses_also_when_it_is_dead(known):
    assert (known.node_of(MAC2), known.node_of(MAC3)) == ("n2", None)
    dies(known)
    assert known.node_of(MAC2) == "n2"


def test_an_address_that_a_speaker_has_no_more_is_nobody_s(known):
    known.hear({"n2": word(VIP, macs=(MAC3,))}, {"n2"}, (), 1.0)
    assert (known.node_of(MAC2), known.node_of(MAC3)) == (None, "n2")


def test_an_address_that_another_speaker_has_now_is_that_one_s(known):
    known.hear({"n2": word(VIP), "n3": word()}, {"n2", "n3"}, (), 1.0)
    known.hear({"n2": word(VIP, macs=()), "n3": word()}, {"n2", "n3"}, (), 2.0)
    assert known.node_of(MAC2) == "n3"


def test_one_that_is_dead_is_missing_with_what_it_served(known):
    assert known.missing == {}
    dies(known)
    assert known.missing == {"n2": {VIP}}


def test_one_that_left_is_not_missing(known):
    dies(known, left={"n2"})
    assert known.missing == {}


def test_one_that_is_heard_again_is_missing_until_it_is_a_member(known):
    dies(known)
    known.hear({"n2": word()}, set(), (), 2.0)
    assert known.missing == {"n2": set()}
    known.hear({"n2": word()}, {"n2"}, (), 2.1)
    assert known.missing == {}


def test_one_that_lives_and_is_not_ready_is_not_missing(known):
    known.hear({"n2": word(VIP)}, set(), (), 1.0)
    assert known.missing == {}


@pytest.mark.parametrize(("now", "is_ours"), [(1.0, True), (1.0 + RECENT - 0.1, True), (1.0 + RECENT, False)])
def test_an_address_is_ours_for_a_while_after_its_last_speaker_is_gone(known, now, is_ours):
    assert known.is_ours(VIP, 0.5)
    dies(known)
    assert known.is_ours(VIP, now) is is_ours


def test_an_address_that_a_speaker_has_let_go_is_ours_for_a_while(known):
    known.hear({"n2": word()}, {"n2"}, (), 5.0)
    assert known.is_ours(VIP, 6.0)
    assert not known.is_ours(OTHER, 6.0)
    assert not known.is_ours(VIP, 5.0 + RECENT)


def test_what_this_node_let_go_is_ours_for_a_while(known):
    known.lapse(OTHER, 5.0)
    assert known.is_ours(OTHER, 6.0)
    assert not known.is_ours(OTHER, 5.0 + RECENT)


def test_what_lapsed_long_ago_is_not_kept(known):
    for last in range(100):
        known.lapse(ip_address(f"192.0.2.{last}"), last * RECENT)
    assert len(known._lapsed) == 1


@pytest.mark.parametrize(("now", "is_fresh"), [(9.9, True), (10.0, False)])
def test_one_that_was_fresh_when_it_was_last_heard_ripens_unheard(now, is_fresh):
    known = Acquaintances(FRESHNESS)
    known.hear({"n2": word(is_fresh=True)}, {"n2"}, (), 0.0)
    dies(known)
    assert known.word("n2", now).is_fresh is is_fresh


def test_a_word_that_cannot_be_read_changes_nothing(known):
    known.hear({"n2": b"garbage", "n3": b""}, {"n2", "n3"}, (), 1.0)
    assert known.node_of(MAC2) == "n2"
    assert known.word("n3", 1.0) is None
    assert known.living == {"n2"}


def test_a_node_that_is_no_more_is_forgotten(known):
    dies(known)
    known.keep({"n1"})
    assert (known.node_of(MAC2), known.missing) == (None, {})


def test_a_node_that_lives_is_not_forgotten(known):
    known.keep({"n1"})
    assert known.node_of(MAC2) == "n2"
