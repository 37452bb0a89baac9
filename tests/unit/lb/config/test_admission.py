from ipaddress import ip_address

import pytest

from lb.api.extension import PROTECT
from lb.config.admission import MOST, Answer, Change, Operation, review, review_alone
from lb.config.config import EMPTY
from lb.config.memory import Memory
from lb.config.parser import parse
from lb.config.resources import objects_of
from tests.unit.lb.config.written import (
    BFD,
    BGP,
    COMMUNITY,
    L2,
    OURS,
    PEER,
    POOL,
    advertisement,
    community_of,
    good,
    peer,
    pool,
    resource,
    resources,
    with_metadata,
)

CREATE, UPDATE, DELETE = Operation
EDGE = pool("edge", "192.0.2.0/24")
ALL = {"l2_advertisements": [advertisement("lan")]}
"""An advertisement of all pools, so that nobody complains that they are not announced."""
BAD = pool("edge", "typo")
TYPO = (
    "IPAddressPool metallb-system/edge: spec.addresses[0] = 'typo': this is neither a CIDR nor a range. "
    "Write a CIDR such as 192.0.2.0/24 or 2001:db8::/120, or a range such as 192.0.2.10-192.0.2.20."
)


def asked(kind, new=None, *, delete=None, services=None, last_good=EMPTY, **of):
    """The answer where the objects *of* each kind are there, of which *new* may change one."""
    given = resources(**of)
    name = (new if new is not None else delete).metadata.name
    old = next((each for each in objects_of(given, kind) if each.metadata.name == name), delete)
    operation = DELETE if new is None else UPDATE if old is not None else CREATE
    memory = Memory()
    before = parse(given, last_good, memory)

    def in_use(a_pool):
        held = {service: ip_address(text) for service, text in (services or {}).items()}
        return [each for each in held.items() if any(each[1] in span for span in a_pool.ranges)]

    return review(Change(kind, operation, new, old), given, before, OURS, in_use, memory)


def denied(*denials):
    return Answer(denials)


def warned(*warnings):
    return Answer((), warnings)


# What is wrong itself


@pytest.mark.parametrize("there", [[], [EDGE], [BAD]], ids=["created", "updated", "was wrong already"])
def test_what_is_wrong_itself_is_denied(there):
    new = with_metadata(BAD, labels={"any": "other"})
    assert asked(POOL, new, pools=there, **ALL) == denied(TYPO)


def test_all_that_is_wrong_is_told():
    answer = asked(POOL, pool("edge", "typo", "typo", "192.0.2.0/24"), **ALL)
    assert [denial.split(" = ")[0].split()[-1] for denial in answer.denials] == [
        "spec.addresses[0]",
        "spec.addresses[1]",
    ]


def test_what_is_right_is_allowed():
    assert asked(POOL, EDGE, **ALL) == Answer()


def test_what_is_probably_not_meant_is_warned_of():
    assert asked(POOL, EDGE) == warned(
        "IPAddressPool metallb-system/edge: metadata.name = 'edge': no L2Advertisement or BGPAdvertisement "
        "covers it, so that nobody will announce its addresses. "
        "Create one whose spec.ipAddressPools names edge."
    )


def test_a_collision_is_the_new_one_s_fault():
    assert asked(POOL, pool("new", "192.0.2.128/25"), pools=[EDGE], **ALL) == denied(
        "IPAddressPool metallb-system/new: spec.addresses = '192.0.2.128-192.0.2.255': it overlaps with "
        "192.0.2.0-192.0.2.255 of IPAddressPool edge. Take the common addresses out of one of the two pools."
    )


def test_an_object_is_judged_though_it_be_older_than_what_is_there():
    given = [with_metadata(EDGE, creation_timestamp="2026-06-01T00:00:00Z")]
    assert asked(POOL, pool("new", "192.0.2.128/25"), pools=given, **ALL).denials


# What makes another wrong


INTERNET = advertisement("internet", aggregationLength=24)


def test_what_makes_another_object_wrong_is_denied():
    assert asked(POOL, pool("edge", "192.0.2.0/25"), bgp_advertisements=[INTERNET]) == denied(
        "IPAddressPool metallb-system/edge: with this change, another object would be wrong: "
        "BGPAdvertisement metallb-system/internet: spec.aggregationLength = 24: it is shorter than the "
        "prefixes of 192.0.2.0-192.0.2.127: the routes would lead beyond IPAddressPool edge, so they are "
        "not sent. Write a longer one, or take the pool out of spec.ipAddressPools."
    )


