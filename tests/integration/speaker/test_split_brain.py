"""Two whole speakers on one segment, whose heartbeats are cut."""

import sys
import time

import pytest

from .conftest import eventually
from .segment import Segment, Twin, asking
from .twin import ADDRESSES, OURS, OURS6, THEIRS, THEIRS6

PLACES = {"n1": "10.0.0.1", "n2": "10.0.0.2"}
SETTLED = 1.0
"""Seconds after the cut from which each address has one node that answers."""
ENOUGH = 25
"""Answers by which it shows that there is one."""


@pytest.fixture
def segment(new_host):
    return Segment(new_host)


def knows_all(debug):
    """Whether a speaker knows both, and where each announces, and elects accordingly."""
    told = {node: (each["interfaces"], each["serves"]) for node, each in debug["told"].items()}
    return debug["members"] == ["n1", "n2"] and told == {"n1": (["eth0"], 2), "n2": (["eth0"], 2)}


@pytest.fixture
async def twins(segment, tmp_path):
    """The speakers of n1 and n2, which know each other, each with its own addresses to announce."""
    started = [
        Twin(segment.host(number), name, PLACES, tmp_path / name) for number, name in enumerate(PLACES, 1)
    ]
    try:
        await eventually(lambda: all(each.is_ready for each in started))
        await eventually(lambda: all(knows_all(each.debug()) for each in started))
        yield started
    finally:
        for each in started:
            each.kill()
            sys.stdout.write(f"{each.name}:\n{(tmp_path / each.name).read_text()}")


@pytest.fixture
def client(segment):
    return segment.host(7)


def cut(twins):
    for each in twins:
        each.cut_heartbeats()
    return time.time()


async def only_answerers(answers, since):
    """The hardware address that answers for each address, which has to be one."""
    await eventually(
        lambda: all(len(answers.since(since).get(each, ())) >= ENOUGH for each in ADDRESSES.values())
    )
    found = {address: set(macs) for address, macs in answers.since(since).items()}
    assert all(len(macs) == 1 for macs in found.values()), found
    return {address: macs.pop() for address, macs in found.items()}


async def test_when_heartbeats_are_cut_each_address_has_one_answerer_within_a_second(twins, client):
    one, other = twins
    with asking(client, *ADDRESSES.values()) as answers:
        cut_at = cut(twins)
        found = await only_answerers(answers, cut_at + SETTLED)
    assert found == {OURS: one.mac, THEIRS: other.mac, OURS6: one.mac, THEIRS6: other.mac}


async def test_while_heartbeats_are_cut_the_other_takes_over_from_one_that_dies(twins, client):
    one, other = twins
    with asking(client, *ADDRESSES.values()) as answers:
        cut_at = cut(twins)
        await only_answerers(answers, cut_at + SETTLED)
        one.kill()
        killed_at = time.time()
        found = await only_answerers(answers, killed_at + SETTLED)
    assert set(found.values()) == {other.mac}


async def test_when_heartbeats_return_nothing_moves(twins, client):
    with asking(client, *ADDRESSES.values()) as answers:
        cut_at = cut(twins)
        before = await only_answerers(answers, cut_at + SETTLED)
        mended_at = time.time()
        for each in twins:
            each.mend_heartbeats()
        await eventually(
            lambda: all(
                each.debug()["seen"] == [] and each.debug()["members"] == ["n1", "n2"] for each in twins
            )
        )
        assert await only_answerers(answers, mended_at) == before
