from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speaker.layer2.protocol.heartbeat import (
    VERSION,
    Condition,
    Heartbeat,
    Intent,
    Malformed,
    Piece,
    Record,
    Want,
    emit,
    parse,
)

numbers = st.integers(0, 2**63 - 1)
names = st.text(max_size=253)
records = st.builds(Record, names, numbers, numbers, st.sampled_from(Condition), numbers)
heartbeats = st.builds(
    Heartbeat,
    own=records,
    sequence=numbers,
    clock=numbers,
    heard=st.dictionaries(numbers, numbers, max_size=5),
    suspects=st.lists(numbers, max_size=3).map(tuple),
    patience=numbers,
    digest=numbers,
    newest=numbers,
    intent=st.sampled_from(Intent),
    news=st.lists(records, max_size=3).map(tuple),
)
wants = st.builds(Want, names, numbers, numbers, numbers, numbers, numbers, numbers)
pieces = st.builds(Piece, numbers, numbers, numbers, numbers, st.integers(1, 64), st.binary(max_size=1024))
OWN = Record("n1", 2**62, 7, Condition.READY, 2)
ONE = Heartbeat(
    OWN, 9, 4500, {5: 120}, (5,), 350, 1, 2, Intent.PULSE, (Record("n2", 5, 1, Condition.DEAD, 0),)
)
PIECE = Piece(1, 2, 3, 0, 1, b"word")


@given(heartbeats | wants | pieces)
def test_what_is_emitted_is_parsed_as_it_was(message):
    assert parse(emit(message)) == message


@pytest.mark.parametrize(
    "message", [ONE, Want("n1", 1, 2, 3, 4, 5, 6), PIECE], ids=lambda each: type(each).__name__
)
def test_a_message_cut_at_any_byte_or_extended_is_malformed(message):
    body = emit(message)
    for length in range(len(body)):
        assert isinstance(parse(body[:length]), Malformed)
    assert isinstance(parse(body + b"\0"), Malformed)


@given(st.binary(max_size=200))
def test_garbage_is_malformed(body):
    assert isinstance(parse(body), Malformed)
    assert isinstance(parse(bytes([VERSION]) + body), Malformed)


def changed(message, **fields):
    values = [message.__struct_config__.tag, *(msgspec.structs.asdict(message) | fields).values()]
    return bytes([VERSION]) + msgspec.msgpack.encode(values)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"\x03" + emit(ONE)[1:], "version 3", id="later version"),
        pytest.param(
            changed(ONE, own=["n" * 254, 1, 1, 1, 0]),
            "Expected `str` of length <= 253 - at `$[1][0]`",
            id="name",
        ),
        pytest.param(
            changed(ONE, own=["n1", 1, 1, 4, 0]), "Invalid enum value 4 - at `$[1][3]`", id="condition"
        ),
        pytest.param(changed(ONE, sequence=-1), "Expected `int` >= 0 - at `$[2]`", id="negative sequence"),
        pytest.param(
            changed(ONE, clock=2**63), "Expected `int` <= 9223372036854775807 - at `$[3]`", id="beyond all"
        ),
        pytest.param(
            changed(ONE, heard={"n2": 5}), "Expected `int`, got `str` - at `key` in `$[4]`", id="heard"
        ),
        pytest.param(changed(ONE, intent=7), "Invalid enum value 7 - at `$[9]`", id="intent"),
        pytest.param(changed(PIECE, count=65), "Expected `int` <= 64 - at `$[5]`", id="too many pieces"),
        pytest.param(changed(PIECE, count=0), "Expected `int` >= 1 - at `$[5]`", id="no pieces"),
        pytest.param(
            changed(PIECE, data=bytes(1025)), "Expected `bytes` of length <= 1024 - at `$[6]`", id="long"
        ),
        pytest.param(
            changed(ONE, own=[b"\xff", 1, 1, 1, 0]), "Expected `str`, got `bytes` - at `$[1][0]`", id="bytes"
        ),
        pytest.param(
            bytes([VERSION]) + b"\x9a\x00\x95\xa1\xff" + bytes(20),
            "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
            id="name not in UTF-8",
        ),
    ],
)  # fmt: skip
def test_what_is_no_message_says_why(body, reason):
    assert parse(body) == Malformed(reason)


def test_nesting_too_deep_to_follow_is_malformed():
    assert isinstance(parse(bytes([VERSION]) + b"\x9b\x00" + b"\x91" * 100_000), Malformed)


def test_of_two_records_the_newer_life_ranks_higher_then_the_newer_word_then_the_verdict():
    ranked = (
        Record("n1", 1, 9, Condition.DEAD, 0),
        Record("n1", 2, 1, Condition.READY, 5),
        Record("n1", 2, 1, Condition.DEAD, 5),
        Record("n1", 2, 2, Condition.UNREADY, 5),
    )
    assert all(one.rank < next_one.rank for one, next_one in pairwise(ranked))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition.UNREADY, True),
        (Condition.READY, True),
        (Condition.LEFT, False),
        (Condition.DEAD, False),
    ],
)
def test_who_neither_left_nor_is_dead_lives(condition, expected):
    assert Record("n1", 1, 1, condition, 0).is_living is expected


def test_a_heartbeat_of_many_fits_into_the_smallest_mtu_of_ipv6():
    record = Record("worker-0123.rack-07", 2**62, 1000, Condition.READY, 500)
    heard = {2**62 + number: 2**40 for number in range(22)}
    full = Heartbeat(
        record, 2**40, 2**40, heard, (2**62,) * 6, 350, 2**56, 2**56, Intent.PULSE, (record,) * 16
    )
    assert len(emit(full)) + 32 <= 1280 - 48
