from ipaddress import ip_address

import pytest

from lb.api.meta import ObjectMeta
from lb.api.service import Service, ServiceCondition, ServiceStatus
from lb.ipam.allocation import Reason
from lb.ipam.condition import LONGEST, TYPE, has_condition, present_condition, wanted_condition
from lb.ipam.decision import Decision, Outcome

THEN, NOW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
FOUR, SIX = ip_address("192.0.2.1"), ip_address("2001:db8::1")
OTHERS = ServiceCondition("example.com/Other", "True", "Fine", "", THEN)


def service(*conditions):
    return Service(ObjectMeta(name="web"), status=ServiceStatus(conditions=conditions))


def condition(status="True", reason="Allocated", message="192.0.2.1 of pool edge", since=NOW):
    return ServiceCondition(TYPE, status, reason, message, since)


HELD = Decision(Outcome.KEPT, (FOUR,), "edge")
REFUSED = Decision(Outcome.REFUSED, complaint="there is no room", reason=Reason.NO_FREE_ADDRESS)


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        pytest.param(HELD, condition(), id="address"),
        pytest.param(
            Decision(Outcome.ASSIGNED, (FOUR, SIX), "edge"),
            condition(message="192.0.2.1 and 2001:db8::1 of pool edge"),
            id="two addresses",
        ),
        pytest.param(
            Decision(Outcome.KEPT, (FOUR,)), condition(message="192.0.2.1"), id="pool cannot be read"
        ),
        pytest.param(REFUSED, condition("False", "NoFreeAddress", "there is no room"), id="none"),
        pytest.param(
            Decision(Outcome.KEPT, (FOUR,), "edge", "pool huge is gone", Reason.UNKNOWN_POOL),
            condition("True", "UnknownPool", "pool huge is gone"),
            id="an address, but not what it asks for",
        ),
        pytest.param(
            Decision(Outcome.REFUSED, complaint="x" * 100_000, reason=Reason.INVALID),
            condition("False", "InvalidRequest", "x" * LONGEST),
            id="long message",
        ),
    ],
)
def test_the_condition_tells_what_was_decided(decision, expected):
    assert wanted_condition(service(OTHERS), decision, NOW) == expected


@pytest.mark.parametrize(
    ("present", "decision", "since"),
    [
        pytest.param(condition(since=THEN), HELD, THEN, id="as before"),
        pytest.param(condition(message="other", since=THEN), HELD, THEN, id="only the message differs"),
        pytest.param(condition("False", since=THEN), HELD, NOW, id="now it has one"),
        pytest.param(condition(since=THEN), REFUSED, NOW, id="now it has none"),
        pytest.param(condition(since=None), HELD, NOW, id="somebody wrote it without a time"),
    ],
)
def test_its_time_is_when_the_status_turned(present, decision, since):
    assert wanted_condition(service(OTHERS, present), decision, NOW).last_transition_time == since


def test_the_present_condition_is_found_among_others():
    assert present_condition(service(OTHERS, condition())) == condition()
    assert present_condition(service(OTHERS)) is None


def test_of_two_conditions_neither_is_the_present_one():
    twice = service(condition(), OTHERS, condition("False"))
    assert present_condition(twice) is None
    assert has_condition(twice)
    assert not has_condition(service(OTHERS))


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_is_one_that_the_api_takes(reason):
    assert reason.isalpha()
