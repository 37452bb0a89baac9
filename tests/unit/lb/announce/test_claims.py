from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from lb.announce.claims import Claims

A, B = ip_address("192.0.2.1"), ip_address("2001:db8::1")
ADDRESSES = [ip_address(f"192.0.2.{at}") for at in range(4)]


def test_who_serves_an_address_is_found_by_any_of_them():
    claims = Claims()
    claims.put("n1", frozenset({A}))
    claims.put("n2", frozenset({A, B}))
    assert claims.holders([A]) == {"n1", "n2"}
    assert claims.holders([B]) == {"n2"}
    assert claims.holders([A, B]) == {"n1", "n2"}
    assert claims.holders([]) == frozenset()


def test_it_tells_for_which_addresses_something_changed():
    claims = Claims()
    assert claims.put("n1", frozenset({A})) == {A}
    assert claims.put("n1", frozenset({A})) == frozenset()
    assert claims.put("n1", frozenset({B})) == {A, B}
    assert claims.put("n1", frozenset()) == {B}
    assert claims.put("n9", frozenset()) == frozenset()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.frozensets(st.sampled_from(ADDRESSES)))))
def test_the_last_word_of_each_node_counts(words):
    claims = Claims()
    for node, addresses in words:
        claims.put(node, addresses)
    last = dict(words)
    for address in ADDRESSES:
        assert claims.holders([address]) == {node for node, each in last.items() if address in each}
        assert all(claims.holds(node, address) is (address in each) for node, each in last.items())
