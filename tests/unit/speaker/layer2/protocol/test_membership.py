"""Machines joined by a seeded network in virtual time: it loses, repeats, delays and so reorders datagrams.

A machine may be killed, restarted, or asleep: then its timers are late and its datagrams wait, as in a
process that gets no CPU.
"""

import heapq
import random
from itertools import count, permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speaker.layer2.protocol.heartbeat import VERSION, Heartbeat, emit, parse
from speaker.layer2.protocol.machine import Outcome
from speaker.layer2.protocol.membership import DEFAULT, Datagram, Membership
from speaker.layer2.protocol.peer import State

KEY = b"k" * 32
NAMES = ("n1", "n2", "n3", "n4", "n5")
ADDRESS = {name: (f"10.0.0.{number}", 7946) for number, name in enumerate(NAMES, 1)}
NAME = {address: name for name, address in ADDRESS.items()}
DELAY = 0.05
"""Seconds that a datagram is under way at most."""
SETTLED = DEFAULT.dead_after + 1e-6
STEADY = 2.0
"""By then everybody has found everybody, in every test here."""


class Network:
    """The speakers *names*, started together at 0 unless told otherwise.

    *lost(sender, receiver)* says of each datagram whether it is; *repeated* is the chance of a second copy.
    """

    def __init__(self, names, seed=0, lost=lambda sender, receiver: False, repeated=0.0, start=True):
        self.now = 0.0
        self.names = names
        self.lost = lost
        self.speakers = {}
        self.told = []
        """(time, observer, other, state) for each change of a state."""
        self.recorded = []
        """(receiver, datagram) of each datagram that was sent."""
        self.outcomes = []
        self._random = random.Random(seed)
        self._repeated = repeated
        self._serial = count()
        self._underway = []
        self._asleep = {}
        self._seen = {}
        self._incarnations = count(1000)
        for name in names if start else ():
            self.start(name)

    def start(self, name, peers=None, key=KEY):
        speaker = Membership(name, key, next(self._incarnations), self.now)
        self.speakers[name] = speaker
        speaker.set_peers({each: ADDRESS[each] for each in peers or self.names})
        speaker.set_ready(True, self.now)
        self._settle(name)

    def kill(self, name):
        del self.speakers[name]
        self._seen = {pair: state for pair, state in self._seen.items() if pair[0] != name}
        self.told += [(self.now, name, other, None) for other in NAMES]

    def leave(self, name):
        self.speakers[name].leave(self.now)
        self._settle(name)

    def sleep(self, name, seconds):
        self._asleep[name] = (self.now + seconds, [])

    def inject(self, receiver, datagram):
        """Somebody else sends *datagram*; what *receiver* makes of it."""
        return self._deliver(receiver, datagram)

    def run(self, until):
        while (event := self._next()) and event[0] <= until:
            self.now, name, datagram = event
            if name in self._asleep:
                self._wake_or_queue(name, datagram)
            elif datagram is None:
                self.speakers[name].handle_timer(self.now)
                assert self.speakers[name].next_timer() > self.now
                self._settle(name)
            else:
                self._deliver(name, datagram)
        self.now = until

    def _next(self):
        timers = [(max(self.now, self._timer(name)), name, None) for name in self.speakers]
        arrivals = [(at, name, datagram) for at, _, name, datagram in self._underway[:1]]
        event = min(timers + arrivals, key=lambda each: each[0], default=None)
        if event and event[2] is not None:
            heapq.heappop(self._underway)
        return event

    def _timer(self, name):
        return self._asleep[name][0] if name in self._asleep else self.speakers[name].next_timer()

    def _wake_or_queue(self, name, datagram):
        end, queue = self._asleep[name]
        if datagram is not None:
            queue.append(datagram)
            return
        assert self.now == end
        del self._asleep[name]
        for waited in queue:  # a loop reads its sockets before it looks at its timers
            self._deliver(name, waited)

    def _deliver(self, name, datagram):
        if name not in self.speakers:
            return None
        outcome = self.speakers[name].receive_frame(datagram, self.now)
        self.outcomes.append((self.now, name, outcome))
        self._settle(name)
        return outcome

    def _settle(self, name):
        for datagram in self.speakers[name].frames_to_send(self.now):
            receiver = NAME[datagram.peer]
            sent = Datagram(ADDRESS[name], datagram.payload)
            self.recorded.append((receiver, sent))
            if not self.lost(name, receiver):
                for _ in range(1 + (self._random.random() < self._repeated)):
                    at = self.now + self._random.uniform(0.0001, DELAY)
                    heapq.heappush(self._underway, (at, next(self._serial), receiver, sent))
        self._note(name)

    def _note(self, name):
        for other, state in self.speakers[name].states().items():
            if self._seen.get((name, other)) is not state:
                self._seen[name, other] = state
                self.told.append((self.now, name, other, state))

    def members(self, name):
        return self.speakers[name].members

    def all_agree_on(self, names):
        return all(self.members(name) == frozenset(names) for name in self.speakers)

    def deaths(self, since=0.0):
        """(time, observer, other) of each death declared, first sight apart."""
        known = set()
        found = []
        for at, observer, other, state in self.told:
            if state is None:  # the observer was killed
                known.discard((observer, other))
            elif state is not State.DEAD:
                known.add((observer, other))
            elif (observer, other) in known and at >= since:
                found.append((at, observer, other))
        return found


