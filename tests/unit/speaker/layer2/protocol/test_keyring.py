import pytest
from hypothesis import given
from hypothesis import strategies as st

from speaker.layer2.protocol.keyring import KEPT, MAC_LENGTH, Keyring


@given(st.binary(), st.binary(min_size=1))
def test_what_is_sealed_is_opened_as_it_was(body, key):
    assert Keyring(key).open(Keyring(key).seal(body)) == body


def test_a_single_flipped_bit_opens_nothing():
    ring = Keyring(b"key")
    sealed = ring.seal(b"heartbeat")
    for bit in range(len(sealed) * 8):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        assert ring.open(bytes(flipped)) is None


def test_a_datagram_cut_at_any_byte_or_extended_opens_nothing():
    ring = Keyring(b"key")
    sealed = ring.seal(b"heartbeat")
    for length in range(len(sealed)):
        assert ring.open(sealed[:length]) is None
    assert ring.open(sealed + b"\0") is None


def test_another_key_opens_nothing():
    assert Keyring(b"another").open(Keyring(b"key").seal(b"heartbeat")) is None


@given(st.binary(max_size=100))
def test_whatever_arrives_without_the_key_opens_nothing(datagram):
    assert Keyring(b"key").open(datagram) is None


def test_the_seal_costs_its_length_and_nothing_more():
    assert len(Keyring(b"key").seal(b"heartbeat")) == len(b"heartbeat") + MAC_LENGTH


@pytest.fixture
def rotated():
    """A ring whose key changed at 100.0."""
    ring = Keyring(b"old")
    ring.renew(b"new", 100.0)
    return ring


def test_old_and_new_are_both_taken_until_the_old_ones_time_is_over(rotated):
    old, new = (Keyring(key).seal(b"heartbeat") for key in (b"old", b"new"))
    rotated.expire(100.0 + KEPT - 0.001)
    assert rotated.open(old) == rotated.open(new) == b"heartbeat"
    rotated.expire(100.0 + KEPT)
    assert (rotated.open(old), rotated.open(new)) == (None, b"heartbeat")


def test_who_has_the_old_one_only_gets_it_while_it_is_taken(rotated):
    old = Keyring(b"old")
    assert old.open(rotated.seal(b"heartbeat", old.newest)) == b"heartbeat"
    rotated.expire(100.0 + KEPT)
    assert old.open(rotated.seal(b"heartbeat", old.newest)) is None


@pytest.mark.parametrize("newest", [None, 12345, Keyring(b"new").newest], ids=["unknown", "another", "new"])
def test_everybody_else_gets_the_new_one(rotated, newest):
    assert Keyring(b"new").open(rotated.seal(b"heartbeat", newest)) == b"heartbeat"


def test_a_key_that_comes_back_is_not_forgotten(rotated):
    rotated.renew(b"old", 130.0)
    rotated.expire(130.0 + KEPT)
    assert rotated.open(Keyring(b"old").seal(b"heartbeat")) == b"heartbeat"
    assert rotated.newest == Keyring(b"old").newest


def test_the_same_key_again_changes_nothing(rotated):
    rotated.renew(b"new", 150.0)
    rotated.expire(100.0 + KEPT)
    assert rotated.open(Keyring(b"new").seal(b"heartbeat")) == b"heartbeat"
