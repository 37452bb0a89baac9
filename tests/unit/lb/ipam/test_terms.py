import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.ipam.terms import Terms, objection

HTTP, HTTPS, DNS = ("TCP", 80), ("TCP", 443), ("UDP", 80)


def terms(service="shop/web", *ports, key="front", backend="", is_open=False):
    return Terms(service, key, backend, frozenset(ports), is_open)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        pytest.param(terms("shop/a", HTTP), terms("shop/b", HTTPS), id="other ports"),
        pytest.param(terms("shop/a", HTTP), terms("shop/b", DNS), id="same port, other protocol"),
        pytest.param(terms("shop/a"), terms("shop/b"), id="no ports at all"),
        pytest.param(
            terms("shop/a", HTTP, backend="{}"), terms("shop/b", HTTPS, backend="{}"), id="same endpoints"
        ),
        pytest.param(
            terms("shop/a", HTTP, is_open=True), terms("blog/b", HTTPS, is_open=True), id="both are open"
        ),
    ],
)
def test_two_services_can_have_one_address(mine, theirs):
    assert (objection(mine, theirs), objection(theirs, mine)) == (None, None)


OTHER_BACKEND = (
    "Service shop/b has other endpoints or another externalTrafficPolicy, so that packets for both may be "
    "wanted on different nodes"
)


@pytest.mark.parametrize(
    ("mine", "theirs", "why"),
    [
        pytest.param(
            terms("shop/a"),
            terms("shop/b", key=""),
            "Service shop/b shares its address with none",
            id="the other shares with none",
        ),
        pytest.param(
            terms("shop/a", key=""),
            terms("shop/b"),
            "Service shop/a shares its address with none",
            id="shares with none",
        ),
        pytest.param(
            terms("shop/a", key=""),
            terms("shop/b", key=""),
            "Service shop/b shares its address with none",
            id="neither shares",
        ),
        pytest.param(
            terms("shop/a", key="x"),
            terms("shop/b"),
            "Service shop/b shares it with those of another sharing key",
            id="other key",
        ),
        pytest.param(
            terms("shop/a", is_open=True),
            terms("blog/b"),
            "Service blog/b shares its address within its namespace only",
            id="other namespace, and the other is not open",
        ),
        pytest.param(
            terms("shop/a"),
            terms("blog/b", is_open=True),
            "Service shop/a shares its address within its namespace only",
            id="other namespace, and is not open",
        ),
        pytest.param(
            terms("shop/a", DNS, HTTPS, HTTP),
            terms("shop/b", HTTP, HTTPS),
            "port TCP/80 of it is in use by Service shop/b",
            id="common ports: the lowest is told",
        ),
        pytest.param(
            terms("shop/a", HTTP), terms("shop/b", HTTPS, backend="{}"), OTHER_BACKEND, id="other backend"
        ),
    ],
)
def test_two_services_cannot_have_one_address_and_the_reason_is_told(mine, theirs, why):
    assert objection(mine, theirs) == why


ANY = st.builds(
    Terms,
    st.sampled_from(["shop/a", "shop/b", "blog/c"]),
    st.sampled_from(["", "x", "y"]),
    st.sampled_from(["", "{}"]),
    st.frozensets(st.sampled_from([HTTP, HTTPS, DNS])),
    st.booleans(),
)


@given(ANY, ANY)
def test_whether_two_can_share_does_not_depend_on_who_is_asked(mine, theirs):
    assert (objection(mine, theirs) is None) is (objection(theirs, mine) is None)
