import itertools

from hypothesis import given
from hypothesis import strategies as st

from speaker.layer2.protocol.covering import covering

numbers = st.sets(st.integers(0, 2**32 - 1)) | st.sets(st.integers(0, 50))


def test_neighbors_make_one_range_and_others_their_own():
    assert covering([9, 3, 1, 2, 7], 10) == [(1, 3), (7, 7), (9, 9)]


def test_nothing_needs_no_range():
    assert covering([], 1) == []


def test_too_many_ranges_are_joined_over_the_narrowest_gaps():
    assert covering([0, 10, 12, 40, 90], 3) == [(0, 12), (40, 40), (90, 90)]


def test_one_range_holds_everything():
    assert covering([7, 1, 3], 1) == [(1, 7)]


@given(numbers, st.integers(1, 8))
def test_every_number_is_held_by_ranges_that_are_few_ascend_and_do_not_touch(numbers, most):
    ranges = covering(numbers, most)
    assert len(ranges) <= most
    assert all(any(first <= each <= last for first, last in ranges) for each in numbers)
    edges = [edge for each in ranges for edge in each]
    assert edges == sorted(edges)
    assert all(later[0] - earlier[1] > 1 for earlier, later in itertools.pairwise(ranges))


@given(numbers)
def test_with_room_enough_no_other_number_is_held(numbers):
    held = sum(last - first + 1 for first, last in covering(numbers, len(numbers) + 1))
    assert held == len(numbers)
