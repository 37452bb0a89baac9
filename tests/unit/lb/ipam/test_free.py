from hypothesis import given
from hypothesis import strategies as st

from lb.config.ranges import AddressRange, parse_range
from lb.ipam.free import FreeAddresses


class Taken(set):
    """Numbers that are taken; counts how often it is asked."""

    asked = 0

    def __call__(self, number):
        self.asked += 1
        return number in self


def take(free, taken):
    number = free.lowest()
    taken.add(number)
    return number


def test_addresses_are_handed_out_from_the_lowest_and_then_there_is_none():
    taken = Taken()
    free = FreeAddresses(AddressRange(4, 5, 7), taken)
    assert [take(free, taken) for _ in range(4)] == [5, 6, 7, None]


def test_an_address_stays_free_until_it_is_taken():
    free = FreeAddresses(AddressRange(4, 5, 7), Taken())
    assert [free.lowest(), free.lowest()] == [5, 5]


def test_an_address_that_came_back_is_handed_out_before_higher_ones():
    taken = Taken()
    free = FreeAddresses(AddressRange(4, 0, 9), taken)
    for _ in range(5):
        take(free, taken)
    for number in (3, 1):
        taken.remove(number)
        free.give_back(number)
    assert [take(free, taken) for _ in range(3)] == [1, 3, 5]


def test_what_others_take_meanwhile_is_passed_over():
    taken = Taken({0, 1, 3})
    free = FreeAddresses(AddressRange(4, 0, 4), taken)
    assert [take(free, taken) for _ in range(3)] == [2, 4, None]


def test_filling_a_range_costs_a_few_looks_for_each_address():
    taken = Taken()
    span = parse_range("10.0.0.0/16")
    free = FreeAddresses(span, taken)
    handed_out = [take(free, taken) for _ in range(span.size)]
    assert handed_out == list(range(span.first, span.last + 1))
    assert taken.asked <= 2 * span.size


def test_taking_and_giving_back_for_ever_costs_a_few_looks_each_and_no_memory():
    taken = Taken(range(1000))
    free = FreeAddresses(AddressRange(4, 0, 2**16), taken)
    assert take(free, taken) == 1000
    taken.asked = 0
    rounds = 10_000
    for _ in range(rounds):
        taken.remove(500)
        free.give_back(500)
        assert take(free, taken) == 500
    assert taken.asked <= 2 * rounds
    taken.asked = 0
    assert free.lowest() == 1001
    assert taken.asked <= 3  # What came back many times waits once.


def test_a_range_of_all_ipv6_addresses_costs_no_more():
    taken = Taken()
    free = FreeAddresses(parse_range("::/0"), taken)
    assert [take(free, taken) for _ in range(100)] == list(range(100))
    assert taken.asked <= 200


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12))))
def test_the_lowest_free_address_is_what_a_scan_finds(steps):
    taken = Taken()
    free = FreeAddresses(AddressRange(4, 0, 9), taken)
    for take_lowest, number in steps:
        if take_lowest and (found := free.lowest()) is not None:
            taken.add(found)
        elif number in taken:
            taken.remove(number)
            free.give_back(number)
        elif number < 10:
            taken.add(number)
        assert free.lowest() == next((n for n in range(10) if n not in taken), None)
