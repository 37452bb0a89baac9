import pytest
from msgspec.structs import replace

from lb.api.lease import TERM, WRITING, Lease, LeaseSpec
from lb.api.meta import ObjectMeta
from lb.cluster.leadership import (
    Candidate,
    Standing,
    Timing,
    Writes,
    claim,
    release,
    renewal,
    written_down,
)

TIMING = Timing()
AT = "2026-01-01T00:00:00.000000Z"


def lease(holder, version="1", **annotations):
    return Lease(
        ObjectMeta("anvil-lb-controller", resource_version=version, annotations=annotations),
        LeaseSpec(holder, 15, AT, AT, 3),
    )


@pytest.fixture
def candidate():
    return Candidate("us", TIMING)


@pytest.mark.parametrize(
    ("seen", "standing"),
    [
        pytest.param(None, Standing.ABSENT, id="no Lease"),
        pytest.param(lease(None), Standing.RELEASED, id="no holder"),
        pytest.param(lease(""), Standing.RELEASED, id="empty holder"),
        pytest.param(lease("us"), Standing.OURS, id="our predecessor"),
        pytest.param(lease("them"), Standing.HELD, id="another"),
    ],
)
def test_what_may_be_claimed_at_first_sight(candidate, seen, standing):
    candidate.see(seen, 100.0)
    assert candidate.standing(100.0) is standing


def test_a_holder_is_given_up_when_its_lease_has_not_changed_for_so_long_on_our_clock(candidate):
    candidate.see(lease("them", "1"), 100.0)
    candidate.see(lease("them", "1"), 110.0)
    assert candidate.standing(114.9) is Standing.HELD
    assert candidate.standing(115.0) is Standing.EXPIRED
    candidate.see(lease("them", "2"), 114.9)
    assert candidate.standing(129.8) is Standing.HELD
    assert candidate.expires_at == 129.9


def test_a_namesake_is_not_our_predecessor_once_we_have_led(candidate):
    candidate.see(None, 100.0)
    candidate.lead()
    candidate.see(lease("us"), 101.0)
    assert candidate.standing(101.0) is Standing.HELD


def test_a_claim_that_succeeded_without_an_answer_is_ours(candidate):
    candidate.lead()
    candidate.attempt("7")
    candidate.see(lease("us", **{TERM: "7"}), 101.0)
    assert candidate.standing(101.0) is Standing.OURS


@pytest.mark.parametrize("wrong", [(10, 10, 2), (15, 2, 2), (15, 10, 0)])
def test_times_that_leave_no_room_are_refused(wrong):
    with pytest.raises(ValueError, match="Let each be longer than the next"):
        Timing(*wrong)


def always(key, version):
    return True


def test_a_write_may_be_sent_when_the_lease_tells_of_it():
    writes = Writes({})
    writes.open("a", "1")
    assert (writes.may("a", "1"), writes.untold) == (False, True)
    telling = writes.telling(always)
    assert telling == {"a": "1"}
    assert not writes.may("a", "1")
    writes.told(telling)
    assert (writes.may("a", "1"), writes.untold) == (True, False)


def test_a_write_of_which_the_end_is_not_known_is_told_of_further():
    writes = Writes({})
    writes.open("a", "1")
    writes.told(writes.telling(always))
    assert writes.telling(always) == {"a": "1"}
    writes.close("a")
    assert writes.telling(always) == {}


def test_a_write_to_a_version_that_is_past_is_void_and_not_told_of():
    writes = Writes({})
    writes.open("a", "1")
    assert writes.telling(lambda key, version: False) == {}
    assert writes.may("a", "1")


def test_a_write_that_the_lease_perhaps_tells_of_no_more_has_to_wait_again():
    writes = Writes({})
    writes.open("a", "1")
    writes.told(writes.telling(always))
    writes.close("a")
    writes.telling(always)  # on its way, without it

    writes.open("a", "1")

    assert (writes.may("a", "1"), writes.untold) == (False, True)


def test_what_was_inherited_stays_until_it_is_void():
    writes = Writes({"a": "1", "b": "2"})
    writes.void("a")
    assert writes.inherited == {"b": "2"}


def test_a_claim_is_bound_to_the_lease_as_seen_and_leaves_what_it_tells():
    assert claim(lease("them", "9", **{WRITING: "a=1"}), "us", "7", TIMING, AT) == {
        "metadata": {"annotations": {TERM: "7"}, "resourceVersion": "9"},
        "spec": {
            "holderIdentity": "us",
            "leaseDurationSeconds": 15,
            "acquireTime": AT,
            "renewTime": AT,
            "leaseTransitions": 4,
        },
    }
    assert claim(None, "us", "7", TIMING, AT)["metadata"] == {"annotations": {TERM: "7"}}


def test_a_lease_can_be_claimed_however_often_it_was():
    given = lease("them")
    given = replace(given, spec=replace(given.spec, lease_transitions=2**31 - 1))
    assert claim(given, "us", "7", TIMING, AT)["spec"]["leaseTransitions"] == 0


def test_writes_are_read_as_they_were_written_down():
    writes = {"shop/web": "17", "shop/six": "18"}
    body = renewal(lease("us", "9"), writes, AT)
    assert body == {
        "metadata": {"annotations": {WRITING: "shop/web=17 shop/six=18"}, "resourceVersion": "9"},
        "spec": {"renewTime": AT},
    }
    written = lease("us", "10", **body["metadata"]["annotations"])
    assert written_down(written) == writes
    assert written_down(lease("us")) == {}


@pytest.mark.parametrize(
    "garbage",
    [
        *("x", "=3", "x=1", "x/=1", "/x=1", "a/b/c=1", "a/..=1", "../../etc=1", "A/b=1", f"a/{'q' * 64}=1"),
        *("shop/web", "shop/web=", "shop/web=abc", "shop/web=-1", "shop/web=1.5", f"shop/web={10**19}"),
    ],
)
def test_what_nobody_of_us_wrote_down_is_passed_over(garbage):
    assert written_down(lease("us", **{WRITING: f"{garbage} shop/six=18"})) == {"shop/six": "18"}


def test_who_gives_the_lease_up_leaves_it_to_nobody():
    body = release(lease("us", "9"), {}, AT)
    assert body["spec"] == {"renewTime": AT, "holderIdentity": None}
    assert body["metadata"]["annotations"] == {WRITING: None}
