from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lb.cluster.schedule import Schedule


def test_a_key_added_twice_is_worked_on_once():
    schedule = Schedule()
    schedule.add("a")
    schedule.add("a")
    assert schedule.take(0) == "a"
    assert schedule.take(0) is None


def test_keys_come_in_the_order_in_which_they_were_added():
    schedule = Schedule()
    for key in ("b", "a", "c", "a"):
        schedule.add(key)
    assert [schedule.take(0) for _ in range(4)] == ["b", "a", "c", None]


def test_a_key_added_while_it_is_worked_on_comes_again_after_that():
    schedule = Schedule()
    schedule.add("a")
    schedule.take(0)
    schedule.add("a")
    assert schedule.take(0) is None
    schedule.done("a")
    assert schedule.take(0) == "a"


def test_a_key_that_keeps_failing_waits_twice_as_long_each_time():
    schedule = Schedule(first=1, longest=5)
    schedule.add("a")
    now, waits = 0.0, []
    for _ in range(5):
        assert schedule.take(now) == "a"
        schedule.retry("a", now)
        schedule.done("a")
        waits.append(schedule.next_due() - now)
        now = schedule.next_due()
    assert waits == [1, 2, 4, 5, 5]


def test_a_success_makes_the_next_failure_the_first():
    schedule = Schedule(first=1, longest=5)
    for failing in (True, True, False, True):
        schedule.add("a")
        schedule.take(0)
        if failing:
            schedule.retry("a", 0)
        schedule.done("a")
    assert schedule.next_due() == 1


def test_a_change_does_not_wait_for_the_retry():
    schedule = Schedule(first=10)
    schedule.add("a")
    schedule.take(0)
    schedule.retry("a", 0)
    schedule.done("a")
    schedule.add("a")
    assert schedule.take(1) == "a"
    schedule.done("a")
    assert schedule.next_due() is None
    assert schedule.take(100) is None


def test_the_earlier_of_two_delays_counts():
    schedule = Schedule()
    schedule.add_after("a", 5, now=0)
    schedule.add_after("a", 2, now=0)
    schedule.add_after("a", 9, now=0)
    assert schedule.next_due() == 2
    assert schedule.take(1.9) is None
    assert schedule.take(2) == "a"
    schedule.done("a")
    assert schedule.take(100) is None


def test_a_key_that_gets_due_while_it_is_worked_on_comes_again_after_that():
    schedule = Schedule()
    schedule.add("a")
    schedule.take(0)
    schedule.add_after("a", 1, now=0)
    assert schedule.take(5) is None
    schedule.done("a")
    assert schedule.take(5) == "a"


def test_length_counts_each_key_once():
    schedule = Schedule()
    schedule.add("a")
    schedule.add_after("b", 1, now=0)
    schedule.add("c")
    assert len(schedule) == 3
    schedule.take(0)
    schedule.add("a")
    assert len(schedule) == 3


class NoKeyIsLost(RuleBasedStateMachine):
    """Whatever happens: no key with two workers, and each wish is followed by work that starts after it."""

    def __init__(self):
        super().__init__()
        self.schedule = Schedule(first=1, longest=8)
        self.now = 0.0
        self.active = set()
        self.wished = set()

    @rule(key=st.sampled_from("abc"))
    def add(self, key):
        self.schedule.add(key)
        self.wished.add(key)

    @rule(key=st.sampled_from("abc"), seconds=st.integers(0, 10))
    def add_after(self, key, seconds):
        self.schedule.add_after(key, seconds, self.now)
        self.wished.add(key)

    @rule(seconds=st.integers(0, 5))
    def time_passes(self, seconds):
        self.now += seconds

    @rule()
    def take(self):
        key = self.schedule.take(self.now)
        if key is not None:
            assert key not in self.active
            self.active.add(key)
            self.wished.discard(key)

    @precondition(lambda self: self.active)
    @rule(data=st.data(), failed=st.booleans())
    def finish(self, data, failed):
        key = data.draw(st.sampled_from(sorted(self.active)))
        if failed:
            self.schedule.retry(key, self.now)
            self.wished.add(key)
        self.schedule.done(key)
        self.active.remove(key)

    @invariant()
    def every_wish_is_still_known(self):
        assert len(self.schedule) == len(self.wished | self.active)

    def teardown(self):
        for key in sorted(self.active):
            self.schedule.done(key)
        taken = set()
        while (key := self.schedule.take(self.now + 1000)) is not None:
            taken.add(key)
            self.schedule.done(key)
        assert taken == self.wished


TestNoKeyIsLost = NoKeyIsLost.TestCase
