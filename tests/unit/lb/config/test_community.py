import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.config.community import Community, parse_community
from lb.config.rejection import Malformed

WRITE = "Write it as in 65000:1, or large:4200000000:1:2."


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("65000:1", (65000, 1), id="two parts"),
        pytest.param("0:0", (0, 0), id="least"),
        pytest.param("65535:65535", (65535, 65535), id="greatest"),
        pytest.param("065000:01", (65000, 1), id="zeroes in front"),
        pytest.param("large:4200000000:1:2", (4200000000, 1, 2), id="large"),
        pytest.param("large:4294967295:0:4294967295", (4294967295, 0, 4294967295), id="greatest large"),
    ],
)
def test_a_text_stands_for_a_community(text, parts):
    community = parse_community(text)
    assert community == Community(parts)
    assert community.is_large is (len(parts) == 3)


IN_FORM = "a community is two numbers with colons between"
LARGE_IN_FORM = "a large community is large: and three numbers with colons between"
IN_BOUNDS = "the parts of a community are numbers from 0 to 65535"
LARGE_IN_BOUNDS = "the parts of a large community are numbers from 0 to 4294967295"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", IN_FORM, id="nothing"),
        pytest.param("65000", IN_FORM, id="one number"),
        pytest.param("1:2:3", IN_FORM, id="three numbers without large:"),
        pytest.param("65000:", IN_FORM, id="part empty"),
        pytest.param("65000:x", IN_FORM, id="part no number"),
        pytest.param("-1:1", IN_FORM, id="below zero"),
        pytest.param(" 65000:1", IN_FORM, id="space"),
        pytest.param("\u0661:1", IN_FORM, id="digit of another script"),
        pytest.param("large:1:2", LARGE_IN_FORM, id="large of two"),
        pytest.param("LARGE:1:2:3", IN_FORM, id="large in capitals"),
        pytest.param("large:1:2:3:4", LARGE_IN_FORM, id="large of four"),
        pytest.param("65536:1", IN_BOUNDS, id="over 16 bits"),
        pytest.param("1:65536", IN_BOUNDS, id="second part over 16 bits"),
        pytest.param("large:4294967296:1:1", LARGE_IN_BOUNDS, id="over 32 bits"),
        pytest.param("9" * 1_000_000 + ":1", IN_FORM, id="megabyte of digits"),
    ],
)
def test_any_other_text_is_malformed_and_says_why(text, reason):
    assert parse_community(text) == Malformed(reason, WRITE)


COMMUNITIES = st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF)) | st.tuples(
    *[st.integers(0, 0xFFFFFFFF)] * 3
)


@given(COMMUNITIES.map(Community))
def test_a_community_s_text_stands_for_it(community):
    assert parse_community(str(community)) == community