def test_a_pool_of_ipv6_that_meets_a_peer_with_echo_mode_is_denied():
    given = {
        "peers": [peer(bfdProfile="fast")],
        "bfd_profiles": [resource("fast", {"echoMode": True})],
        "bgp_advertisements": [advertisement("internet")],
    }
    (denial,) = asked(POOL, pool("six", "2001:db8::/120"), **given).denials
    assert denial.startswith(
        "IPAddressPool metallb-system/six: with this change, another object would be wrong: "
        "BGPPeer metallb-system/tor: spec.bfdProfile = 'fast': it has echoMode"
    )


def test_what_was_wrong_before_is_no_reason_to_deny():
    others = [pool("lost", "typo"), pool("late", "192.0.2.0/25", born="2026-06-01T00:00:00Z"), EDGE]
    new = pool("new", "198.51.100.0/24")
    assert asked(POOL, new, pools=others, peers=[peer(myASN=0)], **ALL) == Answer()


def test_what_was_wrong_before_is_no_reason_to_deny_though_its_reason_be_another_now():
    # `late` overlaps with all of `edge` before, and with half of it after.
    late = pool("late", "192.0.2.0/26", born="2026-06-01T00:00:00Z")
    assert asked(POOL, pool("edge", "192.0.2.0/25"), pools=[EDGE, late], **ALL) == Answer()


def test_to_mend_one_object_is_allowed_while_others_are_wrong():
    pools = [BAD, pool("lost", "typo")]
    assert asked(POOL, EDGE, pools=pools, **ALL) == Answer()


def test_an_object_that_waited_and_would_be_wrong_is_reason_to_deny():
    given = {
        "peers": [peer(bfdProfile="fast")],
        "pools": [pool("six", "2001:db8::/120")],
        "bgp_advertisements": [advertisement("internet")],
    }
    (denial,) = asked(BFD, resource("fast", {"echoMode": True}), **given).denials
    assert "another object would be wrong: BGPPeer metallb-system/tor" in denial


def test_what_cures_another_object_is_allowed():
    given = {"peers": [peer(bfdProfile="fast")], "bfd_profiles": []}
    assert asked(BFD, resource("fast", {}), **given) == Answer()


# What may wait


@pytest.mark.parametrize(
    ("kind", "new", "warning"),
    [
        pytest.param(
            PEER,
            peer(bfdProfile="fast"),
            "BGPPeer metallb-system/tor: spec.bfdProfile = 'fast': no BFDProfile of this name is in force. "
            "Create the BFDProfile, mend it where it was refused, or correct the name.",
            id="BFDProfile",
        ),
        pytest.param(
            BGP,
            advertisement("internet", communities=["red"]),
            "BGPAdvertisement metallb-system/internet: spec.communities[0] = 'red': no Community object "
            "gives this name. Create the Community, or correct the name.",
            id="Community",
        ),
        pytest.param(
            L2,
            advertisement("lan", ipAddressPools=["edge"]),
            "L2Advertisement metallb-system/lan: spec.ipAddressPools[0] = 'edge': there is no "
            "IPAddressPool of this name. Create the IPAddressPool, or correct the name.",
            id="IPAddressPool",
        ),
        pytest.param(
            BGP,
            advertisement("internet", peers=["tor"]),
            "BGPAdvertisement metallb-system/internet: spec.peers[0] = 'tor': there is no BGPPeer of this "
            "name. Create the BGPPeer, or correct the name.",
            id="BGPPeer",
        ),
    ],
)
def test_a_reference_to_what_comes_later_is_warned_of(kind, new, warning):
    assert asked(kind, new) == warned(warning)


def test_a_peer_s_secret_is_not_looked_for():
    assert asked(PEER, peer(passwordSecret={"name": "md5"})) == Answer()


