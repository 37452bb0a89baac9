"""The API server takes our CRDs, shows their objects, and refuses bad ones without any webhook."""

import re

import msgspec
import pytest
from msgspec import Raw

from lb.api.custom_resource import CustomResource
from lb.api.kinds import KINDS
from lb.api.meta import ObjectMeta
from lb.api.rule import VALIDATIONS
from lb.api.schema import custom_resource_definition
from lb.config.bgp_advertisements import read_bgp_advertisement
from lb.config.communities import read_community
from lb.config.community import Community
from lb.config.l2_advertisements import read_l2_advertisement
from lb.config.peers import read_peer
from lb.config.pools import read_pool
from lb.config.ranges import AddressRange, parse_range
from tests.integration.api.conftest import CRDS
from tests.integration.api.objects import BAD, GOOD, LEFT_OUT, ODD, OWN_WORDS, PEER, STATUSES, custom_resource

STORED = {kind.name: (kind, kind.versions[-1]) for kind in KINDS}
WARNING = "Warning: v1beta1 is deprecated, please use v1beta2\n"


def schema(kind):
    versions = custom_resource_definition(STORED[kind][0])["spec"]["versions"]
    return versions[-1]["schema"]["openAPIV3Schema"]["properties"]


# The CRDs


def test_they_are_applied_without_a_warning(installation):
    assert installation == ""


@pytest.mark.parametrize("name", CRDS)
def test_each_is_established_and_its_schema_structural(installed, kubectl, name):
    conditions = kubectl.get("crd", name)["status"]["conditions"]
    assert {each["type"]: each["status"] for each in conditions} == {
        "Established": "True",
        "NamesAccepted": "True",
    }


def test_a_field_is_explained(kubectl):
    told, complaint = kubectl("explain", "bgppeers.spec.holdTime")
    assert complaint == ""
    assert "Hold time to propose (RFC 4271)." in told


# Good objects


@pytest.mark.parametrize("kind", GOOD)
def test_the_sample_has_every_field(kind):
    spec = schema(kind).get("spec", {})
    fields = set(spec.get("properties", {})) - LEFT_OUT.get(kind, set())
    assert set(GOOD[kind] or {}) == fields
    assert set(STATUSES.get(kind, {})) == set(schema(kind)["status"].get("properties", {}))


@pytest.mark.parametrize("kind", GOOD)
def test_an_object_with_all_fields_is_taken_as_it_is(kubectl, name, kind):
    assert kubectl.complaint(custom_resource(kind, name, GOOD[kind])) == ""
    plural = STORED[kind][0].plural
    assert kubectl.get(plural, name).get("spec") == GOOD[kind]
    if kind in STATUSES:
        assert kubectl.complaint_about_status(plural, name, STATUSES[kind]) == ""
        assert kubectl.get(plural, name)["status"] == STATUSES[kind]


@pytest.mark.parametrize("kind", GOOD)
def test_kubectl_get_shows_its_columns(kubectl, name, kind):
    kubectl.complaint(custom_resource(kind, name, GOOD[kind]))
    plain = [column.upper() for column, _, _, priority in STORED[kind][1].columns if priority == 0]
    wide = [column.upper() for column, *_ in STORED[kind][1].columns]
    assert headings(kubectl, kind, name) == ["NAME", *(plain or ["AGE"])]
    assert headings(kubectl, kind, name, "--output=wide") == ["NAME", *(wide or ["AGE"])]


def headings(kubectl, kind, *arguments):
    line = kubectl("get", STORED[kind][0].plural, *arguments)[0].splitlines()[0]
    return re.split(" {3,}", line.strip())


def test_an_absent_field_has_its_default(kubectl, name):
    specs = {
        "IPAddressPool": {"addresses": ["192.0.2.0/24"]},
        "BGPAdvertisement": {},
        "BGPPeer": PEER,
    }
    for kind, spec in specs.items():
        assert kubectl.complaint(custom_resource(kind, name, spec)) == ""
    assert kubectl.get("ipaddresspools", name)["spec"] == {
        "addresses": ["192.0.2.0/24"],
        "autoAssign": True,
        "avoidBuggyIPs": False,
    }
    assert kubectl.get("bgpadvertisements", name)["spec"] == {
        "aggregationLength": 32,
        "aggregationLengthV6": 128,
    }
    assert kubectl.get("bgppeers", name)["spec"] == {
        **PEER,
        "peerPort": 179,
        "disableMP": False,
        "dualStackAddressFamily": False,
    }


READERS = {
    "IPAddressPool": lambda each: read_pool(each, ()),
    "L2Advertisement": read_l2_advertisement,
    "BGPAdvertisement": lambda each: read_bgp_advertisement(each, {"lan": Community((65000, 9))}),
    "BGPPeer": read_peer,
    "Community": read_community,
}


def rejections(kind, spec):
    """What our parser has against *spec*."""
    found = READERS[kind](CustomResource(ObjectMeta(name="it"), Raw(msgspec.json.encode(spec))))
    return found if isinstance(found, tuple) else ()


@pytest.mark.parametrize(("kind", "spec"), ODD.values(), ids=ODD)
def test_what_the_parser_takes_is_taken(kubectl, name, kind, spec):
    assert rejections(kind, spec) == ()
    assert kubectl.complaint(custom_resource(kind, name, spec)) == ""


