"""Durations as Kubernetes writes them (meta/v1 Duration): the text form of Go's time package."""

import re
from fractions import Fraction

from lb.config.rejection import Malformed

UNITS: dict[str, Fraction] = {
    "h": Fraction(3600),
    "m": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 10**3),
    "us": Fraction(1, 10**6),
    "ns": Fraction(1, 10**9),
}
UNITS |= {"\u00b5s": UNITS["us"], "\u03bcs": UNITS["us"]}  # micro sign, and the Greek letter
_PART = re.compile(r"(\d{1,19}(?:\.\d{0,19})?|\.\d{1,19})(h|ms|m|s|us|\u00b5s|\u03bcs|ns)", re.ASCII)


def parse_duration(text: str) -> Fraction | Malformed:
    """The seconds that *text* stands for, such as `90s`, `1m30s` or `1.5h`."""
    malformed = Malformed("this is no duration", "Write a number and a unit, such as 90s or 1m30s.")
    rest = text.removeprefix("+")
    if rest == "0":
        return Fraction(0)
    if not re.fullmatch(f"(?:{_PART.pattern})+", rest, re.ASCII):
        return malformed
    return sum(
        (Fraction(number.rstrip(".")) * UNITS[unit] for number, unit in _PART.findall(rest)), Fraction(0)
    )
