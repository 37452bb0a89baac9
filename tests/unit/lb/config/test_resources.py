from hypothesis import given
from hypothesis import strategies as st

from lb.config.resources import FIELD_OF, Resources, each_once, gathered, objects_of, with_object
from tests.unit.lb.config.written import (
    COMMUNITY,
    NEW,
    OLD,
    PEER,
    POOL,
    advertisement,
    pool,
    resource,
    resources,
)

A, B = pool("a", "192.0.2.0/25"), pool("b", "192.0.2.128/25")


def test_the_objects_of_each_kind_are_gathered():
    found = gathered(lambda kind: (resource(kind, {}),))
    assert {kind: objects_of(found, kind)[0].metadata.name for kind in FIELD_OF} == {
        kind: kind for kind in FIELD_OF
    }
    assert (found.nodes, found.namespaces, found.secrets) == ((), (), None)


def test_an_object_is_added():
    assert with_object(Resources(pools=(A,)), POOL, "b", B) == Resources(pools=(A, B))


def test_an_object_is_replaced():
    changed = pool("a", "198.51.100.0/24")
    assert with_object(Resources(pools=(A, B)), POOL, "a", changed) == Resources(pools=(B, changed))


def test_an_object_is_taken_out():
    assert with_object(Resources(pools=(A, B), peers=(A,)), POOL, "a", None) == Resources(
        pools=(B,), peers=(A,)
    )


def test_each_name_once_is_left_as_it_is():
    given = resources(pools=[A, B], communities=[A, B], peers=[A])
    assert each_once(given) == (given, [])


def test_of_two_of_a_name_the_older_stays_and_the_other_is_told():
    old, new = pool("a", "192.0.2.0/24", born=OLD), pool("a", "192.0.3.0/24", born=NEW)
    kept, twice = each_once(resources(pools=[new, B, old]))
    assert sorted(kept.pools, key=lambda each: each.metadata.name) == [old, B]
    assert [str(each) for each in twice] == [
        "IPAddressPool metallb-system/a: metadata.name = 'a': there is another IPAddressPool of this name. "
        "Give it a name of its own."
    ]


def test_a_name_may_stand_in_each_kind():
    given = resources(l2_advertisements=[advertisement("a")], bgp_advertisements=[advertisement("a")])
    assert each_once(given) == (given, [])
    assert (objects_of(given, PEER), objects_of(given, COMMUNITY)) == ((), ())


SAME_NAME = st.builds(
    lambda born, number, tier: pool("a", f"192.0.{number}.0/24", born=born, labels={"tier": tier}),
    st.sampled_from([OLD, NEW]),
    st.integers(0, 1),
    st.sampled_from(["gold", "tin"]),
)


@given(st.lists(SAME_NAME, max_size=4), st.randoms())
def test_which_one_stays_does_not_depend_on_the_order(pools, random):
    kept, twice = each_once(Resources(pools=tuple(pools)))
    random.shuffle(pools)
    again, twice_again = each_once(Resources(pools=tuple(pools)))
    assert (again.pools, len(twice_again)) == (kept.pools, len(twice))
