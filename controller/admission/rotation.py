"""What is due next for the webhooks' keys, so that they are always there, trusted, and renewed in time.

New keys are trusted first, served next, and the old ones are forgotten last, each when the step before has
had time to reach every API server and every replica of ours. Pure, and level-triggered: it looks at what is,
not at how it came to be, so that a start in the middle of anything goes on from there.
"""

from datetime import datetime

from msgspec import Struct

from controller.admission.certificates import Fault, Keys, Pair, bundled, judge, may_sign, renewal

SETTLE = 2.0
"""Seconds from the last change of a bundle until every API server goes by it."""
GRACE = 60.0
"""Seconds until every replica of ours serves the present keys."""
LONGEST = 3600.0
"""Seconds after which all is looked at again, should a clock have been set or the machine have slept."""
SERVES = (None, Fault.DUE)
"""What may be the matter with keys that can be served."""


class Bundle(Struct, frozen=True):
    """Whom the API server trusts (PEM) to be one webhook: at *place*, a JSON pointer, of object *owner*."""

    owner: str
    place: str
    pem: bytes


class Seen(Struct, frozen=True):
    """What is: the Secret's content, the bundles of all webhooks that call us, and what is served."""

    secret: Keys | None
    bundles: tuple[Bundle, ...] = ()
    served: Keys | None = None
    complete: bool = True
    """Whether all bundles could be read."""
    refused: Keys | None = None
    """What could not be served with, though it was judged good."""


class Make(Struct, frozen=True):
    """Make new keys, and why; *under* the present authority unless that is None."""

    why: Fault
    under: Pair | None


class Plan(Struct, frozen=True):
    """All that is due at once; each part stands for itself, should another fail."""

    make: Make | None = None
    trust: tuple[Bundle, ...] = ()
    """Bundles as they have to be."""
    serve: Keys | None = None
    again: float = LONGEST
    """Seconds after which something may be due though nothing has changed."""


def plan(seen: Seen, stood: float, name: str, now: datetime) -> Plan:
    """What is due at *now*, *seen* having stood for *stood* seconds, for webhooks reached as *name*."""
    refused = seen.secret is not None and seen.secret == seen.refused
    fault = Fault.UNSERVABLE if refused else judge(seen.secret, name, now)
    usable = seen.secret if fault in SERVES else None
    trust = tuple(
        wanted
        for each in seen.bundles
        if (wanted := _wanted(each, seen, usable, forget=_is_over(seen, usable, stood), now=now)) != each
    )
    return Plan(
        make=_make(seen, fault, now),
        trust=trust,
        serve=usable if _is_to_be_served(seen, usable, stood, name, now) else None,
        again=_again(usable, stood, now),
    )


def _make(seen: Seen, fault: Fault | None, now: datetime) -> Make | None:
    if fault is None:
        return None
    under = seen.secret.authority if seen.secret and may_sign(seen.secret.authority, now) else None
    return Make(fault, under)


def _needed(seen: Seen, usable: Keys | None) -> set[bytes]:
    """The certificates that have to be trusted: by which we are to serve, and by which we do."""
    return {each for keys in (usable, seen.served) if keys for each in bundled(keys.authority.certificate)}


def _wanted(bundle: Bundle, seen: Seen, usable: Keys | None, *, forget: bool, now: datetime) -> Bundle:
    """*bundle* with all that is needed in it; the other certificates stay, unless it is time to *forget*."""
    there, needed = bundled(bundle.pem), _needed(seen, usable)
    missing = needed - there.keys()
    kept = [each for each, end in there.items() if each in needed or (end > now and not forget)]
    if not missing and (not forget or len(kept) == len(there)):
        return bundle
    return Bundle(bundle.owner, bundle.place, b"".join([*kept, *sorted(missing)]))


def _is_over(seen: Seen, usable: Keys | None, stood: float) -> bool:
    """Whether the rotation is over, everywhere."""
    return usable is not None and usable == seen.served and stood >= GRACE


def _is_to_be_served(seen: Seen, usable: Keys | None, stood: float, name: str, now: datetime) -> bool:
    if usable is None or usable == seen.served:
        return False
    if seen.served is None or judge(seen.served, name, now) not in SERVES:
        return True  # there is nothing to lose
    if usable.authority.certificate == seen.served.authority.certificate:
        return True
    return _is_trusted(seen, usable) and stood >= SETTLE


def _is_trusted(seen: Seen, usable: Keys) -> bool:
    needed = bundled(usable.authority.certificate).keys()
    return seen.complete and all(needed <= bundled(each.pem).keys() for each in seen.bundles)


def _again(usable: Keys | None, stood: float, now: datetime) -> float:
    moments = [limit - stood for limit in (SETTLE, GRACE)]
    if usable is not None:
        moments.append((renewal(usable) - now).total_seconds())
    return min([LONGEST, *(each for each in moments if each > 0)])
