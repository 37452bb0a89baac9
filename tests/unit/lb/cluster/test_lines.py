import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.cluster.lines import Lines


@given(st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line)), st.data())
def test_lines_are_the_same_wherever_the_stream_is_cut(lines, data):
    stream = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    splitter = Lines()
    seen = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        seen += splitter.feed(stream[start:end])
    assert seen == lines


def test_an_unfinished_last_line_is_not_given_out():
    assert Lines().feed(b"whole\ncut of") == [b"whole"]


def test_empty_lines_are_passed_over():
    assert Lines().feed(b"\n\na\n\n") == [b"a"]


def test_a_line_without_an_end_is_an_error_before_it_fills_the_memory():
    lines = Lines(longest=10)
    lines.feed(b"0123456789")
    with pytest.raises(ValueError, match="a line of more than 10 bytes"):
        lines.feed(b"0")
