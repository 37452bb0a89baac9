from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from lb.announce.sharing import Sharing

A, B, C = (ip_address(f"192.0.2.{at}") for at in range(3))
KEYS = st.sampled_from(["a", "b", "c", "d"])
STEPS = st.lists(st.tuples(KEYS, st.lists(st.sampled_from([A, B, C]), max_size=2, unique=True)), max_size=12)


def test_services_are_judged_with_those_that_share_an_address_and_whoever_shares_with_these():
    sharing = Sharing()
    sharing.put("one", (A,))
    sharing.put("two", (B, A))
    sharing.put("three", (B,))
    sharing.put("apart", (C,))
    assert sharing.group("one") == sharing.group("three") == {"one", "two", "three"}
    assert sharing.group("apart") == {"apart"}
    assert sharing.at([A, C]) == {"one", "two", "apart"}
    sharing.put("two", ())
    assert sharing.group("one") == {"one"}


def test_one_that_is_not_known_is_judged_alone():
    assert Sharing().group("unknown") == {"unknown"}


@given(STEPS)
def test_groups_part_the_services(steps):
    sharing = Sharing()
    for key, addresses in steps:
        sharing.put(key, tuple(addresses))
    last = dict(steps)
    for one in last:
        for other in last:
            assert (other in sharing.group(one)) == (sharing.group(one) == sharing.group(other))
            if set(last[one]) & set(last[other]):
                assert other in sharing.group(one)