def test_a_community_in_use_can_be_deleted_with_a_warning():
    ours = community_of("ours", red="65000:1")
    named = advertisement("internet", communities=["red"])
    assert asked(COMMUNITY, delete=ours, communities=[ours], bgp_advertisements=[named]) == warned(
        "BGPAdvertisement metallb-system/internet: spec.communities[0] = 'red': no Community object gives "
        "this name. Create the Community, or correct the name."
    )


FAST = resource("fast", {})


def test_a_bfd_profile_in_use_cannot_be_deleted():
    peers = [peer(bfdProfile="fast"), peer("spine", peerAddress="192.0.2.2"), peer("lost", myASN=0)]
    assert asked(BFD, delete=FAST, bfd_profiles=[FAST], peers=peers) == denied(
        "BFDProfile metallb-system/fast: it is in use by BGPPeer metallb-system/tor (spec.bfdProfile). "
        "Change that one first."
    )


def test_a_bfd_profile_that_nobody_uses_can_be_deleted():
    assert asked(BFD, delete=FAST, bfd_profiles=[FAST], peers=[peer()]) == Answer()


def test_a_deletion_that_lets_a_refused_object_in_which_makes_another_wrong_says_so():
    late = pool("late", "192.0.2.0/25", born="2026-06-01T00:00:00Z")
    (denial,) = asked(POOL, delete=EDGE, pools=[EDGE, late], bgp_advertisements=[INTERNET]).denials
    assert denial.startswith(
        "IPAddressPool metallb-system/edge: with this change, another object would be wrong: "
        "BGPAdvertisement metallb-system/internet: spec.aggregationLength = 24"
    )


# Who is spared


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(with_metadata(BAD, resource_version="2"), id="a finalizer is taken away"),
        pytest.param(
            with_metadata(BAD, deletion_timestamp="2026-06-01T00:00:00Z", labels={"a": "b"}),
            id="it is being deleted",
        ),
    ],
)
def test_an_update_that_says_nothing_new_passes_though_the_object_be_wrong(new):
    assert asked(POOL, new, pools=[BAD]) == Answer()


@pytest.mark.parametrize(
    "changed",
    [{"labels": {"a": "b"}}, {"annotations": {"a": "b"}}],
    ids=["label", "annotation"],
)
def test_any_other_update_of_a_wrong_object_is_denied(changed):
    assert asked(POOL, with_metadata(BAD, **changed), pools=[BAD], **ALL).denials == (TYPO,)


def test_a_wrong_object_can_be_deleted():
    assert asked(POOL, delete=BAD, pools=[BAD, EDGE], **ALL) == Answer()


ELSEWHERE = with_metadata(BAD, namespace="shop")


@pytest.mark.parametrize(
    ("operation", "new", "old", "answer"),
    [
        pytest.param(
            CREATE,
            ELSEWHERE,
            None,
            denied(
                "IPAddressPool shop/edge: metadata.namespace = 'shop': resource must be created in "
                "metallb-system namespace, the only one that is read."
            ),
            id="created",
        ),
        pytest.param(UPDATE, ELSEWHERE, ELSEWHERE, Answer(), id="updated"),
        pytest.param(DELETE, None, ELSEWHERE, Answer(), id="deleted"),
    ],
)
def test_an_object_of_another_namespace_can_only_go(operation, new, old, answer):
    given = resources(pools=[EDGE])
    change = Change(POOL, operation, new, old)
    assert review(change, given, parse(given), OURS, lambda each: (), Memory()) == answer


# Pools in use


SERVICES = {"shop/web": "192.0.2.200", "shop/api": "192.0.2.1", "shop/other": "198.51.100.1"}
LOST = (
    "IPAddressPool metallb-system/edge: addresses of 1 Services would lie in no pool any more: "
    "shop/web (192.0.2.200)."
)
BOTH_LOST = (
    "IPAddressPool metallb-system/edge: addresses of 2 Services would lie in no pool any more: "
    "shop/api (192.0.2.1), shop/web (192.0.2.200)."
)
FORBIDDEN = "The annotation anvil-lb.io/protect forbids it; remove that first, if it is meant."
SHRUNK = pool("edge", "192.0.2.0/25")
PROTECTED = pool("edge", "192.0.2.0/24", annotations={PROTECT: "true"})


def test_shrinking_a_pool_in_use_is_warned_of():
    assert asked(POOL, SHRUNK, pools=[EDGE], services=SERVICES, **ALL) == warned(LOST)


