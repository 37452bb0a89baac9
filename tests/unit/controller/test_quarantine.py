from ipaddress import ip_address

import pytest

from controller.quarantine import added, due, told_of
from lb.api.custom_resource import CustomResource
from lb.api.meta import ObjectMeta
from lb.config.config import Config, Pool
from lb.config.conflict import Conflict
from lb.config.ranges import parse_range
from lb.ipam.conflict import Sighting

ONE, TWO, OUTSIDE = map(ip_address, ("192.0.2.1", "192.0.2.2", "198.51.100.1"))


def seen(address, node="n1"):
    return Sighting(node, Conflict(address, "02:00:00:00:00:99", "eth0"))


def test_what_lies_in_a_pool_and_is_in_conflict_is_set_aside():
    pool = Pool("edge", {}, (parse_range("192.0.2.0/24"),), True, False, quarantined=frozenset({TWO}))
    sightings = {each: (seen(each), seen(each, "n2")) for each in (ONE, TWO, OUTSIDE)}
    assert due(sightings, Config({"edge": pool})) == {"edge": {ONE: seen(ONE)}}


def test_nothing_of_a_protected_pool_is_set_aside():
    pool = Pool("edge", {}, (parse_range("192.0.2.0/24"),), True, False, is_protected=True)
    assert due({ONE: (seen(ONE),)}, Config({"edge": pool})) == {}


@pytest.mark.parametrize(
    ("present", "wanted"),
    [
        pytest.param(None, "192.0.2.1,192.0.2.2", id="none yet"),
        pytest.param("  ", "192.0.2.1,192.0.2.2", id="empty"),
        pytest.param("192.0.2.9 , 192.0.2.2", "192.0.2.9,192.0.2.2,192.0.2.1", id="some"),
        pytest.param("nonsense,192.0.2.1,192.0.2.2", None, id="all, beside what is wrong"),
    ],
)
def test_what_stands_there_stays(present, wanted):
    annotations = {} if present is None else {"anvil-lb.io/quarantine": present}
    pool = CustomResource(ObjectMeta(name="edge", annotations=annotations))
    assert added(pool, (ONE, TWO)) == wanted


def test_a_person_is_told_why_and_how_to_take_it_back():
    assert told_of(ONE, seen(ONE)) == (
        "192.0.2.1 is set aside: the host with the hardware address 02:00:00:00:00:99, which node n1 hears on"
        " eth0, uses it. Once it does not, take the address out of the annotation anvil-lb.io/quarantine."
    )