def cut(*links):
    """Loses all that is sent on *links*, pairs of sender and receiver."""
    return lambda sender, receiver: (sender, receiver) in links


def at_random(seed, rate):
    chance = random.Random(seed)
    return lambda sender, receiver: chance.random() < rate


def never_more_in_a_row(seed, rate, longest):
    """Loses with chance *rate* on each link, but never more than *longest* datagrams one after the other."""
    chance = random.Random(seed)
    row = dict.fromkeys(permutations(NAMES, 2), 0)

    def lost(sender, receiver):
        drop = row[sender, receiver] < longest and chance.random() < rate
        row[sender, receiver] = row[sender, receiver] + 1 if drop else 0
        return drop

    return lost


@pytest.fixture
def three():
    """Three speakers that have found each other."""
    network = Network(NAMES[:3], seed=3)
    network.run(STEADY)
    return network


@pytest.mark.parametrize("size", range(2, 6))
@pytest.mark.parametrize("rate", [0.0, 0.2])
def test_speakers_find_each_other_before_they_say_who_is_a_member(size, rate):
    network = Network(NAMES[:size], seed=size, lost=at_random(size, rate), repeated=0.1)
    network.run(DEFAULT.dead_after - 1e-6)
    assert network.all_agree_on(())
    network.run(SETTLED)
    assert network.all_agree_on(NAMES[:size])
    assert network.deaths() == []


def test_one_exchange_is_enough_to_be_heard():
    network = Network(NAMES[:2])
    network.run(2 * DELAY)
    assert {network.speakers[name].states()[other] for name, other in (("n1", "n2"), ("n2", "n1"))} == {
        State.ALIVE
    }


def test_a_speaker_alone_settles_as_the_only_member():
    network = Network(("n1",))
    network.run(SETTLED)
    assert network.members("n1") == {"n1"}


def test_a_speaker_that_is_not_ready_is_heard_but_no_member():
    network = Network(NAMES[:2])
    network.speakers["n2"].set_ready(False, 0.0)
    network.run(STEADY)
    assert network.all_agree_on({"n1"})
    network.speakers["n2"].set_ready(True, network.now)
    network.run(STEADY + 2 * DELAY + DEFAULT.interval)
    assert network.all_agree_on({"n1", "n2"})


@pytest.mark.parametrize("size", range(2, 6))
@pytest.mark.parametrize("seed", range(4))
def test_one_that_is_killed_is_dead_for_all_within_the_bound_and_not_before(size, seed):
    names = NAMES[:size]
    network = Network(names, seed=seed, repeated=0.1)
    killed_at = STEADY + seed * 0.023
    network.run(killed_at)
    network.kill("n2")
    # Its last word left an interval before at most. It comes late by one way, hearsay of it by two.
    earliest = killed_at - DEFAULT.interval + DEFAULT.dead_after
    latest = killed_at + DEFAULT.dead_after + 2 * DELAY
    network.run(latest)
    assert network.all_agree_on(set(names) - {"n2"})
    assert {(observer, other) for _, observer, other in network.deaths()} == {
        (name, "n2") for name in names if name != "n2"
    }
    assert all(earliest - 0.001 <= at for at, _, _ in network.deaths())


