from ipaddress import ip_address

import pytest

from lb.api.meta import ObjectMeta
from lb.api.service import Service, ServiceCondition, ServiceStatus
from lb.config.conflict import Conflict
from lb.ipam.conflict import TYPE, Sighting, wanted_condition

THEN, NOW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
FOUR, SIX = ip_address("192.0.2.1"), ip_address("2001:db8::1")


def seen(address=FOUR, node="n1"):
    return Sighting(node, Conflict(address, "02:00:00:00:00:99", "eth0"))


def service(status=None):
    conditions = () if status is None else (ServiceCondition(TYPE, status, "Whatever", "", THEN),)
    return Service(ObjectMeta(name="web"), status=ServiceStatus(conditions=conditions))


def test_without_a_conflict_ever_there_is_no_condition():
    assert wanted_condition(service(), (FOUR,), {SIX: (seen(SIX),)}, NOW) is None


def test_a_conflict_names_address_host_node_and_interface_and_says_what_to_do():
    found = wanted_condition(service(), (FOUR, SIX), {FOUR: (seen(),), SIX: (seen(SIX, "n2"),)}, NOW)
    assert (found.type, found.status, found.reason) == (TYPE, "True", "AddressConflict")
    assert found.message == (
        "192.0.2.1 is used by 02:00:00:00:00:99, which node n1 hears on eth0; 2001:db8::1 is used by"
        " 02:00:00:00:00:99, which node n2 hears on eth0. Take the address from that host, or set it aside by"
        " the annotation anvil-lb.io/quarantine of its pool; with --on-conflict=quarantine the controller"
        " does that."
    )


def test_a_conflict_that_ended_is_told():
    found = wanted_condition(service("True"), (FOUR,), {}, NOW)
    assert (found.status, found.reason, found.last_transition_time) == ("False", "NoConflict", NOW)


@pytest.mark.parametrize(("before", "since"), [("True", THEN), ("False", NOW), (None, NOW)])
def test_the_time_is_that_of_the_last_change_of_the_status(before, since):
    found = wanted_condition(service(before), (FOUR,), {FOUR: (seen(),)}, NOW)
    assert found.last_transition_time == since


def test_many_witnesses_make_no_endless_message():
    many = tuple(seen(node=f"n{number}") for number in range(1000))
    assert len(wanted_condition(service(), (FOUR,), {FOUR: many}, NOW).message) < 1000


def test_two_conditions_are_nobodys_word_and_are_put_right():
    written = ServiceCondition(TYPE, "True", "Whatever", "", THEN)
    doubled = Service(ObjectMeta(name="web"), status=ServiceStatus(conditions=(written, written)))
    found = wanted_condition(doubled, (FOUR,), {}, NOW)
    assert (found.status, found.last_transition_time) == ("False", NOW)
