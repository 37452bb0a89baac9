import asyncio
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest

from lb.announce.bulletin import Bulletin, parse
from lb.announce.handover import is_over
from lb.announce.verdict import Announced
from speaker.docket import Docket
from speaker.snapshot import Rules, Snapshot

from .cluster import GATE, OURS, SHOP, THEIRS, WEB, World, word

BOTH = frozenset({"n1", "n2"})


async def until(condition):
    """Returns once *condition()*, which the loop's next turns may make true."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # what is waited for tells nobody
            await asyncio.sleep(0)


class Reconciler:
    """Serves what n1 wins, and tells in which order it was let act."""

    def __init__(self):
        self.verdicts = {}
        self.acted = []
        self.parting = {}

    @property
    def served(self):
        won = [each for each in self.verdicts.values() if isinstance(each, Announced) and each.winner == "n1"]
        return frozenset(address for each in won for address in each.addresses) | self.parting.keys()

    def act(self, key, service, verdict, ready, now):
        self.acted.append(key)
        before = self.served
        self.verdicts[key] = verdict
        for address in before - self.served:
            if isinstance(verdict, Announced):
                self.parting[address] = verdict.winner, now

    def settle(self, claims, now):
        self.parting = {
            address: (successor, since)
            for address, (successor, since) in self.parting.items()
            if not is_over(address, successor, claims, since, now)
        }

    def next_timer(self):
        return min((since + 0.8 for _, since in self.parting.values()), default=None)


class Node1:
    """The docket of n1 with what it lets act and tells."""

    def __init__(self):
        self.world = World()
        self.reconciler = Reconciler()
        self.published, self.watched = [], []
        self.snapshot = Snapshot(Rules(), self.world)
        self.docket = Docket(
            "n1",
            self.snapshot,
            self.reconciler,
            self.published.append,
            self.watched.append,
        )

    def put(self, key, *addresses, **spec):
        self.world.put(key, *addresses, **spec)
        self.docket.service_changed(key)

    def open(self, ready=BOTH):
        self.docket.speak(Bulletin(frozenset({"eth0"})))
        self.docket.members_changed(ready)
        self.docket.open()

    async def rest(self):
        async with asyncio.timeout(10):
            await self.docket.rests.wait()

    def winner(self, key):
        return self.docket.verdicts[key].winner


@asynccontextmanager
async def node1():
    node = Node1()
    try:
        yield node
    finally:
        node.docket.close()


@pytest.fixture
async def node():
    async with node1() as made:
        yield made


async def test_nothing_is_judged_before_it_is_opened_and_then_everything(node):
    node.put(WEB, OURS)
    node.put(SHOP, THEIRS)
    await asyncio.sleep(0)
    assert (node.reconciler.acted, node.docket.has_announced) == ([], False)
    node.open()
    await node.rest()
    assert (node.winner(WEB), node.winner(SHOP)) == ("n1", "n2")
    assert node.docket.has_announced


async def test_it_has_announced_also_where_there_is_nothing_to_announce(node):
    node.open()
    await node.rest()
    assert node.docket.has_announced


async def test_what_changes_at_one_moment_is_judged_once(node):
    node.put(WEB, OURS)
    node.put(SHOP, THEIRS)
    node.open()
    await node.rest()
    node.reconciler.acted.clear()
    node.docket.service_changed(SHOP)
    node.docket.service_changed(SHOP)
    await node.rest()
    assert node.reconciler.acted == [SHOP]


async def test_what_we_serve_is_told_to_the_others(node):
    node.put(WEB, OURS)
    node.open()
    await node.rest()
    await until(lambda: node.published and parse(node.published[-1]).addresses)
    told = parse(node.published[-1])
    assert (told.interfaces, told.addresses) == ({"eth0"}, {ip_address(OURS)})


async def test_what_many_slices_win_is_told_in_few_words(node):
    for number in range(3, 250):
        node.put(f"shop/s{number}", f"192.0.2.{number}")
    node.open(frozenset({"n1"}))
    await node.rest()
    await until(lambda: node.published and len(parse(node.published[-1]).addresses) == 247)
    assert len(node.published) < 247


async def test_what_there_is_no_room_to_tell_is_no_claim_of_ours_either(node):
    """Others cannot know of it, and all hold the same election."""
    crowd = frozenset(ip_address(at) for at in range(9000))
    node.put(SHOP, THEIRS)
    node.reconciler.parting = dict.fromkeys(crowd | {ip_address(THEIRS)}, ("n2", float("inf")))
    node.open()
    node.docket._ripen()
    await until(lambda: node.published and SHOP in node.docket.verdicts)
    assert ip_address(THEIRS) not in parse(node.published[-1]).addresses
    assert node.winner(SHOP) == "n2"


async def test_the_word_of_one_that_has_just_started_says_so(node):
    node.open()
    await until(lambda: node.published)
    assert parse(node.published[-1]).is_fresh


async def test_that_there_is_no_interface_is_told_too(node):
    node.docket.speak(Bulletin())
    await until(lambda: node.published)
    assert parse(node.published[-1]).interfaces == frozenset()


async def test_what_is_too_much_to_be_told_does_not_count_with_us_either(node):
    node.open()
    node.docket.speak(Bulletin(frozenset(f"eth{number:03}" for number in range(300))))
    await node.rest()
    await until(lambda: node.published)
    told = parse(node.published[-1])
    assert len(told.interfaces) < 300
    assert node.snapshot.bulletins["n1"] == told


async def test_the_others_words_are_heeded_and_ours_is_known(node):
    node.put(SHOP, THEIRS)
    node.open()
    await node.rest()
    assert node.winner(SHOP) == "n2"
    node.docket.hear({"n1": word(THEIRS), "n2": word(interfaces=[])})
    await node.rest()
    assert node.winner(SHOP) == "n1"


async def test_what_a_lost_node_announced_is_judged_first(node):
    node.put(WEB, OURS)
    node.put(SHOP, THEIRS)
    node.open()
    await node.rest()
    node.reconciler.acted.clear()
    node.docket.members_changed(frozenset({"n1"}))
    await node.rest()
    assert node.reconciler.acted[:2] == [SHOP, WEB]


async def losing(node):
    """*node* serves what n2 is elected for now."""
    node.put(SHOP, THEIRS)
    node.open(frozenset({"n1"}))
    await node.rest()
    node.docket.hear({"n2": word(THEIRS)})
    node.docket.speak(Bulletin())
    node.docket.hear({"n2": word()})
    node.docket.members_changed(BOTH)


async def test_it_rests_once_a_successor_serves(node):
    await losing(node)
    await until(lambda: node.reconciler.parting)
    assert not node.docket.rests.is_set()
    started = asyncio.get_running_loop().time()
    node.docket.hear({"n2": word(THEIRS)})
    await node.rest()
    assert asyncio.get_running_loop().time() - started < 0.5
    assert not node.reconciler.parting


async def test_it_rests_when_a_successor_lets_us_wait_for_too_long(node):
    await losing(node)
    await node.rest()
    assert not node.reconciler.parting


async def test_the_ports_of_gated_services_with_an_endpoint_here_are_watched(node):
    node.world.gated(WEB, OURS, "n1")
    node.docket.service_changed(WEB)
    node.world.gated(SHOP, THEIRS, "n2")
    node.docket.service_changed(SHOP)
    node.open()
    await node.rest()
    assert node.watched == [{GATE}]
    node.put(WEB, OURS)
    await node.rest()
    assert node.watched == [{GATE}, set()]


async def test_long_work_lets_others_have_their_turn(node):
    for number in range(3, 250):
        node.put(f"shop/s{number}", f"192.0.2.{number}")
    node.open()
    turns = 0

    def has_announced():
        nonlocal turns
        turns += 1
        return node.docket.has_announced

    await until(has_announced)
    assert turns > 2


async def test_one_that_is_closed_does_nothing_more(node):
    node.open()
    node.put(WEB, OURS)
    node.docket.close()
    await asyncio.sleep(0)
    assert (node.reconciler.acted, node.published) == ([], [])
