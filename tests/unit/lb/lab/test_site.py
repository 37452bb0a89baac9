import pytest

from lb.lab.errors import LabError
from lb.lab.record import Record
from lb.lab.site import Site


@pytest.fixture
def site():
    return Site(Record("one", None, ("n1", "n2"), ("client",), {"n1": {}, "n2": {}}, {}))


def test_a_host_that_is_not_there_is_told_with_those_that_are(site):
    with pytest.raises(LabError, match="lab 'one' has no host 'n9'; it has control-plane, n1, n2, client"):
        site.port("n9")


def test_a_client_is_a_host_and_no_node(site):
    assert site.port("client") == "client"
    with pytest.raises(LabError, match="lab 'one' has no node 'client'; it has n1, n2"):
        site.node("client")


def test_the_segment_has_a_namespace_and_no_port(site):
    assert site.namespace("segment") == "anvil-lb.one.segment"
    with pytest.raises(LabError, match="no host 'segment'"):
        site.port("segment")


def test_nodes_are_numbered_from_one(site):
    assert (site.index("n1"), site.index("n2")) == (1, 2)
    assert str(site.node("n2").address.v4) == "10.99.0.12"