def test_deleting_a_pool_in_use_is_warned_of():
    assert asked(POOL, delete=EDGE, pools=[EDGE], services=SERVICES, **ALL) == warned(BOTH_LOST)


def test_leaving_out_an_address_in_use_is_warned_of():
    careful = pool("edge", "192.0.2.0/24", avoidBuggyIPs=True)
    answer = asked(POOL, careful, pools=[EDGE], services={"shop/web": "192.0.2.255"}, **ALL)
    assert answer == warned(LOST.replace("200", "255"))


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(pool("edge", "192.0.2.0/23"), id="growing"),
        pytest.param(pool("edge", "192.0.2.1-192.0.2.200"), id="shrinking where nobody is"),
        pytest.param(
            pool("edge", "192.0.2.0/24", labels={"a": "b"}, autoAssign=False), id="keeping its addresses"
        ),
    ],
)
def test_what_takes_no_service_its_address_is_not_warned_of(new):
    assert asked(POOL, new, pools=[EDGE], services=SERVICES, **ALL) == Answer()


def test_an_address_that_another_pool_takes_over_is_not_lost():
    waiting = pool("late", "192.0.2.128/25", born="2026-06-01T00:00:00Z")
    assert asked(POOL, SHRUNK, pools=[EDGE, waiting], services=SERVICES, **ALL) == Answer()


def test_a_pool_that_is_in_force_in_its_last_good_form_is_in_use():
    answer = asked(POOL, delete=BAD, pools=[BAD], last_good=good(pools=[EDGE]), services=SERVICES, **ALL)
    assert answer == warned(BOTH_LOST)


@pytest.mark.parametrize(
    ("new", "lost"),
    [
        pytest.param(pool("edge", "192.0.2.0/25", annotations={PROTECT: "true"}), LOST, id="shrunk"),
        pytest.param(SHRUNK, LOST, id="shrunk, and the annotation dropped with it"),
        pytest.param(pool("edge", "192.0.2.0/25", annotations={PROTECT: "false"}), LOST, id="and turned off"),
        pytest.param(None, BOTH_LOST, id="deleted"),
    ],
)
def test_a_protected_pool_keeps_what_is_in_use(new, lost):
    answer = asked(POOL, new, delete=PROTECTED, pools=[PROTECTED], services=SERVICES, **ALL)
    assert answer == denied(f"{lost} {FORBIDDEN}")


def test_the_protection_can_be_dropped_first():
    assert asked(POOL, EDGE, pools=[PROTECTED], services=SERVICES, **ALL) == Answer()


def test_a_protected_pool_that_is_not_in_use_can_go():
    assert asked(POOL, delete=PROTECTED, pools=[PROTECTED], **ALL) == Answer()


def test_protection_that_comes_with_the_change_does_not_forbid_it():
    new = pool("edge", "192.0.2.0/25", annotations={PROTECT: "true"})
    assert asked(POOL, new, pools=[EDGE], services=SERVICES, **ALL) == warned(LOST)


def test_of_many_services_some_are_named():
    many = {f"shop/s{n:02}": f"192.0.2.{n}" for n in range(1, 25)}
    (warning,) = asked(POOL, delete=EDGE, pools=[EDGE], services=many, **ALL).warnings
    assert warning.startswith(
        "IPAddressPool metallb-system/edge: addresses of 24 Services would lie in no pool"
    )
    assert warning.endswith(f"shop/s{MOST} (192.0.2.{MOST}) and {24 - MOST} more.")


# Before anything is known


UNREAD = "The rest of the configuration has not been read yet, so this was not compared with it."


@pytest.mark.parametrize(
    ("new", "answer"),
    [
        pytest.param(EDGE, Answer((), (UNREAD,)), id="right"),
        pytest.param(BAD, Answer((TYPO,), (UNREAD,)), id="wrong"),
    ],
)
def test_an_object_is_judged_alone_while_nothing_else_has_been_read(new, answer):
    assert review_alone(Change(POOL, CREATE, new, None), OURS) == answer


def test_a_deletion_is_allowed_while_nothing_else_has_been_read():
    assert review_alone(Change(BFD, DELETE, None, FAST), OURS) == Answer((), (UNREAD,))