@pytest.mark.parametrize(
    "links",
    [
        pytest.param([("n1", "n2")], id="one way"),
        pytest.param([("n1", "n2"), ("n2", "n1")], id="both ways"),
        pytest.param([("n1", "n2"), ("n2", "n3"), ("n3", "n1")], id="one way each, in a circle"),
    ],
)
def test_links_that_lose_all_take_nobody_out(three, links):
    three.lost = cut(*links)
    three.run(STEADY + 10.0)
    assert three.all_agree_on(NAMES[:3])
    assert three.deaths() == []


@pytest.mark.parametrize(
    "links", [[("n1", "n2")], [("n1", "n2"), ("n2", "n1")]], ids=["one way", "both ways"]
)
def test_speakers_whose_link_never_worked_find_each_other_by_hearsay(links):
    network = Network(NAMES[:3], lost=cut(*links))
    network.run(SETTLED)
    assert network.all_agree_on(NAMES[:3])
    network.run(10.0)
    assert network.all_agree_on(NAMES[:3])
    assert network.deaths() == []


def test_one_that_is_not_ready_is_no_member_by_hearsay_either():
    network = Network(NAMES[:3], lost=cut(("n2", "n3"), ("n3", "n2")))
    network.speakers["n2"].set_ready(False, 0.0)
    network.run(0.3)
    assert network.speakers["n3"].states()["n2"] is State.DEAD
    network.run(STEADY)
    assert network.all_agree_on({"n1", "n3"})


def test_one_heard_by_hearsay_only_is_dead_within_the_same_bound():
    network = Network(NAMES[:3], lost=cut(("n1", "n2"), ("n2", "n1")))
    network.run(STEADY)
    network.kill("n1")
    network.run(STEADY + DEFAULT.dead_after + 2 * DELAY)
    assert network.all_agree_on({"n2", "n3"})


def test_an_isolated_speaker_and_the_others_part_and_meet_again(three):
    three.lost = lambda sender, receiver: "n1" in (sender, receiver)
    three.run(STEADY + DEFAULT.dead_after + 2 * DELAY)
    assert three.members("n1") == {"n1"}
    assert three.members("n2") == three.members("n3") == {"n2", "n3"}
    three.lost = cut()
    three.run(three.now + DEFAULT.interval + 2 * DELAY)
    assert three.all_agree_on(NAMES[:3])


