from hypothesis import given
from hypothesis import strategies as st

from lb.config.memory import Memory


class Computer:
    """Adds, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, *given):
        self.asked.append(given)
        return sum(given)


def test_only_what_changed_is_computed_again():
    memory, compute = Memory(), Computer()
    assert memory.each("sums", {"a": (1, 2), "b": (3,)}, compute) == {"a": 3, "b": 3}
    assert memory.each("sums", {"a": (1, 2), "b": (4,)}, compute) == {"a": 3, "b": 4}
    assert compute.asked == [(1, 2), (3,), (4,)]


def test_what_is_not_asked_for_any_more_is_forgotten():
    memory, compute = Memory(), Computer()
    for inputs in ({"a": (1,)}, {}, {"a": (1,)}):
        memory.each("sums", inputs, compute)
    assert compute.asked == [(1,), (1,)]


def test_places_do_not_disturb_each_other():
    memory, compute = Memory(), Computer()
    for place in ("one", "other", "one", "other"):
        assert memory.once(place, compute, 1 if place == "one" else 2) == (1 if place == "one" else 2)
    assert compute.asked == [(1,), (2,)]


def test_results_come_in_the_order_of_what_is_asked():
    memory, compute = Memory(), Computer()
    memory.each("sums", {"a": (1,), "b": (2,)}, compute)
    assert list(memory.each("sums", {"b": (2,), "a": (1,)}, compute)) == ["b", "a"]


def test_none_is_remembered_like_any_other_result():
    memory, asked = Memory(), []
    for _ in range(2):
        assert memory.once("nothing", asked.append, 1) is None
    assert asked == [1]


@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.tuples(st.integers(0, 3)), max_size=3), max_size=6)
)
def test_the_outcome_does_not_depend_on_what_is_remembered(calls):
    memory = Memory()
    for inputs in calls:
        assert memory.each("sums", inputs, Computer()) == Memory().each("sums", inputs, Computer())
