from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from controller.admission.certificates import (
    CA_LIFE,
    SERVER_LIFE,
    Fault,
    Keys,
    bundled,
    make_authority,
    make_server,
    renewal,
    service_names,
)
from controller.admission.rotation import GRACE, LONGEST, SERVES, SETTLE, Bundle, Make, Plan, Seen, plan

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
NAMES = service_names("service", "namespace")


def made(now=NOW, authority=None):
    signer = authority or make_authority(now)
    return Keys(signer, make_server(signer, NAMES, now))


OLD, NEW, FOREIGN = made(), made(), made()
RENEWED = made(authority=OLD.authority)
DUE = made(NOW - SERVER_LIFE * 0.7, make_authority(NOW - SERVER_LIFE * 0.7))
SPENT = made(NOW - CA_LIFE * 0.7, make_authority(NOW - CA_LIFE * 0.7))
EXPIRED = made(NOW - SERVER_LIFE)
DEAD = made(NOW - CA_LIFE - timedelta(days=1))


def trusting(*keys, place="/0"):
    return Bundle("configuration", place, b"".join(each.authority.certificate for each in keys))


def planned(seen, stood=0.0, now=NOW):
    return plan(seen, stood, NAMES[0], now)


def test_without_a_secret_new_keys_are_made():
    assert planned(Seen(None)).make == Make(Fault.ABSENT, None)


def test_keys_that_could_not_be_served_are_made_anew_under_their_authority():
    due = planned(Seen(NEW, (trusting(OLD, NEW),), OLD, refused=NEW), 3.0)
    assert (due.make, due.serve) == (Make(Fault.UNSERVABLE, NEW.authority), None)
    assert planned(Seen(NEW, (trusting(OLD, NEW),), OLD, refused=FOREIGN), 3.0).serve == NEW


def test_new_keys_are_trusted_and_served_at_once_where_nothing_is():
    empty = Bundle("configuration", "/0", b"")
    assert planned(Seen(NEW, (empty,))) == Plan(trust=(trusting(NEW),), serve=NEW, again=SETTLE)


def test_where_all_is_well_nothing_is_due_for_an_hour():
    assert planned(Seen(NEW, (trusting(NEW),), NEW), GRACE) == Plan(again=LONGEST)


def test_a_deleted_secret_is_made_anew_with_a_new_authority_while_the_old_keys_are_served_on():
    due = planned(Seen(None, (trusting(OLD),), OLD), GRACE)
    assert due == Plan(make=Make(Fault.ABSENT, None))


def test_a_new_authority_is_trusted_beside_the_old_one_before_it_serves():
    due = planned(Seen(NEW, (trusting(OLD), trusting(OLD, place="/1")), OLD), 10.0)
    assert due.trust == (trusting(OLD, NEW), trusting(OLD, NEW, place="/1"))
    assert due.serve is None


def test_new_keys_are_served_when_their_authority_has_been_trusted_for_a_moment():
    seen = Seen(NEW, (trusting(OLD, NEW),), OLD)
    assert planned(seen, 0.5) == Plan(again=SETTLE - 0.5)
    assert planned(seen, SETTLE) == Plan(serve=NEW, again=GRACE - SETTLE)


def test_new_keys_are_not_served_while_one_webhook_or_who_knows_which_does_not_trust_them():
    partly = Seen(NEW, (trusting(OLD, NEW), trusting(OLD, place="/1")), OLD)
    assert planned(partly, GRACE).serve is None
    unread = Seen(NEW, (trusting(OLD, NEW),), OLD, complete=False)
    assert planned(unread, GRACE).serve is None


def test_an_old_authority_is_forgotten_when_the_new_keys_have_been_served_for_a_while():
    seen = Seen(NEW, (trusting(OLD, FOREIGN, NEW),), NEW)
    assert planned(seen, GRACE - 1) == Plan(again=1.0)
    assert planned(seen, GRACE).trust == (trusting(NEW),)


def test_keys_renewed_under_the_same_authority_are_served_at_once():
    assert planned(Seen(RENEWED, (trusting(OLD),), OLD)) == Plan(serve=RENEWED, again=SETTLE)


@pytest.mark.parametrize("now_served", [DEAD, EXPIRED], ids=["authority", "certificate"])
def test_keys_that_have_expired_are_replaced_without_waiting_for_trust(now_served):
    seen = Seen(NEW, (trusting(now_served),), now_served, complete=False)
    assert planned(seen).serve == NEW


def test_keys_that_are_due_are_made_anew_under_their_authority_and_served_until_then():
    seen = Seen(DUE, (trusting(DUE),), DUE)
    assert planned(seen, GRACE) == Plan(make=Make(Fault.DUE, DUE.authority))
    assert planned(replace(seen, served=None)).serve == DUE


