from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.config.conflict import MOST, Conflict, emit, outline, parse

CONFLICTS = st.lists(
    st.builds(
        Conflict,
        st.ip_addresses(),
        st.binary(min_size=6, max_size=6).map(lambda mac: mac.hex(":")),
        st.text("abcdefgh.-@=,;/0123456789", min_size=1, max_size=15),
    ),
    max_size=20,
)
ONE = Conflict(ip_address("192.0.2.10"), "02:00:00:00:00:99", "eth0")


@given(CONFLICTS)
def test_what_is_told_is_heard(conflicts):
    assert sorted(map(str, parse(emit(conflicts)))) == sorted(map(str, conflicts))


def test_nothing_is_told_by_an_empty_text():
    assert (emit([]), parse("")) == ("", ())


def test_the_text_is_in_the_order_of_the_addresses():
    more = [Conflict(ip_address(text), ONE.mac, "eth0") for text in ("2001:db8::1", "192.0.2.9")]
    assert emit([*more, ONE]) == (
        "192.0.2.9 02:00:00:00:00:99 eth0, 192.0.2.10 02:00:00:00:00:99 eth0,"
        " 2001:db8::1 02:00:00:00:00:99 eth0"
    )


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "192.0.2.10",
        "192.0.2.10 02:00:00:00:00:99",
        f"web {ONE.mac} eth0",
        ", ,",
        "1 2 3 4",
        "192.0.2.10 elsewhere eth0",
        f"192.0.2.10 {ONE.mac} {'e' * 16}",
    ],
)
def test_what_is_no_entry_is_passed_over(text):
    assert parse(text) == ()
    assert parse(f"{text}, {emit([ONE])}") == (ONE,)


def test_no_more_are_told_than_have_room():
    many = [Conflict(ip_address(number), ONE.mac, "e" * 15) for number in range(9000)]
    assert len(parse(emit(many))) == MOST


def test_programs_are_told_the_same():
    assert outline(ONE) == {"address": "192.0.2.10", "mac": ONE.mac, "interface": "eth0"}
