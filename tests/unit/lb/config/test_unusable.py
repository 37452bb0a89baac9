import pytest

from lb.config.ranges import parse_range
from lb.config.unusable import unusable


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.0.0.0/0", "0.0.0.0/8 (this network)"),
        ("127.0.0.1/32", "127.0.0.0/8 (loopback)"),
        ("223.255.255.255-224.0.0.0", "224.0.0.0/4 (multicast)"),
        ("255.255.255.255/32", "255.255.255.255/32 (limited broadcast)"),
        ("::/127", "::/128 (the unspecified address)"),
        ("::1/128", "::1/128 (loopback)"),
        ("::ffff:10.0.0.0/120", "::ffff:0:0/96 (IPv4 addresses mapped into IPv6, which are written as IPv4)"),
        ("ff02::/16", "ff00::/8 (multicast)"),
    ],
)
def test_a_range_with_addresses_that_no_host_can_have_tells_which(text, why):
    assert unusable(parse_range(text)) == f"it holds addresses of {why}, at which no Service can be reached"


@pytest.mark.parametrize(
    "text", ["1.0.0.0-126.255.255.255", "128.0.0.0-223.255.255.255", "fd00::/8", "::2/128"]
)
def test_any_other_range_is_for_the_owner_of_the_network_to_judge(text):
    assert unusable(parse_range(text)) is None
