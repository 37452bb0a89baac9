from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.config.duration import UNITS, parse_duration
from lb.config.rejection import Malformed


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("0", 0, id="zero needs no unit"),
        pytest.param("0s", 0, id="zero seconds"),
        pytest.param("90s", 90, id="seconds"),
        pytest.param("1m30s", 90, id="minutes and seconds"),
        pytest.param("30s1m", 90, id="in any order"),
        pytest.param("1.5h", 5400, id="part of an hour"),
        pytest.param(".5s", Fraction(1, 2), id="nothing before the point"),
        pytest.param("1.s", 1, id="nothing after the point"),
        pytest.param("+3s", 3, id="sign"),
        pytest.param("1500ms", Fraction(3, 2), id="milliseconds"),
        pytest.param("2us", Fraction(2, 10**6), id="microseconds"),
        pytest.param("2\u00b5s", Fraction(2, 10**6), id="microseconds by their sign"),
        pytest.param("2\u03bcs", Fraction(2, 10**6), id="microseconds by the Greek letter"),
        pytest.param("7ns", Fraction(7, 10**9), id="nanoseconds"),
        pytest.param("1h0m0.25s", Fraction(14401, 4), id="as Kubernetes writes them"),
    ],
)
def test_a_text_stands_for_a_time(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("90", id="no unit"),
        pytest.param("s", id="no number"),
        pytest.param(".s", id="point alone"),
        pytest.param("90 s", id="space"),
        pytest.param("90S", id="capital"),
        pytest.param("-90s", id="below zero"),
        pytest.param("++9s", id="two signs"),
        pytest.param("1m-30s", id="sign within"),
        pytest.param("1d", id="days"),
        pytest.param("1e3s", id="exponent"),
        pytest.param("\u0661s", id="digit of another script"),
        pytest.param("90s\n", id="line end"),
        pytest.param("9" * 20 + "s", id="longer than any time"),
        pytest.param("1" * 1_000_000, id="megabyte"),
    ],
)
def test_any_other_text_is_malformed(text):
    assert parse_duration(text) == Malformed(
        "this is no duration", "Write a number and a unit, such as 90s or 1m30s."
    )


@given(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(sorted(UNITS))), min_size=1, max_size=4))
def test_parts_add_up(parts):
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert parse_duration(text) == sum(number * UNITS[unit] for number, unit in parts)
