from ipaddress import IPv4Address, IPv6Address, ip_address

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.announce.bulletin import LONGEST, Bulletin, audible, emit, parse

NAMES = st.text("abcdefgh.-@0123456789", min_size=1, max_size=15)
BULLETINS = st.builds(
    Bulletin,
    st.frozensets(NAMES, max_size=20),
    st.frozensets(NAMES, max_size=20),
    st.frozensets(st.ip_addresses(), max_size=30),
    st.frozensets(st.integers(1, 65535), max_size=30),
    st.booleans(),
    st.frozensets(st.binary(min_size=6, max_size=6), max_size=20),
)
WORD = Bulletin(
    frozenset({"eth0", "bond0.5"}),
    frozenset({"eth0"}),
    frozenset(map(ip_address, ("192.0.2.1", "2001:db8::1"))),
    frozenset({30080}),
    macs=frozenset({bytes.fromhex("020000000001")}),
)


@given(BULLETINS)
def test_what_is_told_is_heard(bulletin):
    assert parse(emit(bulletin)) == bulletin


@given(BULLETINS)
def test_equal_words_have_equal_bytes(bulletin):
    *sets, is_fresh, macs = msgspec.structs.astuple(bulletin)
    again = Bulletin(*(frozenset(sorted(each, key=str, reverse=True)) for each in sets), is_fresh)
    again = msgspec.structs.replace(again, macs=frozenset(sorted(macs, reverse=True)))
    assert emit(again) == emit(bulletin)


def test_a_thousand_addresses_of_each_version_fit():
    many = frozenset(IPv4Address(0xC0000200 + at) for at in range(1000)) | frozenset(
        IPv6Address((0x20010DB8 << 96) + at) for at in range(1000)
    )
    text = emit(Bulletin(frozenset({"eth0"}), frozenset({"eth0"}), many))
    assert len(text) < 21_000
    assert parse(text).addresses == many


def test_what_is_too_much_is_cut_and_still_read():
    word = Bulletin(
        frozenset(f"enp{at:012d}" for at in range(2000)),
        frozenset(f"enp{at:012d}" for at in range(2000)),
        frozenset(map(IPv4Address, range(9000)))
        | frozenset(IPv6Address((1 << 100) + at) for at in range(9000)),
        frozenset(range(65536)),
        macs=frozenset(at.to_bytes(6, "big") for at in range(2000)),
    )
    text = emit(word)
    assert len(text) <= LONGEST
    heard = parse(text)
    assert heard.interfaces < word.interfaces
    assert heard.addresses < word.addresses
    assert heard.healthy < word.healthy
    assert heard.macs < word.macs
    assert {each.version for each in heard.addresses} == {4, 6}
    assert audible(word) == heard


@given(BULLETINS)
def test_what_is_not_too_much_is_heard_as_it_stands(bulletin):
    assert audible(bulletin) is bulletin


@given(st.binary(max_size=200))
def test_garbage_is_no_bulletin_and_no_error(data):
    assert parse(data) is None or isinstance(parse(data), Bulletin)


@pytest.mark.parametrize("end", range(len(emit(WORD))))
def test_a_bulletin_cut_anywhere_is_none(end):
    assert parse(emit(WORD)[:end]) is None


@given(st.integers(0, len(emit(WORD)) - 1), st.integers(0, 255))
def test_a_byte_that_was_changed_raises_nothing(at, byte):
    text = bytearray(emit(WORD))
    text[at] = byte
    assert parse(bytes(text)) is None or isinstance(parse(bytes(text)), Bulletin)


def packed(*fields):
    return msgspec.msgpack.encode(fields)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(packed(2, [], [], b"", b"", b"", False), id="another version"),
        pytest.param(packed(1, [], [], b"\1\2\3", b"", b"", False), id="part of an IPv4 address"),
        pytest.param(packed(1, [], [], b"", b"\1\2\3\4", b"", False), id="part of an IPv6 address"),
        pytest.param(packed(1, [], [], b"", b"", b"\1", False), id="half a port"),
        pytest.param(packed(1, [], [], b"", b"", b"", False, bytes(7)), id="part of a hardware address"),
        pytest.param(packed(1, [], ["e" * 16], b"", b"", b"", False), id="a name that no interface has"),
        pytest.param(packed(1, ["e"] * 600, [], b"", b"", b"", False), id="too many interfaces"),
        pytest.param(packed(1, [], [], b"\0" * 20_000, b"", b"", False), id="too many addresses"),
        pytest.param(b"\x91" * 70_000, id="deep"),
        pytest.param(bytes(LONGEST + 1), id="too long"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_breaks_the_bounds_is_no_bulletin(data):
    assert parse(data) is None


def test_a_later_version_may_append_fields():
    assert parse(packed(1, ["eth0"], [], b"", b"", b"", True, b"", "more")) == Bulletin(
        frozenset({"eth0"}), is_fresh=True
    )
