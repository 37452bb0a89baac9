from msgspec.structs import asdict

from speaker.layer2.protocol.timing import DEFAULT, Timing, paced


def test_the_default_pace_is_the_default():
    assert paced(DEFAULT.interval, DEFAULT.suspect_after) == Timing()


def test_what_lasts_some_heartbeats_follows_their_pace():
    slow = paced(10 * DEFAULT.interval, 10 * DEFAULT.suspect_after)
    changed = {name for name, seconds in asdict(slow).items() if seconds != asdict(DEFAULT)[name]}
    assert changed == {"interval", "suspect_after", "confirm_after", "late", "settle_after"}
    assert slow.settle_after == 10 * DEFAULT.settle_after