def test_an_authority_that_is_due_is_made_anew_too():
    assert planned(Seen(SPENT, (trusting(SPENT),), SPENT)).make == Make(Fault.EXPIRED, None)


def test_an_authority_without_its_key_serves_on_and_is_made_anew_when_that_is_due():
    certificate_only = replace(OLD, authority=replace(OLD.authority, key=b""))
    assert planned(Seen(certificate_only, (trusting(OLD),), certificate_only), GRACE).make is None
    without = replace(DUE, authority=replace(DUE.authority, key=b""))
    assert planned(Seen(without, (), without), GRACE).make == Make(Fault.DUE, None)


@pytest.mark.parametrize(
    "edited", [b"", b"nonsense", FOREIGN.authority.certificate], ids=["empty", "no PEM", "foreign"]
)
def test_an_edited_bundle_heals(edited):
    seen = Seen(NEW, (Bundle("configuration", "/0", edited),), NEW)
    (healed,) = planned(seen, GRACE - 1).trust
    assert NEW.authority.certificate in bundled(healed.pem)


def test_in_the_middle_of_a_rotation_a_bundle_heals_to_both_authorities():
    seen = Seen(NEW, (Bundle("configuration", "/0", b""),), OLD)
    (healed,) = planned(seen).trust
    assert bundled(healed.pem).keys() == {each.authority.certificate for each in (OLD, NEW)}


def test_while_the_secret_is_gone_a_bundle_heals_to_what_is_served():
    assert planned(Seen(None, (Bundle("configuration", "/0", b""),), OLD)).trust == (trusting(OLD),)


def test_an_authority_that_has_expired_leaves_a_bundle_at_the_next_change():
    assert planned(Seen(NEW, (trusting(DEAD, OLD),), OLD)).trust == (trusting(OLD, NEW),)


def test_nothing_is_taken_out_of_a_bundle_while_there_are_no_good_keys():
    assert planned(Seen(None, (trusting(OLD),)), LONGEST).trust == ()


def test_it_is_looked_at_again_when_keys_become_due():
    before = renewal(NEW) - timedelta(minutes=10)
    assert planned(Seen(NEW, (trusting(NEW),), NEW), GRACE, before) == Plan(again=600.0)


ALL = (OLD, NEW, FOREIGN, RENEWED, DUE, SPENT, EXPIRED, DEAD)
SOME = st.lists(st.sampled_from(ALL), max_size=3)
SEEN = st.builds(
    Seen,
    secret=st.none() | st.sampled_from(ALL),
    bundles=st.lists(SOME.map(lambda keys: trusting(*keys)), max_size=3).map(tuple),
    served=st.none() | st.sampled_from(ALL),
    complete=st.booleans(),
)
STOOD = st.floats(0, 2 * GRACE)


@given(SEEN, STOOD)
def test_what_is_served_or_is_to_be_is_trusted_by_every_bundle_after_the_plan(seen, stood):
    due = planned(seen, stood)
    after = {each.place: each for each in (*seen.bundles, *due.trust)}
    served = [keys for keys in (seen.served, due.serve) if keys]
    for bundle in after.values():
        assert {each.authority.certificate for each in served} <= bundled(bundle.pem).keys()


@given(SEEN, STOOD)
def test_carrying_a_plan_out_leaves_no_bundle_to_write_at_once(seen, stood):
    due = planned(seen, stood)
    written = {each.place: each for each in due.trust}
    after = replace(seen, bundles=tuple(written.get(each.place, each) for each in seen.bundles[:1]))
    assert planned(after, 0.0).trust == ()


@given(SEEN)
def test_from_anywhere_it_comes_to_rest_with_good_keys_that_alone_are_trusted(seen):
    seen = replace(seen, bundles=seen.bundles[:1], complete=True)
    for _ in range(8):
        due = planned(seen, 2 * GRACE)
        seen = Seen(
            secret=made(authority=due.make.under) if due.make else seen.secret,
            bundles=due.trust or seen.bundles,
            served=due.serve or seen.served,
        )
    assert due == Plan(again=LONGEST)
    assert seen.secret == seen.served
    for bundle in seen.bundles:
        assert list(bundled(bundle.pem)) == [seen.served.authority.certificate]


@given(SEEN, STOOD)
def test_serving_keys_that_work_are_never_given_up_for_keys_that_are_not_trusted(seen, stood):
    due = planned(seen, stood)
    if due.serve and seen.served in (OLD, NEW, FOREIGN, RENEWED):
        trusted = all(due.serve.authority.certificate in bundled(each.pem) for each in seen.bundles)
        assert trusted or due.serve.authority == seen.served.authority


def test_faults_with_which_keys_serve_on_are_few():
    assert SERVES == (None, Fault.DUE)
