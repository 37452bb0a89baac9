import asyncio
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest
from prometheus_client import CollectorRegistry

from lb.announce.bulletin import Bulletin, emit, parse
from lb.observe.metrics import ConflictMetrics
from speaker.layer2.protocol.conflicts import State, Timing
from speaker.layer2.protocol.sighting import Kind, Sighting
from speaker.sentry import Sentry

MAC2, STRANGER = b"\x02\0\0\0\0\x02", b"\x02\0\0\0\0\x99"
VIP, OTHER = ip_address("192.0.2.200"), ip_address("192.0.2.201")
QUICK = Timing(apart=0.001, again=0.002, defend=0.0, grace=0.001)


class Announcer:
    """Remembers what it is asked to do, in order."""

    def __init__(self):
        self.usable = self.usable_ipv6 = frozenset({"eth0"})
        self.announced, self.listened, self.asked = {}, set(), []

    def announce(self, address, interfaces):
        self.announced[address] = interfaces

    def withdraw(self, address):
        self.announced.pop(address, None)

    def listen(self, address):
        self.listened.add(address)

    def ignore(self, address):
        self.listened.remove(address)

    def probe(self, address, interfaces, mac=None):
        assert address in self.listened | self.announced.keys()
        self.asked.append(("probe", address, mac))

    def repeat(self, address):
        self.asked.append(("repeat", address))

    def defend(self, address):
        self.asked.append(("defend", address))


class Listener:
    """Remembers what it is told."""

    def __init__(self):
        self.told, self.conflicts, self.kept = [], [], {VIP, OTHER}

    def segment_changed(self):
        self.told.append("segment")

    def withheld_changed(self):
        self.told.append("withheld")

    def conflict_changed(self, address, state, stranger):
        self.conflicts.append((address, state, stranger.mac if stranger else None))

    def keeps(self, address):
        return address in self.kept


class Watched:
    """A sentry with its announcer and listener."""

    def __init__(self, **options):
        self.announcer, self.listener, self.registry = Announcer(), Listener(), CollectorRegistry()
        metrics = ConflictMetrics.of(self.registry)
        self.sentry = Sentry(self.announcer, metrics, self.listener, freshness=10.0, timing=QUICK, **options)

    def see(self, address=VIP, mac=MAC2, kind=Kind.ANNOUNCEMENT):
        at = asyncio.get_running_loop().time()
        self.sentry.see("eth0", Sighting(address, mac, kind, at))

    def hear(self, *addresses, members=("n2",)):
        word = emit(Bulletin(addresses=frozenset(addresses), macs=frozenset({MAC2})))
        self.sentry.hear({"n2": word} if members else {}, frozenset(members), frozenset())

    def lose(self):
        self.sentry.hear({}, frozenset(), frozenset())

    def metric(self, name, **labels):
        return self.registry.get_sample_value(f"anvil_lb_speaker_address_{name}", labels)


@asynccontextmanager
async def watching(**options):
    watched = Watched(**options)
    yield watched
    watched.sentry.close()


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # what is waited for tells nobody
            await asyncio.sleep(0)


async def test_what_no_speaker_serves_is_probed_first():
    async with watching() as here:
        here.sentry.announce(VIP, None)
        assert here.announcer.announced == {}
        assert (here.sentry.withheld, here.sentry.is_probing, here.announcer.listened) == ({VIP}, True, {VIP})
        await until(lambda: here.announcer.announced)
        assert here.announcer.asked == [("probe", VIP, None)] * 3
        assert (here.sentry.withheld, here.sentry.is_probing, here.announcer.listened) == (
            set(),
            False,
            set(),
        )
        assert here.listener.told == ["withheld"]


@pytest.mark.parametrize("dies", [False, True], ids=["lives", "has died"])
async def test_what_another_speaker_serves_is_announced_at_once(dies):
    async with watching() as here:
        here.hear(VIP)
        if dies:
            here.lose()
        here.sentry.announce(VIP, frozenset({"eth0"}))
        assert here.announcer.announced == {VIP: {"eth0"}}


async def test_what_was_withdrawn_a_moment_ago_is_announced_at_once():
    async with watching(probes=False) as here:
        here.sentry.announce(VIP, None)
        here.sentry._probes = True
        here.sentry.withdraw(VIP)
        assert here.announcer.announced == {}
        here.sentry.announce(VIP, None)
        assert here.announcer.announced == {VIP: None}


