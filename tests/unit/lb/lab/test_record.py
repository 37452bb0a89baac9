import os

import pytest

from lb.lab import record
from lb.lab.errors import LabError


@pytest.fixture(autouse=True)
def labs(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "LABS", tmp_path / "labs")
    return tmp_path / "labs"


def test_a_record_is_read_as_it_was_written():
    made = record.create("one", 2, {})
    assert record.find("one") == made
    assert made.owner is not None
    assert made.owner.pid == os.getpid()


def test_every_namespace_is_planned_before_it_is_made():
    assert record.create("one", 2, {}).namespaces == ("segment", "control-plane", "n1", "n2")


def test_a_name_is_taken_once():
    record.create("one", 0, {})
    with pytest.raises(LabError, match="lab 'one' exists already; `lbctl lab down --name one` removes it"):
        record.create("one", 0, {})


def test_a_lab_that_is_not_there_is_told_with_those_that_are():
    record.create("one", 0, {})
    with pytest.raises(LabError, match=r"there is no lab 'two' \(running: one\)"):
        record.find("two")


def test_clients_keep_the_order_of_their_making():
    made = record.create("one", 0, {})
    for name in ("b", "a"):
        made = record.add_client(made, name)
    assert record.find("one").clients == ("b", "a")


@pytest.mark.parametrize("name", ["n1", "control-plane", "segment", "there"])
def test_a_client_cannot_bear_another_hosts_name(name):
    made = record.add_client(record.create("one", 1, {}), "there")
    with pytest.raises(LabError, match=f"a client cannot be called '{name}': lab 'one' has that already"):
        record.add_client(made, name)


def test_a_lab_without_an_owner_stays():
    record.create("one", 0, {})
    record.give_up_ownership("one")
    assert record.find("one").owner is None
    assert record.remove_leftovers() == []


def test_removing_a_lab_twice_is_no_error(labs):
    record.create("one", 0, {})
    record.remove("one")
    record.remove("one")
    assert not labs.exists()
