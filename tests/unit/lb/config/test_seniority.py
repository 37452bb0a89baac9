"""What is particular to no kind is tried with pools."""

import pytest

from lb.config.rejection import Reference
from lb.config.seniority import NoClaims, reference_to
from tests.unit.lb.config.written import NEW, OLD, good, parsed, pool, rejections


def span(name, first, last, born=OLD):
    return pool(name, f"192.0.2.{first}-192.0.2.{last}", born=born)


def spans(config):
    return {
        name: each.ranges[0].address(each.ranges[0].first).packed[-1] for name, each in config.pools.items()
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param([], [span("b", 1, 5), span("a", 1, 5)], {"a": 1}, id="both new: the first by name"),
        pytest.param([], [span("a", 1, 5, NEW), span("b", 1, 5)], {"b": 1}, id="both new: the older"),
        pytest.param(
            [span("b", 1, 5, NEW)],
            [span("a", 1, 5), span("b", 1, 5, NEW)],
            {"b": 1},
            id="the known before an older new one",
        ),
        pytest.param(
            [span("b", 5, 5, NEW)],
            [span("a", 1, 5), span("b", 2, 5, NEW)],
            {"b": 2},
            id="the known before a new one, though it changed",
        ),
        pytest.param(
            [span("a", 1, 1), span("b", 2, 2, NEW)],
            [span("a", 1, 2), span("b", 2, 2, NEW)],
            {"a": 1, "b": 2},
            id="the unchanged before one that grew",
        ),
        pytest.param(
            [span("a", 1, 1), span("b", 2, 2)],
            [span("a", 2, 2), span("b", 1, 1)],
            {"a": 2, "b": 1},
            id="two that swap",
        ),
        pytest.param(
            [span("a", 1, 1), span("b", 2, 2), span("c", 3, 3)],
            [span("a", 2, 2), span("b", 3, 3), pool("c", "typo")],
            {"a": 1, "b": 2, "c": 3},
            id="each falls back because the next does",
        ),
        pytest.param(
            [span("a", 1, 1), span("b", 2, 2)],
            [span("a", 5, 5), pool("b", "typo"), span("c", 1, 1, NEW)],
            {"a": 5, "b": 2, "c": 1},
            id="a new one takes what a changed one left",
        ),
    ],
)
def test_of_those_that_collide_one_stays(before, after, expected):
    last_good = good(pools=before)
    assert spans(parsed(last_good, pools=after).config) == expected
    assert spans(parsed(last_good, pools=after[::-1]).config) == expected


def test_a_new_object_that_is_refused_keeps_no_other_out():
    last_good = good(pools=[span("known", 1, 3), span("steady", 6, 6)])
    # `known` cannot move to 4, for 6 is taken, and so goes on in what `first` wants; `second` wants the rest.
    after = [
        span("known", 4, 6),
        span("steady", 6, 6),
        pool("first", "192.0.2.1-192.0.2.3", "192.0.2.7/32", born=OLD),
        span("second", 7, 7, NEW),
    ]
    found = parsed(last_good, pools=after)
    assert spans(found.config) == {"known": 1, "steady": 6, "second": 7}
    assert [each.object.name for each in found.rejections] == ["first", "known"]


def test_an_object_that_goes_on_in_its_last_good_form_is_told_of_at_each_parsing():
    last_good = good(pools=[span("a", 1, 1), span("b", 2, 2)])
    after = [span("a", 1, 2), span("b", 2, 2)]
    found = parsed(last_good, pools=after)
    assert parsed(found.config, pools=after) == found
    assert rejections(found.config, pools=after) == [
        "IPAddressPool metallb-system/a: spec.addresses = '192.0.2.1-192.0.2.2': it overlaps with "
        "192.0.2.2-192.0.2.2 of IPAddressPool b. Take the common addresses out of one of the two pools."
    ]


def test_a_reference_names_kind_namespace_and_name():
    assert reference_to("IPAddressPool", span("a", 1, 1)) == Reference("IPAddressPool", "a", "metallb-system")


def test_objects_of_a_kind_without_claims_never_collide():
    claims, found = NoClaims(), good(pools=[span("a", 1, 1)]).pools["a"]
    claims.add(found)
    assert claims.collisions(Reference("BFDProfile", "a"), found) == []
    assert NoClaims.are_apart([found, found])
