import pytest

from lb.config.names import create_or_correct, repeated, unknown
from lb.config.rejection import Reference

LAN = Reference("L2Advertisement", "lan", "metallb-system")
WHERE = "L2Advertisement metallb-system/lan: spec.ipAddressPools"


@pytest.mark.parametrize(
    ("names", "messages"),
    [
        pytest.param([], [], id="none"),
        pytest.param(["a", "b", "A"], [], id="all different"),
        pytest.param(
            ["a", "b", "a", "a"],
            [
                "[2] = 'a': it stands at spec.ipAddressPools[0] already. Remove one of the two.",
                "[3] = 'a': it stands at spec.ipAddressPools[0] already. Remove one of the two.",
            ],
            id="each that stands there before",
        ),
    ],
)
def test_a_name_stands_in_a_list_once(names, messages):
    found = [str(each) for each in repeated(LAN, "spec.ipAddressPools", names)]
    assert found == [WHERE + message for message in messages]


@pytest.mark.parametrize(
    ("names", "messages"),
    [
        pytest.param(["edge"], [], id="known"),
        pytest.param(
            ["edge", "egde"],
            [
                "[1] = 'egde': there is no IPAddressPool of this name. "
                "Write edge, if that is meant, or create the IPAddressPool."
            ],
            id="like a known one",
        ),
        pytest.param(
            ["core"],
            [
                "[0] = 'core': there is no IPAddressPool of this name. "
                "Create the IPAddressPool, or correct the name."
            ],
            id="like none",
        ),
    ],
)
def test_a_name_of_nothing_is_told(names, messages):
    found = [str(each) for each in unknown(LAN, "spec.ipAddressPools", names, "IPAddressPool", {"edge"})]
    assert found == [WHERE + message for message in messages]


def test_a_name_that_no_object_can_have_is_like_none():
    assert create_or_correct("BGPPeer", "t" * 100_000, {"t" * 253}) == (
        "Create the BGPPeer, or correct the name."
    )
