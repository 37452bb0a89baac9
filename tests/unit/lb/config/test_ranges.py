from ipaddress import ip_address, ip_network, summarize_address_range

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.config.ranges import AddressRange, overlapping, parse_address, parse_range
from lb.config.rejection import Malformed

MEGABYTE = "1" * 1_000_000


def span(first, last):
    return AddressRange(ip_address(first).version, int(ip_address(first)), int(ip_address(last)))


def spans():
    ends = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted)
    return st.builds(lambda version, ends: AddressRange(version, *ends), st.sampled_from([4, 6]), ends)


@pytest.mark.parametrize(
    ("text", "first", "last", "size"),
    [
        pytest.param("192.0.2.0/24", "192.0.2.0", "192.0.2.255", 256, id="CIDR"),
        pytest.param("192.0.2.77/24", "192.0.2.0", "192.0.2.255", 256, id="host bits are masked off"),
        pytest.param("192.0.2.7/32", "192.0.2.7", "192.0.2.7", 1, id="single address"),
        pytest.param("0.0.0.0/0", "0.0.0.0", "255.255.255.255", 2**32, id="all of IPv4"),
        pytest.param("2001:db8::/120", "2001:db8::", "2001:db8::ff", 256, id="IPv6 CIDR"),
        pytest.param("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 2**128, id="all of IPv6"),
        pytest.param("192.0.2.10-192.0.2.20", "192.0.2.10", "192.0.2.20", 11, id="both ends in"),
        pytest.param(" 192.0.2.10 - 192.0.2.20 ", "192.0.2.10", "192.0.2.20", 11, id="spaces"),
        pytest.param(" 192.0.2.0/31\n", "192.0.2.0", "192.0.2.1", 2, id="spaces around a CIDR"),
        pytest.param("192.0.2.9-192.0.2.9", "192.0.2.9", "192.0.2.9", 1, id="range of one"),
        pytest.param("2001:DB8::a-2001:db8::F", "2001:db8::a", "2001:db8::f", 6, id="IPv6 range"),
    ],
)
def test_a_text_stands_for_a_range(text, first, last, size):
    parsed = parse_range(text)
    assert parsed == span(first, last)
    assert parsed.size == size
    assert str(parsed) == f"{first}-{last}"


CIDR_REMEDY = "Write a CIDR such as 192.0.2.0/24 or 2001:db8::/120."
NO_IPV4_LENGTH = Malformed("the prefix length of an IPv4 CIDR is a number from 0 to 32", CIDR_REMEDY)
NO_IPV6_LENGTH = Malformed("the prefix length of an IPv6 CIDR is a number from 0 to 128", CIDR_REMEDY)
NO_NETWORK = Malformed("what stands before the / is no IP address", CIDR_REMEDY)
RANGE_REMEDY = "Write two addresses, such as 192.0.2.10-192.0.2.20."
NO_START = Malformed("what stands before the - is no IP address", RANGE_REMEDY)
NO_END = Malformed("what stands after the - is no IP address", RANGE_REMEDY)
NEITHER = Malformed(
    "this is neither a CIDR nor a range",
    "Write a CIDR such as 192.0.2.0/24 or 2001:db8::/120, or a range such as 192.0.2.10-192.0.2.20.",
)
MIXED = Malformed(
    "the range starts in one IP family and ends in the other", "Write both ends in IPv4 or both in IPv6."
)


@pytest.mark.parametrize(
    ("text", "malformed"),
    [
        pytest.param("192.0.2.0/33", NO_IPV4_LENGTH, id="prefix too long"),
        pytest.param("2001:db8::/129", NO_IPV6_LENGTH, id="IPv6 prefix too long"),
        pytest.param("192.0.2.0/-1", NO_START, id="negative prefix, which reads as a range"),
        pytest.param("192.0.2.0/", NO_IPV4_LENGTH, id="no prefix"),
        pytest.param("192.0.2.0/255.255.255.0", NO_IPV4_LENGTH, id="netmask"),
        pytest.param("192.0.2.0/0.0.0.255", NO_IPV4_LENGTH, id="host mask"),
        pytest.param("192.0.2.0/24/24", NO_IPV4_LENGTH, id="two prefixes"),
        pytest.param("192.0.2.0/\u0662\u0664", NO_IPV4_LENGTH, id="digits that are not ASCII"),
        pytest.param(f"192.0.2.0/{MEGABYTE}", NO_IPV4_LENGTH, id="a megabyte of prefix"),
        pytest.param("192.0.2/24", NO_NETWORK, id="three octets"),
        pytest.param("192.0.2.256/24", NO_NETWORK, id="octet too large"),
        pytest.param("192.0.02.0/24", NO_NETWORK, id="leading zero, which some read as octal"),
        pytest.param("/24", NO_NETWORK, id="no network"),
        pytest.param("fe80::%eth0/64", NO_NETWORK, id="zone in a CIDR"),
        pytest.param(f"{MEGABYTE}/24", NO_NETWORK, id="a megabyte of network"),
        pytest.param("192.0.2.10-20", NO_END, id="end abbreviated"),
        pytest.param("192.0.2.10-", NO_END, id="no end"),
        pytest.param("-192.0.2.10", NO_START, id="no start"),
        pytest.param("-", NO_START, id="no ends"),
        pytest.param("192.0.2.1-192.0.2.2-192.0.2.3", NO_END, id="three ends"),
        pytest.param("192.0.2.0/25-192.0.2.128/25", NO_START, id="range of CIDRs"),
        pytest.param("fe80::1%eth0-fe80::2", NO_START, id="zone in a range"),
        pytest.param("192.0.2.1-2001:db8::1", MIXED, id="IPv4 to IPv6"),
        pytest.param("2001:db8::1-192.0.2.1", MIXED, id="IPv6 to IPv4"),
        pytest.param(
            "192.0.2.9-192.0.2.1",
            Malformed("the range ends before it starts", "Write 192.0.2.1-192.0.2.9."),
            id="reversed",
        ),
        pytest.param(
            "192.0.2.7",
            Malformed("an address without a prefix length is no range", "Write 192.0.2.7/32."),
            id="bare address",
        ),
        pytest.param(
            "2001:DB8::7",
            Malformed("an address without a prefix length is no range", "Write 2001:db8::7/128."),
            id="bare IPv6 address",
        ),
        pytest.param("", NEITHER, id="nothing"),
        pytest.param("metallb", NEITHER, id="a word"),
        pytest.param(MEGABYTE, NEITHER, id="a megabyte"),
    ],
)
def test_a_malformed_range_says_why_and_what_to_write(text, malformed):
    assert parse_range(text) == malformed


@given(st.text(alphabet="0123456789abcf:./-% \n\u0664", max_size=40) | st.text(max_size=20))
def test_any_text_is_a_range_or_malformed(text):
    match parse_range(text):
        case AddressRange(_, first, last):
            assert 0 <= first <= last
        case Malformed(reason, remedy):
            assert len(reason) < 100
            assert remedy.endswith(".")


@given(st.ip_addresses(), st.data())
def test_a_cidr_is_what_the_library_says(address, data):
    text = f"{address}/{data.draw(st.integers(0, address.max_prefixlen))}"
    network = ip_network(text, strict=False)
    assert parse_range(text) == span(network[0], network[-1])
    assert network[0] in parse_range(text)


@given(st.sampled_from([4, 6]), st.data())
def test_a_range_reads_as_it_is_written(version, data):
    first, last = sorted(data.draw(st.tuples(*[st.ip_addresses(v=version)] * 2)))
    assert parse_range(f"{first}-{last}") == span(first, last)
    assert sum(net.num_addresses for net in summarize_address_range(first, last)) == span(first, last).size


def test_a_remedy_of_a_reversed_range_is_itself_a_range():
    assert parse_range("192.0.2.9-192.0.2.1").remedy == "Write 192.0.2.1-192.0.2.9."
    assert parse_range("192.0.2.1-192.0.2.9") == span("192.0.2.1", "192.0.2.9")


def test_a_range_holds_no_address_of_the_other_family():
    low = AddressRange(4, 0, 10)
    assert ip_address("0.0.0.5") in low
    assert ip_address("::5") not in low
    assert not low.overlaps(AddressRange(6, 0, 10))


@pytest.mark.parametrize("text", ["", "fe80::1%eth0", "192.0.2.1/32", "192.0.2.01", "1", "a.example"])
def test_what_is_no_address_stands_for_none(text):
    assert parse_address(text) is None


def test_an_address_is_read_without_the_spaces_around_it():
    assert parse_address(" 192.0.2.1\n") == ip_address("192.0.2.1")


@given(spans(), spans())
def test_two_ranges_overlap_where_an_address_is_in_both(one, other):
    common = {(one.version, n) for n in range(one.first, one.last + 1)} & {
        (other.version, n) for n in range(other.first, other.last + 1)
    }
    assert one.overlaps(other) == other.overlaps(one) == bool(common)


@given(st.lists(spans(), max_size=6), st.randoms())
def test_overlaps_are_found_exactly_where_there_are_any_in_whatever_order(ranges, random):
    pairs = list(overlapping(ranges))
    assert all(first.overlaps(second) and first <= second for first, second in pairs)
    clashing = {b for at, b in enumerate(sorted(ranges)) if any(a.overlaps(b) for a in sorted(ranges)[:at])}
    assert {second for _, second in pairs} == clashing
    random.shuffle(ranges)
    assert list(overlapping(ranges)) == pairs
