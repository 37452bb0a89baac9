import pytest

from lb.api.bgp_peer import BGPPeerSpec
from lb.config.peer import Timers
from lb.config.rejection import Reference
from lb.config.timers import read_timers

TOR = Reference("BGPPeer", "tor", "metallb-system")


def read(**times):
    return read_timers(TOR, BGPPeerSpec(64512, **times))


@pytest.mark.parametrize(
    ("times", "timers"),
    [
        pytest.param({}, Timers(), id="as the implementation has it"),
        pytest.param({"hold_time": "90s"}, Timers(90, 30), id="KEEPALIVE a third of the hold time"),
        pytest.param({"hold_time": "10s"}, Timers(10, 3), id="third, rounded down"),
        pytest.param({"hold_time": "3s"}, Timers(3, 1), id="shortest hold time"),
        pytest.param({"hold_time": "65535s"}, Timers(65535, 21845), id="longest hold time"),
        pytest.param({"keepalive_time": "20s"}, Timers(60, 20), id="hold time thrice the KEEPALIVE's"),
        pytest.param({"keepalive_time": "1h"}, Timers(10800, 3600), id="hold time thrice an hour"),
        pytest.param({"keepalive_time": "10h"}, Timers(65535, 36000), id="hold time as long as there is"),
        pytest.param({"hold_time": "1m30s", "keepalive_time": "1.5m"}, Timers(90, 90), id="both alike"),
        pytest.param({"hold_time": "0s"}, Timers(0), id="no hold timer and no KEEPALIVEs"),
        pytest.param({"hold_time": "0s", "keepalive_time": "0s"}, Timers(0), id="both 0"),
        pytest.param(
            {"hold_time": "90s", "keepalive_time": "0s"}, Timers(90, 30), id="KEEPALIVE 0: not given"
        ),
        pytest.param({"keepalive_time": "0s"}, Timers(), id="KEEPALIVE 0 alone"),
        pytest.param(
            {"hold_time": "3.9s", "keepalive_time": "1.9s"}, Timers(3, 1), id="what is over is cut off"
        ),
        pytest.param({"hold_time": "", "connect_time": ""}, Timers(), id="empty"),
        pytest.param({"connect_time": "10s"}, Timers(None, None, 10), id="connect time"),
        pytest.param({"connect_time": "1000ms"}, Timers(None, None, 1), id="connect time in another unit"),
    ],
)
def test_times_are_read_in_whole_seconds(times, timers):
    assert read(**times) == timers


NO_DURATION = "this is no duration. Write a number and a unit, such as 90s or 1m30s."
OVER = "it is over 65535 s. Write a shorter time, such as 90s."
UNDER = "BGP counts in seconds, and this is less than one. Write whole seconds, such as 90s."
TOO_SHORT = "a Hold Time is 0 or at least 3 s (RFC 4271, section 4.2). Write 3s or more."
NOT_WHOLE = "it is not a whole number of seconds from 1 to 65535. Write such as 10s."
THIRD = "Write a third of the hold time, or leave it out."


@pytest.mark.parametrize(
    ("times", "messages"),
    [
        pytest.param({"hold_time": "90"}, [f"spec.holdTime = '90': {NO_DURATION}"], id="no unit"),
        pytest.param({"hold_time": "1s"}, [f"spec.holdTime = '1s': {TOO_SHORT}"], id="hold time of 1 s"),
        pytest.param(
            {"hold_time": "2.9s"}, [f"spec.holdTime = '2.9s': {TOO_SHORT}"], id="hold time below 3 s"
        ),
        pytest.param({"hold_time": "500ms"}, [f"spec.holdTime = '500ms': {UNDER}"], id="hold time below 1 s"),
        pytest.param({"hold_time": "65536s"}, [f"spec.holdTime = '65536s': {OVER}"], id="hold time too long"),
        pytest.param(
            {"keepalive_time": "19h"}, [f"spec.keepaliveTime = '19h': {OVER}"], id="KEEPALIVE too long"
        ),
        pytest.param(
            {"hold_time": "90s", "keepalive_time": "91s"},
            [f"spec.keepaliveTime = '91s': it is longer than spec.holdTime, which is 90s. {THIRD}"],
            id="KEEPALIVE longer than the hold time",
        ),
        pytest.param(
            {"hold_time": "3.5s", "keepalive_time": "3.9s"},
            [f"spec.keepaliveTime = '3.9s': it is longer than spec.holdTime, which is 3.5s. {THIRD}"],
            id="KEEPALIVE longer by less than a second",
        ),
        pytest.param(
            {"hold_time": "0s", "keepalive_time": "1s"},
            [f"spec.keepaliveTime = '1s': it is longer than spec.holdTime, which is 0s. {THIRD}"],
            id="KEEPALIVEs without a hold time",
        ),
        pytest.param({"connect_time": "0s"}, [f"spec.connectTime = '0s': {NOT_WHOLE}"], id="connect time 0"),
        pytest.param(
            {"connect_time": "1.5s"}, [f"spec.connectTime = '1.5s': {NOT_WHOLE}"], id="connect time not whole"
        ),
        pytest.param(
            {"connect_time": "20h"}, [f"spec.connectTime = '20h': {OVER}"], id="connect time too long"
        ),
        pytest.param(
            {"hold_time": "x", "keepalive_time": "y", "connect_time": "0"},
            [
                f"spec.holdTime = 'x': {NO_DURATION}",
                f"spec.keepaliveTime = 'y': {NO_DURATION}",
                f"spec.connectTime = '0': {NOT_WHOLE}",
            ],
            id="all that is wrong",
        ),
    ],
)
def test_times_that_bgp_cannot_have_are_rejected(times, messages):
    assert [str(each) for each in read(**times)] == [
        f"BGPPeer metallb-system/tor: {message}" for message in messages
    ]
