"""The configuration as a whole: what holds whatever people write, in whatever order, and however often."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import Raw, json
from msgspec.structs import replace

from lb.api.extension import PROTECT
from lb.config.config import EMPTY
from lb.config.memory import Memory
from lb.config.parser import MOST, Parsed, parse
from lb.config.resources import FIELD_OF, Resources, objects_of, with_object
from tests.unit.lb.api.instances import specs
from tests.unit.lb.config.written import (
    BGP,
    L2,
    NEW,
    OLD,
    PEER,
    POOL,
    advertisement,
    namespace,
    node,
    peer,
    pool,
    resource,
    secret,
)

NAMES = ("a", "b", "c")
VERSIONS = {kind: "v1beta2" if kind == PEER else "v1beta1" for kind in FIELD_OF}
WORDS = ["addresses", "nodeSelectors", "matchLabels", "interfaces", "password", "peers", "communities"]
RUBBISH = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4) | st.just("10.0.0.0/24"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
# So that many are good, and many of them are about the same addresses, neighbors, routes and names.
LIKELY = {
    POOL: st.builds(
        lambda first, size, more: {"addresses": [f"192.0.2.{first}-192.0.2.{first + size}"], **more},
        st.integers(0, 20),
        st.integers(0, 5),
        st.sampled_from([{}, {"serviceAllocation": {"namespaceSelectors": [{"matchLabels": {"a": "1"}}]}}]),
    ),
    PEER: st.fixed_dictionaries(
        {
            "myASN": st.just(64512),
            "peerASN": st.just(64513),
            "peerAddress": st.sampled_from(["192.0.2.1", "192.0.2.2"]),
        },
        optional={
            "bfdProfile": st.sampled_from(NAMES),
            "passwordSecret": st.sampled_from([{"name": name} for name in NAMES]),
            "nodeSelectors": st.sampled_from([[{"matchLabels": {"a": "1"}}], [{}]]),
        },
    ),
    BGP: st.fixed_dictionaries(
        {},
        optional={
            "localPref": st.integers(0, 2),
            "communities": st.sampled_from([["x"], ["y", "65000:1"]]),
            "ipAddressPools": st.sampled_from([["a"], ["b", "c"]]),
            "peers": st.sampled_from([["a"], ["b"]]),
            "aggregationLength": st.sampled_from([24, 32]),
        },
    ),
    "Community": st.sampled_from(
        [{"communities": [{"name": name, "value": "65000:1"}]} for name in ("x", "y")]
    ),
    "BFDProfile": st.sampled_from([{}, {"echoMode": True}]),
    L2: st.sampled_from([{}, {"ipAddressPools": ["a"]}]),
}


def any_spec(kind):
    return LIKELY[kind] | specs(kind, VERSIONS[kind]) | RUBBISH


def one_of(kind):
    return st.builds(
        lambda name, spec, born, labels, annotations: resource(
            name, spec, born=born, labels=labels, annotations=annotations
        ),
        st.sampled_from(NAMES),
        any_spec(kind),
        st.sampled_from([OLD, NEW]),
        st.sampled_from([{}, {"a": "1"}]),
        st.sampled_from([{}, {}, {PROTECT: "true"}, {PROTECT: "yes"}, {"anvil-lb.io/any": ""}]),
    )


def objects(kind):
    return st.lists(one_of(kind), max_size=3, unique_by=lambda each: each.metadata.name).map(tuple)


NODES = st.lists(
    st.builds(node, st.sampled_from(NAMES), st.sampled_from(["192.0.2.9", None]), a=st.sampled_from("12")),
    max_size=2,
    unique_by=lambda each: each.metadata.name,
).map(tuple)
NAMESPACES = st.lists(
    st.builds(namespace, st.sampled_from(NAMES), a=st.sampled_from("12")),
    max_size=2,
    unique_by=lambda each: each.metadata.name,
).map(tuple)
SECRETS = st.none() | st.dictionaries(st.sampled_from(NAMES), st.builds(secret, st.just("s")), max_size=3)
EVERYTHING = st.builds(
    Resources,
    **{field: objects(kind) for kind, field in FIELD_OF.items()},
    nodes=NODES,
    namespaces=NAMESPACES,
    secrets=SECRETS,
)

FEW = settings(max_examples=25)
"""A whole configuration takes long to draw."""


def test_everything_is_in_the_order_of_its_name():
    given_ = Resources(
        pools=(pool("b", "10.0.1.0/24", born=OLD), pool("a", "10.0.0.0/24", born=NEW)),
        l2_advertisements=(advertisement("y"), advertisement("x")),
        peers=(peer("q"), peer("p", peerAddress="192.0.2.2")),
    )
    config = parse(given_).config
    assert (list(config.pools), list(config.l2_advertisements), list(config.peers)) == (
        ["a", "b"],
        ["x", "y"],
        ["p", "q"],
    )


def test_rejections_of_all_kinds_come_together():
    parsed = parse(
        Resources(
            pools=(pool("a", "x"),),
            l2_advertisements=(advertisement("b", interfaces=[1]),),
            peers=(peer("c", myASN=0, holdTime="2s"),),
        )
    )
    assert [(str(each.object), each.field) for each in parsed.rejections] == [
        ("IPAddressPool metallb-system/a", "spec.addresses[0]"),
        ("L2Advertisement metallb-system/b", "spec.interfaces[0]"),
        ("BGPPeer metallb-system/c", "spec.myASN"),
        ("BGPPeer metallb-system/c", "spec.holdTime"),
    ]


@pytest.mark.parametrize(
    ("spec", "last_spec", "unread"),
    [
        pytest.param({"addresses": ["x"]}, None, {"a"}, id="never good"),
        pytest.param({"addresses": ["x"]}, {"addresses": ["10.0.0.0/24"]}, set(), id="once good"),
        pytest.param({"addresses": ["10.0.0.0/24"]}, None, set(), id="good"),
    ],
)
def test_a_pool_is_unread_while_it_was_never_good(spec, last_spec, unread):
    last_good = parse(Resources(pools=(resource("a", last_spec),))).config if last_spec else EMPTY
    found = parse(Resources(pools=(resource("a", spec),)), last_good).config.unread
    assert isinstance(found, frozenset)
    assert found == unread


def test_an_unread_pool_that_is_deleted_is_not_unread_any_more():
    unread = parse(Resources(pools=(pool("a", "x"),))).config
    assert parse(Resources(), unread).config == EMPTY


def test_of_an_object_that_is_wrong_all_over_a_bounded_list_is_told():
    rejections = parse(Resources(pools=(pool("a", *["x"] * 100),))).rejections

    assert len(rejections) == MOST + 1
    assert rejections[-1].reason == f"{100 - MOST} more faults are not listed"


@pytest.mark.parametrize("kind", FIELD_OF)
@given(st.data())
def test_any_object_is_read_or_refused_with_messages_that_an_event_can_hold(kind, data):
    spec = data.draw(specs(kind, VERSIONS[kind]) | RUBBISH)
    parsed = parse(Resources(**{FIELD_OF[kind]: (resource("a", spec),)}))
    in_force = getattr(parsed.config, FIELD_OF[kind])
    assert bool(in_force) != bool([each for each in parsed.rejections if each.field != "metadata.name"])
    assert all(len(str(each)) < 1024 for each in (*parsed.rejections, *parsed.cautions))


def messages(parsed):
    return [str(each) for each in (*parsed.rejections, *parsed.cautions)]


def shuffled(given_, random):
    def mixed(each):
        return tuple(random.sample(each, len(each)))

    lists = (*FIELD_OF.values(), "nodes", "namespaces")
    return replace(given_, **{field: mixed(getattr(given_, field)) for field in lists})


@FEW
@given(EVERYTHING, EVERYTHING, st.randoms())
def test_the_order_of_lists_makes_no_difference(before, given_, random):
    last_good = parse(before).config
    parsed = parse(given_, last_good)
    assert isinstance(parsed, Parsed)

    again = parse(shuffled(given_, random), last_good)

    assert again == parsed
    assert messages(again) == messages(parsed)
    assert all(
        list(getattr(again.config, field)) == sorted(getattr(again.config, field))
        for field in FIELD_OF.values()
    )


@given(st.lists(one_of(POOL), max_size=4), st.randoms())
def test_the_order_of_two_objects_of_one_name_makes_no_difference(pools, random):
    given_ = Resources(pools=tuple(pools))
    assert messages(parse(shuffled(given_, random))) == messages(parse(given_))


@FEW
@given(EVERYTHING, EVERYTHING)
def test_a_refused_object_changes_nothing_of_what_the_others_mean(before, given_):
    last_good = parse(before).config
    parsed = parse(given_, last_good)
    without = given_
    for kind, field in FIELD_OF.items():
        for each in objects_of(given_, kind):
            if each.metadata.name not in getattr(parsed.config, field):
                without = with_object(without, kind, each.metadata.name, None)
    assert parse(without, last_good).config == replace(parsed.config, unread=frozenset())


@FEW
@given(EVERYTHING)
def test_what_was_written_as_yaml_is_read_back_the_same(given_):
    def through_yaml(each):
        return replace(each, spec=Raw(json.encode(yaml.safe_load(yaml.safe_dump(json.decode(each.spec))))))

    again = replace(
        given_,
        **{field: tuple(map(through_yaml, objects_of(given_, kind))) for kind, field in FIELD_OF.items()},
    )
    assert parse(again).config == parse(given_).config


@FEW
@given(EVERYTHING, EVERYTHING)
def test_parsing_again_with_the_result_as_last_good_changes_nothing(before, given_):
    config = parse(given_, parse(before).config).config
    assert parse(given_, config).config == config


@FEW
@given(EVERYTHING, st.text("0123456789abcdef", min_size=12, max_size=12))
def test_no_message_and_no_text_of_the_configuration_shows_a_secret(given_, password):
    named = peer("named", password=password)
    referring = peer("referring", peerAddress="192.0.2.3", passwordSecret={"name": "s"})
    wrong = peer("wrong", peerAddress="nowhere", password=password)
    known = {"s": secret("s", password.encode())}
    parsed = parse(replace(given_, peers=(*given_.peers, named, referring, wrong), secrets=known))
    assert password not in "\n".join(map(str, (*parsed.rejections, *parsed.cautions)))
    assert password not in repr(parsed)


class Editing(RuleBasedStateMachine):
    """Whatever is edited, reading only what changed comes to the same as reading everything."""

    @initialize()
    def start(self):
        self.resources = Resources()
        self.parsed = Parsed()
        self.memory = Memory()

    @rule(kind=st.sampled_from(sorted(FIELD_OF)), data=st.data())
    def write(self, kind, data):
        for each in data.draw(objects(kind)):
            self._read(with_object(self.resources, kind, each.metadata.name, each))

    @rule(kind=st.sampled_from(sorted(FIELD_OF)), name=st.sampled_from(NAMES))
    def delete(self, kind, name):
        self._read(with_object(self.resources, kind, name, None))

    @rule(nodes=NODES, namespaces=NAMESPACES)
    def change_the_cluster(self, nodes, namespaces):
        self._read(replace(self.resources, nodes=nodes, namespaces=namespaces))

    @rule(secrets=SECRETS)
    def change_secrets(self, secrets):
        self._read(replace(self.resources, secrets=secrets))

    def _read(self, resources):
        before = self.parsed.config
        self.resources = resources
        self.parsed = parse(resources, before, self.memory)
        self.anew = parse(resources, before)

    @invariant()
    def it_is_as_if_read_anew(self):
        if hasattr(self, "anew"):
            assert self.parsed == self.anew
            assert messages(self.parsed) == messages(self.anew)


TestEditing = Editing.TestCase
TestEditing.settings = settings(max_examples=60, stateful_step_count=12)


NAMESPACE, NOBODY = "n" * 63, "t" * 253
LONG_RANGE = "2001:db8:1111:1111:1111:1111:1111:1111-2001:db8:1111:1111:1111:1111:1111:ffff"


def longest(letter, spec, **meta):
    return resource(letter * 253, spec, namespace=NAMESPACE, **meta)


def longest_peer(letter, **spec):
    usual = {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1"}
    return longest(letter, usual | spec, born=NEW)


@pytest.mark.parametrize(
    "of",
    [
        pytest.param(
            {POOL: [longest(letter, {"addresses": [LONG_RANGE]}) for letter in "ab"]}, id="addresses"
        ),
        pytest.param(
            {
                POOL: [longest("a", {"addresses": [LONG_RANGE]})],
                BGP: [longest(letter, {"localPref": 2**32 - at}) for at, letter in enumerate("ab", 1)],
            },
            id="routes",
        ),
        pytest.param(
            {
                POOL: [longest("a", {"addresses": [LONG_RANGE]})],
                BGP: [longest("a", {"aggregationLengthV6": 1, "ipAddressPools": ["a" * 253]})],
            },
            id="aggregates",
        ),
        pytest.param({PEER: [longest_peer("a"), longest_peer("b")]}, id="neighbors"),
        pytest.param(
            {
                POOL: [longest("a", {"addresses": [LONG_RANGE]})],
                BGP: [longest("a", {})],
                PEER: [longest_peer("a", bfdProfile="a" * 253)],
                "BFDProfile": [longest("a", {"echoMode": True})],
            },
            id="echo mode",
        ),
        pytest.param({PEER: [longest_peer("a", passwordSecret={"name": NOBODY})]}, id="Secret"),
        pytest.param(
            {
                "Community": [
                    longest(letter, {"communities": [{"name": "x" * 253, "value": "1:1"}]}) for letter in "ab"
                ]
            },
            id="aliases",
        ),
    ],
)
def test_a_message_about_the_longest_names_can_be_held_by_an_event(of):
    lists = {FIELD_OF[kind]: tuple(each) for kind, each in of.items()}
    parsed = parse(Resources(**lists, nodes=(node("z" * 253, LONG_RANGE.split("-")[0]),), secrets={}))
    assert len(parsed.rejections) == 1
    assert max(map(len, messages(parsed))) < 1024
