import pytest

from lb.lab import addressing
from lb.lab.errors import LabError


def test_a_node_has_like_numbers_in_both_families_and_in_its_mac():
    address = addressing.node(1)
    assert (str(address.v4), str(address.v6), address.mac) == (
        "10.99.0.11",
        "fd00:99::11",
        "02:00:0a:63:00:0b",
    )


def test_no_two_hosts_share_an_address_and_none_takes_one_of_the_pool_range():
    nodes = [addressing.node(index) for index in range(1, addressing.MOST_NODES + 1)]
    clients = [addressing.client(index) for index in range(1, addressing.MOST_CLIENTS + 1)]
    hosts = [addressing.control_plane(), *nodes, *clients]
    assert len({host.v4 for host in hosts}) == len({host.mac for host in hosts}) == len(hosts)
    assert all(host.v4 in addressing.SEGMENT and host.v6 in addressing.SEGMENT6 for host in hosts)
    assert max(host.v4 for host in hosts) < addressing.SEGMENT[200]


def test_names_of_two_labs_never_meet():
    assert addressing.namespace("a", "b-n1") != addressing.namespace("a-b", "n1")


def test_a_lab_without_nodes_has_no_node_names():
    assert addressing.node_names(0) == ()
    assert addressing.node_names(2) == ("n1", "n2")


@pytest.mark.parametrize("count", [-1, 81])
def test_a_number_of_nodes_that_does_not_fit_is_refused_with_the_range(count):
    with pytest.raises(LabError, match=rf"nodes = {count}: a lab has 0 to 80 nodes"):
        addressing.node_names(count)


@pytest.mark.parametrize("name", ["", "A", "a.b", "a/b", "-a", "a-", "a" * 31])
def test_a_lab_name_that_cannot_be_part_of_a_file_name_is_refused(name):
    with pytest.raises(LabError, match="lab name"):
        addressing.check_lab_name(name)


@pytest.mark.parametrize("name", ["a", "test-12", "a" * 30])
def test_a_plain_lab_name_is_taken(name):
    addressing.check_lab_name(name)


def test_a_host_name_longer_than_an_interface_name_is_refused():
    addressing.check_host_name("a" * 15)
    with pytest.raises(LabError, match="up to 15"):
        addressing.check_host_name("a" * 16)
