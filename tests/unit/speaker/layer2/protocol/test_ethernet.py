import pytest

from speaker.layer2.protocol.ethernet import BROADCAST, is_group


@pytest.mark.parametrize(
    ("mac", "expected"),
    [
        pytest.param(BROADCAST, True, id="broadcast"),
        pytest.param(bytes.fromhex("333300000001"), True, id="multicast"),
        pytest.param(bytes.fromhex("0200000000a1"), False, id="of a host, locally administered"),
    ],
)
def test_an_address_of_many_is_nobody_s_own(mac, expected):
    assert is_group(mac) is expected