async def test_a_stranger_is_told_of_and_counted_until_it_is_gone():
    async with watching() as here:
        here.sentry.announce(VIP, None)
        here.see(mac=STRANGER)
        await until(lambda: here.listener.conflicts)
        assert here.listener.conflicts == [(VIP, State.WITHHELD, STRANGER.hex(":"))]
        assert (here.metric("conflict_bool", ip=str(VIP)), here.metric("conflicts_total")) == (1, 1)
        await until(lambda: here.announcer.announced)
        assert here.listener.conflicts[1:] == [(VIP, State.CLEAR, None)]
        assert (here.metric("conflict_bool", ip=str(VIP)), here.metric("conflicts_total")) == (None, 1)


async def test_a_conflict_ends_when_the_address_is_not_ours_to_announce_any_more():
    async with watching(probes=False) as here:
        here.sentry.announce(VIP, None)
        here.see(mac=STRANGER)
        await until(lambda: here.listener.conflicts)
        assert ("defend", VIP) in here.announcer.asked
        here.sentry.withdraw(VIP)
        assert here.listener.conflicts[1:] == [(VIP, None, None)]
        assert here.sentry.conflicts == {}


async def test_a_stranger_that_turns_out_to_be_a_speaker_is_not_told_of():
    async with watching(probes=False) as here:
        here.sentry.announce(VIP, None)
        here.see()
        here.hear()
        assert here.sentry._timer is None or here.sentry._conflicts.stranger(VIP) is None
        assert (here.listener.conflicts, here.announcer.announced) == ([], {VIP: None})


async def test_what_was_withheld_for_a_speaker_that_was_not_known_is_announced_and_told():
    async with watching() as here:
        here.sentry.announce(VIP, None)
        here.see()
        assert here.sentry.withheld == {VIP}
        here.hear()
        assert (here.announcer.announced, here.listener.told) == ({VIP: None}, ["withheld"])


async def test_a_dead_speaker_that_is_heard_is_seen_with_what_it_serves_and_served():
    async with watching(probes=False) as here:
        here.hear(OTHER)
        here.lose()
        here.sentry.announce(VIP, None)
        here.see()
        await until(lambda: here.listener.told)
        assert here.listener.told == ["segment"]
        assert here.sentry.seen == {"n2"}
        assert parse(here.sentry.words["n2"]).addresses == {VIP, OTHER}


async def test_what_is_heard_of_many_addresses_at_once_is_told_once():
    async with watching(probes=False) as here:
        here.hear()
        here.lose()
        many = [ip_address(f"192.0.2.{last}") for last in range(200)]
        for each in many:
            here.see(each)
        await until(lambda: here.listener.told)
        assert here.listener.told == ["segment"]
        assert parse(here.sentry.words["n2"]).addresses == set(many)


async def test_the_winner_makes_itself_known_again_once():
    async with watching(probes=False) as here:
        here.hear(VIP)
        here.sentry.announce(VIP, None)
        here.see()
        here.see()
        await until(lambda: here.announcer.asked)
        assert here.announcer.asked == [("repeat", VIP)]


async def test_who_lost_does_not_speak_again():
    async with watching(probes=False) as here:
        here.hear(VIP, OTHER)
        for each in (VIP, OTHER):
            here.sentry.announce(each, None)
            here.see(each)
        here.listener.kept = {OTHER}
        await until(lambda: here.announcer.asked)
        assert here.announcer.asked == [("repeat", OTHER)]


async def test_who_left_an_address_to_one_that_is_only_seen_asks_it_until_it_is_dead():
    async with watching(probes=False) as here:
        here.hear(VIP)
        here.lose()
        here.sentry.announce(VIP, None)
        here.see()
        here.sentry.withdraw(VIP)
        await until(lambda: here.announcer.listened)
        assert here.announcer.listened == {VIP}
        await until(lambda: not here.sentry.seen and not here.announcer.listened)
        assert {*here.announcer.asked} == {("probe", VIP, MAC2)}
        assert here.announcer.listened == set()
        assert here.listener.told == ["segment", "segment"]