ACCEPTED = [
    *("192.0.2.0/24", " 192.0.2.0/24 ", "192.0.2.0 /24", "192.0.2.77/24", "192.0.2.0/024", "192.0.2.1/32"),
    *("2001:db8::/32", "2001:DB8::1/128", "::/0", "0.0.0.0/0", "2001:db8::192.0.2.1/128"),
    *("192.0.2.1-192.0.2.9", "192.0.2.9 - 192.0.2.9", "9.9.9.9-10.0.0.0", "192.0.2.9-192.0.2.10"),
    *("2001:db8::1-2001:db8::2", " 2001:db8::1\t-\t2001:db8::ff "),
]


def test_what_the_parser_takes_for_a_range_is_taken(kubectl, name):
    assert [text for text in ACCEPTED if not isinstance(parse_range(text), AddressRange)] == []
    assert kubectl.complaint(custom_resource("IPAddressPool", name, {"addresses": ACCEPTED})) == ""


def test_a_pool_may_have_ten_thousand_ranges(kubectl, name):
    """What a rule costs is limited, too, and ours stay below that."""
    addresses = [f"2001:db8:0:0:0:0:{n:x}:1 - 2001:db8:0:0:0:0:{n:x}:ffff" for n in range(9000)]
    addresses += [f"10.{n // 256}.{n % 256}.100 - 10.{n // 256}.{n % 256}.200" for n in range(1000)]
    item = custom_resource("IPAddressPool", name, {"addresses": addresses})
    assert kubectl.complaint(item, "--server-side", "--dry-run=server") == ""
    item["spec"]["addresses"].append("192.0.2.0/24")
    assert "must have at most 10000 items" in kubectl.complaint(item, "--server-side", "--dry-run=server")


def test_an_advertisement_may_select_as_many_nodes_as_a_cluster_has(kubectl, name):
    nodes = [
        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [f"node-{n}"]}]}
        for n in range(5000)
    ]
    item = custom_resource("L2Advertisement", name, {"nodeSelectors": nodes})
    assert kubectl.complaint(item, "--server-side", "--dry-run=server") == ""


def test_an_advertisement_may_have_many_communities_with_long_names(kubectl, name):
    names = [f"{n}-{'x' * 240}" for n in range(128)]
    assert kubectl.complaint(custom_resource("BGPAdvertisement", name, {"communities": names})) == ""


# Bad objects


@pytest.mark.parametrize(("item", "message"), BAD.values(), ids=BAD)
def test_a_bad_object_is_refused_with_the_reason_and_the_remedy(kubectl, name, item, message):
    kind, spec, *version = item
    complaint = kubectl.complaint(custom_resource(kind, name, spec, *version))
    assert complaint.removeprefix(WARNING) == f'The {kind} "{name}" is invalid: {message}'


def words(rule):
    """A part of what is told where *rule* does not hold."""
    return rule.get("message") or max(re.findall("'([^']*)'", rule["messageExpression"]), key=len)


def rules(node):
    """Every rule in a schema."""
    if isinstance(node, dict):
        yield from node.get(VALIDATIONS, [])
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        yield from rules(each)


def test_each_rule_is_seen_to_refuse():
    told = [message for _, message in BAD.values()]
    all_rules = [each for kind in KINDS for each in rules(custom_resource_definition(kind))]
    silent = [each for each in all_rules if not any(words(each) in message for message in told)]
    assert {each["rule"] for each in silent} == {"self == oldSelf"}


@pytest.mark.parametrize("case", BAD)
def test_the_parser_refuses_it_too(case):
    (kind, spec, *_), _ = BAD[case]
    assert rejections(kind, spec)


@pytest.mark.parametrize("case", [case for case in BAD if case not in OWN_WORDS])
def test_the_api_server_says_what_the_parser_says(case):
    (kind, spec, *_), message = BAD[case]
    (told,) = rejections(kind, spec)
    assert message.startswith(f"{told.field}: ")
    assert message.endswith(f": {told.reason}. {told.remedy}")


# Changes


@pytest.mark.parametrize("kind", ["ServiceL2Status", "ServiceBGPStatus"])
@pytest.mark.parametrize("field", ["node", "serviceName", "serviceNamespace"])
def test_a_status_stays_that_of_its_service_and_node(kubectl, name, kind, field):
    plural = STORED[kind][0].plural
    kubectl.complaint(custom_resource(kind, name, {}))
    assert kubectl.complaint_about_status(plural, name, STATUSES[kind]) == ""
    assert kubectl.complaint_about_status(plural, name, {field: "other"}) == (
        f'The {kind} "{name}" is invalid: status.{field}: Invalid value: "other": an object tells of one'
        " Service on one node for good. Delete it and create another."
    )


def test_graceful_restart_cannot_be_changed(kubectl, name):
    kubectl.complaint(custom_resource("BGPPeer", name, {**PEER, "enableGracefulRestart": True}))
    assert kubectl.complaint(custom_resource("BGPPeer", name, {**PEER, "enableGracefulRestart": False})) == (
        f'The BGPPeer "{name}" is invalid: spec.enableGracefulRestart: Invalid value: false: it cannot be'
        " changed while the peer exists. Delete the peer and create it anew."
    )


# Versions


def test_whoever_uses_the_old_version_is_warned(kubectl, name):
    # A name of nothing: to show a peer in the old version takes our webhook.
    complaint = kubectl("get", "bgppeers.v1beta1.metallb.io", name, "--ignore-not-found")[1]
    assert complaint == WARNING


def test_kubectl_uses_the_new_version_by_itself(kubectl, name):
    assert kubectl("get", "bgppeers", name, "--ignore-not-found") == ("", "")
