from hypothesis import given
from hypothesis import strategies as st

from lb.config.ranges import AddressRange, parse_range
from lb.ipam.block import MOST_HELD_BACK, Block


def block(*ends, avoids=None):
    return Block(tuple(AddressRange(4, first, last) for first, last in ends), avoids)


def take(made):
    number = made.next_free()
    if number is not None:
        made.let(number, ("shop/web",))
    return number


def free(made, *numbers):
    for number in numbers:
        made.let(number, ())


class Counting:
    """Avoids nothing, and counts how often it is asked."""

    asked = 0

    def __call__(self, number):
        self.asked += 1
        return False


def test_addresses_are_handed_out_from_the_lowest_and_then_there_is_none():
    made = block((5, 7))
    assert [take(made) for _ in range(4)] == [5, 6, 7, None]


def test_an_address_stays_free_until_it_is_taken():
    made = block((5, 7))
    assert [made.next_free(), made.next_free()] == [5, 5]


def test_ranges_are_used_up_in_their_order():
    made = block((8, 9), (1, 2))
    assert [take(made) for _ in range(5)] == [8, 9, 1, 2, None]


def test_an_address_that_came_back_goes_out_after_all_that_nobody_had_and_the_longest_free_one_first():
    made = block((0, 3), (10, 11))
    assert [take(made) for _ in range(4)] == [0, 1, 2, 3]
    free(made, 3, 1)
    assert [take(made) for _ in range(5)] == [10, 11, 3, 1, None]


def test_what_somebody_takes_out_of_turn_is_passed_over():
    made = block((0, 4))
    for number in (0, 1, 3):
        made.let(number, ("shop/other",))
    assert [take(made) for _ in range(3)] == [2, 4, None]


def test_an_address_that_was_had_out_of_turn_and_came_back_waits_like_others():
    made = block((0, 2))
    made.let(1, ("shop/other",))
    free(made, 1)
    assert [take(made) for _ in range(4)] == [0, 2, 1, None]


def test_what_is_avoided_is_passed_over():
    made = block((0, 4), avoids=lambda number: number in (0, 3))
    assert [take(made) for _ in range(4)] == [1, 2, 4, None]


def test_an_address_is_free_again_when_the_last_of_its_tenants_has_gone():
    made = block((5, 5))
    made.let(5, ("shop/a", "shop/b"))
    made.let(5, ("shop/b",))
    assert (made.next_free(), made.tenants) == (None, {5: ("shop/b",)})
    free(made, 5)
    assert (made.next_free(), made.tenants) == (5, {})


def test_freeing_what_nobody_has_changes_nothing():
    made = block((5, 6))
    free(made, 5)
    assert (made.next_free(), list(made.held_back)) == (5, [])


def test_what_is_held_back_is_free_but_others_come_first():
    made = block((5, 7))
    made.let(6, ("shop/web",))
    made.hold_back(5)
    made.hold_back(6)
    assert (list(made.held_back), [take(made) for _ in range(3)]) == ([5], [7, 5, None])


def test_filling_a_range_costs_a_few_looks_for_each_address():
    span, looks = parse_range("10.0.0.0/16"), Counting()
    made = Block((span,), looks)
    assert [take(made) for _ in range(span.size)] == list(range(span.first, span.last + 1))
    assert looks.asked <= 2 * span.size


def test_taking_and_giving_back_for_ever_costs_a_few_looks_each_and_bounded_memory():
    looks, rounds = Counting(), 3 * MOST_HELD_BACK
    made = Block((parse_range("2001:db8::/64"),), looks)
    for _ in range(rounds):
        free(made, take(made))
    assert looks.asked <= 2 * rounds
    assert len(made.held_back) == MOST_HELD_BACK + 1


def test_a_range_of_all_ipv6_addresses_costs_no_more():
    made = Block((parse_range("::/0"),))
    assert [take(made) for _ in range(100)] == list(range(100))


@given(st.lists(st.tuples(st.sampled_from(["take", "let", "free", "hold back"]), st.integers(0, 11))))
def test_the_next_free_address_is_what_a_scan_finds(steps):
    made = block((6, 11), (0, 5), avoids=lambda number: number == 7)
    order = [*(n for n in range(6, 12) if n != 7), *range(6)]
    taken, returned = set(), []
    for step, number in steps:
        number = made.next_free() if step == "take" else number
        if number in (None, 7):
            continue
        if step in ("take", "let"):
            made.let(number, ("shop/web",))
            taken.add(number)
            returned = [each for each in returned if each != number]
        elif step == "free":
            made.let(number, ())
            returned += [number] if number in taken else []
            taken.discard(number)
        else:
            made.hold_back(number)
            returned += [number] if number not in taken and number not in returned else []
        fresh = (each for each in order if each not in taken and each not in returned)
        assert made.next_free() == next(fresh, returned[0] if returned else None)
