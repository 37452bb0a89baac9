import pytest

from lb.config.peer import BFDProfile
from tests.unit.lb.config.written import good, rejections, resource

ALL = {
    "receiveInterval": 10,
    "transmitInterval": 60000,
    "detectMultiplier": 255,
    "echoInterval": 11,
    "echoMode": True,
    "passiveMode": True,
    "minimumTtl": 254,
}


@pytest.mark.parametrize(
    ("spec", "profile"),
    [
        pytest.param({}, BFDProfile("fast", 300, 300, 3, 50, False, False, None), id="as usual"),
        pytest.param(ALL, BFDProfile("fast", 10, 60000, 255, 11, True, True, 254), id="everything said"),
        pytest.param(dict.fromkeys(ALL), BFDProfile("fast"), id="null is as usual"),
    ],
)
def test_a_profile_says_or_is_as_usual(spec, profile):
    assert good(bfd_profiles=[resource("fast", spec)]).bfd_profiles == {"fast": profile}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        *[
            (field, value, f"expected `int` {bound}")
            for field in ("receiveInterval", "transmitInterval", "echoInterval")
            for value, bound in ((9, ">= 10"), (60001, "<= 60000"))
        ],
        ("detectMultiplier", 1, "expected `int` >= 2"),
        ("detectMultiplier", 256, "expected `int` <= 255"),
        ("minimumTtl", 0, "expected `int` >= 1"),
        ("minimumTtl", 255, "expected `int` <= 254"),
        ("echoMode", "yes", "expected `bool | null`, got `str`"),
        ("passiveMode", 1, "expected `bool | null`, got `int`"),
    ],
)
def test_what_bfd_cannot_do_is_rejected(field, value, reason):
    assert rejections(bfd_profiles=[resource("fast", {field: value})]) == [
        f"BFDProfile metallb-system/fast: spec.{field} = {value!r}: {reason}. "
        f"See `kubectl explain bfdprofile.spec.{field}`."
    ]