@pytest.mark.parametrize(
    "links", [(), (("n2", "n3"), ("n3", "n2"))], ids=["all links good", "a link between others bad"]
)
@pytest.mark.parametrize("seconds", [0.3, 1.0, 5.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_process_that_slept_declares_nobody_dead(links, seconds, seed):
    network = Network(NAMES[:4], seed=seed)
    network.run(STEADY)
    network.lost = cut(*links)
    network.run(STEADY + 3.0)
    network.sleep("n1", seconds)
    network.run(STEADY + 3.0 + seconds + 3.0)
    assert [death for death in network.deaths() if death[1] == "n1"] == []
    assert network.all_agree_on(NAMES[:4])


def test_a_process_that_slept_declares_nobody_dead_although_nothing_waits_for_it(three):
    three.sleep("n1", 5.0)
    three.lost = lambda sender, receiver: receiver == "n1" and three.now < STEADY + 5.0
    three.run(STEADY + 8.0)
    assert [death for death in three.deaths() if death[1] == "n1"] == []


def test_one_that_died_while_we_slept_is_dead_for_us_soon_after(three):
    three.sleep("n1", 5.0)
    three.run(STEADY + 1.0)
    three.kill("n3")
    three.run(STEADY + 5.0 + DEFAULT.dead_after + DEFAULT.interval)
    assert three.all_agree_on({"n1", "n2"})


def test_a_process_that_sleeps_while_it_settles_listens_for_as_long_afterwards():
    network = Network(NAMES[:2], start=False)
    network.start("n1")
    network.sleep("n1", 5.0)
    network.run(4.9)
    network.start("n2")
    network.run(5.2)
    assert network.members("n1") == frozenset()
    network.run(5.0 + SETTLED)
    assert network.members("n1") == {"n1", "n2"}


def test_a_restarted_speaker_is_heard_again_at_once(three):
    three.kill("n2")
    three.run(STEADY + 0.3)
    three.start("n2")
    three.run(three.now + 2 * DELAY + DEFAULT.interval)
    assert three.members("n1") == three.members("n3") == frozenset(NAMES[:3])
    three.run(three.now + SETTLED)
    assert three.all_agree_on(NAMES[:3])
    assert three.deaths() == []


def test_a_restart_behind_a_broken_link_is_believed_by_hearsay(three):
    three.leave("n1")
    three.run(STEADY + 1.0)
    three.kill("n1")
    three.lost = cut(("n1", "n2"), ("n2", "n1"))
    three.start("n1")
    three.run(three.now + STEADY)
    assert three.all_agree_on(NAMES[:3])


def test_nothing_recorded_keeps_a_dead_speaker_alive(three):
    recorded = [each for each in three.recorded if each[1].peer == ADDRESS["n2"]]
    three.kill("n2")
    for step in range(30):
        for receiver, datagram in recorded[-30:]:
            assert three.inject(receiver, datagram) in (Outcome.REPLAYED, Outcome.INTRODUCED)
        three.run(STEADY + step * 0.05)
    three.run(STEADY + DEFAULT.dead_after + 2 * DELAY)
    assert three.all_agree_on({"n1", "n3"})


def test_nothing_recorded_of_an_earlier_life_disturbs_a_living_speaker(three):
    recorded = [each for each in three.recorded if each[1].peer == ADDRESS["n2"]]
    three.kill("n2")
    three.start("n2")
    three.run(three.now + STEADY)
    before = three.now
    for step in range(60):
        for receiver, datagram in recorded:
            assert three.inject(receiver, datagram) in (Outcome.REPLAYED, Outcome.INTRODUCED)
        three.run(before + step * 0.05)
    assert three.all_agree_on(NAMES[:3])
    assert three.deaths() == []


def test_nothing_recorded_before_our_own_restart_is_taken_for_fresh(three):
    recorded = [each for each in three.recorded if each[0] == "n1"]
    three.kill("n2")
    three.kill("n3")
    three.kill("n1")
    three.start("n1")
    assert {three.inject(*each) for each in recorded} == {Outcome.INTRODUCED}
    three.run(three.now + STEADY)
    assert three.all_agree_on({"n1"})


def test_an_introduction_is_answered_once_and_the_answer_is_not(three):
    three.run(STEADY + 1.0)
    sent = len(three.recorded)
    stranger = Heartbeat(VERSION, "n2", 5, 1, 0, True, False, {})
    assert three.inject("n1", Datagram(ADDRESS["n2"], emit(stranger, KEY))) is Outcome.INTRODUCED
    ((receiver, answer),) = three.recorded[sent:]
    assert (receiver, parse(answer.payload, KEY).you) == ("n2", 5)


def test_one_that_leaves_is_no_member_as_soon_as_one_of_its_words_arrives(three):
    three.leave("n2")
    three.run(STEADY + DELAY)
    assert three.members("n1") == three.members("n3") == {"n1", "n3"}


def test_one_that_leaves_stays_a_member_in_its_own_eyes(three):
    three.leave("n2")
    three.run(STEADY + 0.3)
    assert "n2" in three.members("n2")


def test_one_that_left_is_not_revived_by_hearsay_of_those_who_missed_its_leaving(three):
    three.lost = cut(("n2", "n3"))
    three.leave("n2")
    three.run(STEADY + 0.3)
    three.kill("n2")
    three.run(STEADY + 3.0)
    revived = [
        each for each in three.told if each[1:] == ("n1", "n2", State.ALIVE) and each[0] > STEADY + DELAY
    ]
    assert revived == []
    assert three.all_agree_on({"n1", "n3"})


def test_a_node_that_is_added_is_found_and_one_that_is_removed_is_forgotten(three):
    everybody = NAMES[:4]
    three.names = everybody
    three.start("n4")
    for name in NAMES[:3]:
        three.speakers[name].set_peers({each: ADDRESS[each] for each in everybody})
    three.run(three.now + STEADY)
    assert three.all_agree_on(everybody)
    for name in NAMES[:3]:
        three.speakers[name].set_peers({each: ADDRESS[each] for each in NAMES[:3]})
    three.kill("n4")
    assert three.all_agree_on(NAMES[:3])
    assert three.deaths() == []


def test_a_node_that_we_do_not_know_is_not_ours(three):
    stranger = Heartbeat(VERSION, "n9", 5, 1, 0, True, False, {})
    assert three.inject("n1", Datagram(("10.0.0.9", 1), emit(stranger, KEY))) is Outcome.NOT_OURS


def test_our_own_word_come_back_is_not_ours(three):
    own = next(datagram for _, datagram in reversed(three.recorded) if datagram.peer == ADDRESS["n1"])
    assert three.inject("n1", own) is Outcome.NOT_OURS


def test_a_speaker_whose_address_changes_stays_a_member_and_is_reached_at_the_new_one(three):
    moved = ("10.0.0.77", 7946)
    three.speakers["n1"].set_peers({"n2": moved, "n3": ADDRESS["n3"]})
    assert three.members("n1") == frozenset(NAMES[:3])
    three.speakers["n1"].handle_timer(three.now + DEFAULT.interval)
    assert moved in {datagram.peer for datagram in three.speakers["n1"].frames_to_send(three.now)}


def test_a_new_key_takes_nobody_out_if_all_have_it_within_the_bound(three):
    for at, name in ((0.0, "n1"), (0.25, "n2"), (0.5, "n3")):
        three.run(STEADY + at)
        three.speakers[name].set_key(b"another")
    three.run(STEADY + 3.0)
    assert three.all_agree_on(NAMES[:3])
    assert three.deaths() == []
    assert any(outcome is Outcome.UNAUTHENTICATED for _, _, outcome in three.outcomes)


def test_who_has_another_key_is_no_member():
    network = Network(NAMES[:3], start=False)
    for name, key in (("n1", KEY), ("n2", KEY), ("n3", b"another")):
        network.start(name, key=key)
    network.run(STEADY)
    assert network.members("n1") == network.members("n2") == {"n1", "n2"}
    assert network.members("n3") == {"n3"}


@given(st.binary(max_size=100))
def test_whatever_arrives_is_unauthenticated(payload):
    speaker = Membership("n1", KEY, 1, 0.0)
    assert speaker.receive_frame(Datagram(ADDRESS["n2"], payload), 0.0) is Outcome.UNAUTHENTICATED


# Of seven datagrams on a link one arrives: seven intervals and its delay are less than `dead_after`.
@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(2, 4), st.floats(0.0, 1.0))
@example(seed=0, size=2, rate=1.0)
def test_no_live_speaker_is_declared_dead_while_one_datagram_of_seven_arrives(seed, size, rate):
    names = NAMES[:size]
    network = Network(names, seed=seed, repeated=0.1)
    network.run(STEADY)
    network.lost = never_more_in_a_row(seed, rate, longest=6)
    network.run(STEADY + 5.0)
    assert network.deaths() == []
    assert network.all_agree_on(names)


# Hearsay takes the time of both ways: twice three intervals and two delays are less than `dead_after`.
@settings(max_examples=20)
@given(st.integers(0, 2**32), st.floats(0.0, 1.0))
@example(seed=0, rate=1.0)
def test_a_dead_link_is_borne_while_one_datagram_of_three_arrives_on_the_others(seed, rate):
    network = Network(NAMES[:3], seed=seed, repeated=0.1)
    network.run(STEADY)
    losses, dead = never_more_in_a_row(seed, rate, longest=2), {("n1", "n2"), ("n2", "n1")}
    network.lost = lambda sender, receiver: (sender, receiver) in dead or losses(sender, receiver)
    network.run(STEADY + 5.0)
    assert network.deaths() == []
    assert network.all_agree_on(NAMES[:3])


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(3, 5), st.data())
def test_whatever_happened_members_agree_once_the_network_is_quiet(seed, size, data):
    names = NAMES[:size]
    network = Network(names, seed=seed, lost=at_random(seed, 0.4), repeated=0.2)
    down = set()
    for _ in range(data.draw(st.integers(1, 6))):
        network.run(network.now + data.draw(st.sampled_from([0.05, 0.3, 1.1])))
        name = data.draw(st.sampled_from(names))
        if name in down:
            network.start(name)
            down.discard(name)
        elif len(down) < size - 1:
            network.kill(name)
            down.add(name)
    network.lost = cut()
    network.run(network.now + STEADY)
    assert network.all_agree_on(set(names) - down)


def test_it_tells_for_how_long_each_other_speaker_was_silent():
    network = Network(("n1", "n2"))
    network.run(STEADY)
    assert network.speakers["n1"].silences(network.now)["n2"] < DEFAULT.interval + DELAY + 1e-6

    alone = Membership("n1", KEY, 1, 0.0)
    alone.set_peers({"n2": ADDRESS["n2"]})
    assert alone.silences(5.0) == {"n2": None}
