from collections import deque
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.announce.claims import Claims
from lb.announce.election import elect
from lb.announce.handover import PATIENCE, is_over

from .cluster import DRAIN, NAMES, VIP, case, electorate, node, told

OTHER = ip_address("192.0.2.2")


@pytest.mark.parametrize(
    ("serving", "waited", "over"),
    [
        pytest.param({"n2": {VIP}}, 0.0, True, id="its successor serves it"),
        pytest.param({"n2": {OTHER}}, 0.0, False, id="its successor serves another"),
        pytest.param({"n3": {VIP}}, 0.0, False, id="somebody else serves it"),
        pytest.param({}, PATIENCE - 0.1, False, id="nobody serves it yet"),
        pytest.param({}, PATIENCE, True, id="nobody was heard to serve it for too long"),
    ],
)
def test_a_node_answers_until_its_successor_does_or_for_a_while(serving, waited, over):
    claims = Claims()
    for name, addresses in serving.items():
        claims.put(name, frozenset(addresses))
    assert is_over(VIP, "n2", claims, 10.0, 10.0 + waited) is over


class Speaker:
    """One node of several, as far as it elects and acts: each knows of the others what has reached it."""

    def __init__(self, name, everybody):
        self.name = name
        self.serves = False
        self.is_fresh = True
        self.ready = set(everybody)
        self.drained = set()
        self._claims = Claims()
        self._bulletins = {name: told("eth0", is_fresh=True) for name in everybody}
        self._inboxes = {}

    def join(self, speakers):
        self._inboxes = {each.name: each for each in speakers if each is not self}
        self.mail = {each.name: deque() for each in speakers if each is not self}

    def read(self, sender):
        """Take in the oldest word of *sender* that has not been read."""
        if self.mail[sender]:
            self._hear(sender, *self.mail[sender].popleft())

    def _hear(self, name, serves, is_fresh):
        self._claims.put(name, frozenset({VIP} if serves else ()))
        self._bulletins[name] = told("eth0", is_fresh=is_fresh)

    def _tell(self):
        self._hear(self.name, self.serves, self.is_fresh)
        for each in self._inboxes.values():
            each.mail[self.name].append((self.serves, self.is_fresh))

    def ripen(self):
        if self.is_fresh:
            self.is_fresh = False
            self._tell()

    def act(self):
        nodes = [node(name, DRAIN if name in self.drained else {}) for name in NAMES]
        known = electorate(nodes=nodes, ready=self.ready, bulletins=self._bulletins)
        winner = elect(known, self._claims, [case()]).winner
        serves = winner == self.name or (
            self.serves and winner is not None and not is_over(VIP, winner, self._claims, 0.0, 0.0)
        )
        if serves != self.serves:
            self.serves = serves
            self._tell()


class Segment:
    """All speakers; what they tell each other arrives when the test says so."""

    def __init__(self):
        self.speakers = {name: Speaker(name, NAMES) for name in NAMES}
        for each in self.speakers.values():
            each.join(self.speakers.values())

    @property
    def serving(self):
        return {name for name, each in self.speakers.items() if each.serves}

    def step(self, name, sender):
        """*name* reads a word of *sender*, or, for its own name, acts, or, for None, is fresh no more."""
        if sender is None:
            self.speakers[name].ripen()
        elif name == sender:
            self.speakers[name].act()
        else:
            self.speakers[name].read(sender)

    def settle(self):
        """Until everything was read and nobody does anything about it."""
        for _ in range(20):
            for each in self.speakers.values():
                for sender in each.mail.keys() & self.speakers.keys():
                    while each.mail[sender]:
                        each.read(sender)
                each.act()
        return self.serving

    def grow_old(self):
        """The same, when nobody's start is a moment ago."""
        for each in self.speakers.values():
            each.ripen()
        return self.settle()


STEPS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([*NAMES, None])), max_size=60)
SOME = st.sets(st.sampled_from(NAMES))


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, SOME)), STEPS, STEPS)
def test_whatever_each_knew_of_the_others_one_answers_as_soon_as_all_know_the_same(heard, before, after):
    """In the beginning each is a member for some of the others only, as in a partition; then all hear all."""
    segment = Segment()
    for name, each in segment.speakers.items():
        each.ready = heard[name] | {name}
    for step in before:
        segment.step(*step)
    for each in segment.speakers.values():
        each.ready = set(NAMES)
    for step in after:
        segment.step(*step)
    assert len(segment.settle()) == 1


@given(STEPS, SOME, STEPS, st.data())
def test_while_an_address_moves_somebody_answers_at_every_moment(before, drained, steps, data):
    """Nodes are drained, which each speaker learns at another time; nobody waits in vain for too long."""
    segment = Segment()
    for step in before:
        segment.step(*step)
    (holder,) = segment.grow_old()
    may = set(NAMES) - drained
    for number, step in enumerate(steps):
        if number % 4 == 0:
            knowing = data.draw(st.sampled_from(NAMES))
            segment.speakers[knowing].drained = drained
        segment.step(*step)
        assert segment.serving or not may
    for each in segment.speakers.values():
        each.drained = drained
    after = segment.settle()
    assert len(after) == (1 if may else 0)
    assert after == {holder} or holder in drained
    assert after <= may


@given(STEPS, st.sampled_from(NAMES), STEPS)
def test_a_node_that_returns_takes_nothing_from_one_that_serves(before, returning, after):
    """It stands for election once it has heard every member's word."""
    segment = Segment()
    back = segment.speakers.pop(returning)
    for each in segment.speakers.values():
        each.ready = set(NAMES) - {returning}
    for name, sender in before:
        if returning not in (name, sender):
            segment.step(name, sender)
    serving = segment.grow_old()
    segment.speakers[returning] = back
    for sender, words in back.mail.items():
        while words:
            back.read(sender)
    for step in after:
        segment.speakers[step[0]].ready = set(NAMES)
        segment.step(*step)
        assert segment.serving == serving
    assert segment.settle() == serving
    assert len(serving) == 1


@given(STEPS)
def test_those_that_start_together_share_as_metallbs_do_whoever_is_first(steps):
    segment = Segment()
    for name, sender in steps:
        if sender is not None:
            segment.step(name, sender)
    assert segment.settle() == {"node-c"}
