import hmac

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speaker.layer2.protocol.heartbeat import (
    MAC_LENGTH,
    VERSION,
    Forged,
    Hearsay,
    Heartbeat,
    Malformed,
    emit,
    parse,
)

KEY = b"k" * 32
numbers = st.integers(0, 2**64 - 1)
names = st.text(max_size=253)
heartbeats = st.builds(
    Heartbeat,
    st.just(VERSION),
    names,
    numbers,
    numbers,
    numbers,
    st.booleans(),
    st.booleans(),
    st.dictionaries(names, st.builds(Hearsay, numbers, numbers), max_size=5),
)
ONE = Heartbeat(VERSION, "n1", 2**64 - 1, 7, 9, True, False, {"n2": Hearsay(5, 120)})


def proved(body):
    return body + hmac.digest(KEY, body, "sha256")


@given(heartbeats, st.binary(min_size=1))
def test_what_is_emitted_is_parsed_as_it_was(heartbeat, key):
    assert parse(emit(heartbeat, key), key) == heartbeat


def test_a_single_flipped_bit_is_forgery():
    datagram = emit(ONE, KEY)
    for bit in range(len(datagram) * 8):
        flipped = bytearray(datagram)
        flipped[bit // 8] ^= 1 << bit % 8
        assert parse(bytes(flipped), KEY) == Forged()


def test_a_datagram_cut_or_extended_is_forgery():
    datagram = emit(ONE, KEY)
    for length in range(len(datagram)):
        assert parse(datagram[:length], KEY) == Forged()
    assert parse(datagram + b"\0", KEY) == Forged()


def test_another_key_is_forgery():
    assert parse(emit(ONE, KEY), b"another") == Forged()


@given(st.binary(max_size=200))
def test_whatever_arrives_without_the_key_is_forgery(datagram):
    assert parse(datagram, KEY) == Forged()


@given(st.binary(max_size=200))
def test_garbage_under_the_right_key_is_malformed(body):
    assert isinstance(parse(proved(body), KEY), Malformed)


def changed(**fields):
    return proved(msgspec.msgpack.encode(list((msgspec.structs.asdict(ONE) | fields).values())))


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        pytest.param(proved(b""), "Input data was truncated", id="empty"),
        pytest.param(changed(version=2), "Expected `int` <= 1 - at `$[0]`", id="later version"),
        pytest.param(changed(sender="n" * 254), "Expected `str` of length <= 253 - at `$[1]`", id="name"),
        pytest.param(changed(sequence=-1), "Expected `int` >= 0 - at `$[3]`", id="negative sequence"),
        pytest.param(changed(ready=1), "Expected `bool`, got `int` - at `$[5]`", id="number for truth"),
        pytest.param(changed(heard={"n2": 5}), "Expected `array`, got `int` - at `$[7][...]`", id="hearsay"),
        pytest.param(
            proved(msgspec.msgpack.encode(ONE) + b"\0"), "MessagePack data is malformed: trailing characters"
            " (byte 25)", id="more"
        ),
        pytest.param(
            proved(b"\x98\x01\xa1\xff" + bytes(6)),
            "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
            id="name not in UTF-8",
        ),
    ],
)  # fmt: skip
def test_what_the_key_proves_but_is_no_heartbeat_says_why(datagram, reason):
    assert parse(datagram, KEY) == Malformed(reason)


def test_nesting_too_deep_to_follow_is_malformed():
    body = b"\x99" + msgspec.msgpack.encode(ONE)[1:] + b"\x91" * 100_000
    assert isinstance(parse(proved(body), KEY), Malformed)


def test_a_heartbeat_costs_its_hmac_and_little_more():
    assert len(emit(ONE, KEY)) == MAC_LENGTH + len(msgspec.msgpack.encode(ONE))
