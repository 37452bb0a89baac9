import pytest
from hypothesis import given
from hypothesis import strategies as st

from speaker.layer2.protocol.rings import EVERYBODY, RINGS, Rings

from .network import names


def graph(everybody, living):
    rings = Rings(everybody)
    return {name: rings.watchers(name, living) for name in everybody}


@pytest.mark.parametrize("size", range(1, EVERYBODY + 1))
def test_a_few_all_watch_each_other(size):
    few = frozenset(names(size))
    watchers = graph(names(30), few)
    assert {name: watchers[name] for name in few} == {name: few - {name} for name in few}


@given(st.integers(EVERYBODY + 1, 60), st.data())
def test_watching_is_mutual_and_bounded_and_nobody_is_left_out(size, data):
    everybody = names(size)
    living = frozenset(data.draw(st.sets(st.sampled_from(everybody), min_size=EVERYBODY + 1, max_size=size)))
    watchers = graph(everybody, living)
    for name in living:
        assert 2 <= len(watchers[name]) <= 2 * RINGS
        assert watchers[name] <= living - {name}
        assert all(name in watchers[other] for other in watchers[name])


@given(st.integers(EVERYBODY + 2, 60), st.data())
def test_one_that_dies_changes_the_watchers_of_its_own_neighbors_only(size, data):
    everybody = frozenset(names(size))
    dead = data.draw(st.sampled_from(names(size)))
    before, after = graph(everybody, everybody), graph(everybody, everybody - {dead})
    changed = {name for name in everybody - {dead} if before[name] != after[name]}
    assert changed <= before[dead]


def test_who_is_dead_is_watched_by_those_that_would_watch_it():
    everybody = frozenset(names(40))
    assert graph(everybody, everybody - {"n7"})["n7"] == graph(everybody, everybody)["n7"]


def test_every_node_computes_the_same():
    assert graph(names(40), frozenset(names(40))) == graph(names(40)[::-1], frozenset(names(40)))


def test_news_reaches_two_hundred_from_neighbor_to_neighbor_in_six_steps():
    everybody = frozenset(names(200))
    watchers = graph(everybody, everybody)
    reached = {"n1"}
    for _ in range(6):
        reached |= {other for name in reached for other in watchers[name]}
    assert reached == everybody
