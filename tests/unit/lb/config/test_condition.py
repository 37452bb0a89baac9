import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.api.configuration_state import (
    CONTROLLER,
    SPEAKER,
    Condition,
    ConfigurationStateStatus,
    Result,
)
from lb.config.condition import judge

NOTHING = ConfigurationStateStatus()
THEN, NOW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
VALID = ConfigurationStateStatus(
    Result.VALID, "", (Condition("poolReconcilerValid", "True", "Reconciled", "", THEN),)
)
MESSAGE = "configuration error: pool a: bad.\npool b: bad."


def invalid(since, message=MESSAGE):
    condition = Condition("poolReconcilerValid", "False", "ConfigurationError", message, since)
    return ConfigurationStateStatus(Result.INVALID, message, (condition,))


@pytest.mark.parametrize(
    ("before", "faults", "expected"),
    [
        pytest.param(NOTHING, [], VALID, id="the first time"),
        pytest.param(NOTHING, ["pool a: bad.", "pool b: bad."], invalid(THEN), id="wrong at once"),
        pytest.param(
            invalid(THEN, "configuration error: x"),
            ["pool a: bad.", "pool b: bad."],
            invalid(THEN),
            id="wrong",
        ),
    ],
)
def test_a_status_says_what_is_wrong(before, faults, expected):
    assert judge(CONTROLLER, faults, before, THEN) == expected


def test_the_time_is_the_one_of_the_last_change_from_right_to_wrong_or_back():
    assert judge(CONTROLLER, [], VALID, NOW) == VALID
    wrong = judge(CONTROLLER, ["pool a: bad."], VALID, NOW)
    assert wrong.conditions[0].last_transition_time == NOW
    assert judge(CONTROLLER, ["other"], wrong, "later").conditions[0].last_transition_time == NOW


def test_each_reader_has_its_own_condition():
    (condition,) = judge(SPEAKER, [], VALID, NOW).conditions
    assert (condition.type, condition.last_transition_time) == ("configReconcilerValid", NOW)


def test_whole_lines_are_left_out_where_there_are_too_many():
    message = judge(CONTROLLER, ["a fault of some length."] * 10_000, NOTHING, NOW).conditions[0].message
    assert 32_700 < len(message) <= 32_768
    lines = message.removeprefix("configuration error: ").splitlines()
    assert (set(lines[:-1]), lines[-1]) == ({"a fault of some length."}, "... (cut; the log has it whole)")


@given(
    st.lists(st.text(st.characters(codec="utf-8")) | st.integers(30_000, 70_000).map("x".__mul__), max_size=4)
)
def test_a_message_is_never_longer_than_the_schema_allows(faults):
    judged = judge(CONTROLLER, faults, NOTHING, NOW)
    assert len(judged.conditions[0].message) <= 32_768
    assert msgspec.convert(msgspec.to_builtins(judged), ConfigurationStateStatus) == judged
