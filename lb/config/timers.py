"""The times of a BGP session that a BGPPeer asks for (RFC 4271, sections 4.2 and 10)."""

from collections.abc import Iterator
from fractions import Fraction

from lb.api.bgp_peer import BGPPeerSpec
from lb.config.duration import parse_duration
from lb.config.peer import Timers
from lb.config.rejection import Malformed, Reference, Rejection

LONGEST = 65535
"""Seconds that the Hold Time of an OPEN message has room for."""
SHORTEST_HOLD = 3


def read_timers(reference: Reference, spec: BGPPeerSpec) -> Timers | tuple[Rejection, ...]:
    """The timers of *spec*, in whole seconds, what is over cut off.

    Of Hold Time and KEEPALIVE time, one that is not given is three times, or a third of, the other.
    """
    texts = {
        "spec.holdTime": spec.hold_time,
        "spec.keepaliveTime": spec.keepalive_time,
        "spec.connectTime": spec.connect_time,
    }
    read = {path: _seconds(reference, path, text) for path, text in texts.items()}
    wrong = [each for each in read.values() if isinstance(each, Rejection)]
    exact = [each if isinstance(each, Fraction) else None for each in read.values()]
    wrong += _faults(reference, spec, *exact)
    if wrong:
        return tuple(wrong)
    hold, keepalive, connect = (int(each) if each is not None else None for each in exact)
    if not keepalive and hold:
        keepalive = hold // 3
    elif keepalive and hold is None:
        hold = min(keepalive * 3, LONGEST)
    return Timers(hold, keepalive if hold else None, connect)


def _seconds(reference: Reference, path: str, text: str | None) -> Fraction | Rejection | None:
    if not text:
        return None
    duration = parse_duration(text)
    if isinstance(duration, Malformed):
        return Rejection(reference, path, text, duration.reason, duration.remedy)
    if 0 < duration < 1:
        reason = "BGP counts in seconds, and this is less than one"
        return Rejection(reference, path, text, reason, "Write whole seconds, such as 90s.")
    if duration > LONGEST:
        return Rejection(
            reference, path, text, f"it is over {LONGEST} s", "Write a shorter time, such as 90s."
        )
    return duration


def _faults(
    reference: Reference,
    spec: BGPPeerSpec,
    hold: Fraction | None,
    keepalive: Fraction | None,
    connect: Fraction | None,
) -> Iterator[Rejection]:
    if hold is not None and 0 < hold < SHORTEST_HOLD:
        reason = f"a Hold Time is 0 or at least {SHORTEST_HOLD} s (RFC 4271, section 4.2)"
        yield Rejection(reference, "spec.holdTime", spec.hold_time, reason, "Write 3s or more.")
    if hold is not None and keepalive is not None and keepalive > hold:
        reason = f"it is longer than spec.holdTime, which is {spec.hold_time}"
        remedy = "Write a third of the hold time, or leave it out."
        yield Rejection(reference, "spec.keepaliveTime", spec.keepalive_time, reason, remedy)
    if connect is not None and (connect == 0 or connect.denominator != 1):
        reason = f"it is not a whole number of seconds from 1 to {LONGEST}"
        yield Rejection(reference, "spec.connectTime", spec.connect_time, reason, "Write such as 10s.")
