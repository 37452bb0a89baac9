"""BGP communities: the text that stands for one (RFC 1997, RFC 8092)."""

import re

from msgspec import Struct

from lb.config.rejection import Malformed

LARGE = "large:"
FORMS = "65000:1, or large:4200000000:1:2"


class Community(Struct, frozen=True, order=True):
    """A community: two parts of 16 bits each, or a large one of three parts of 32 bits each."""

    parts: tuple[int, ...]

    @property
    def is_large(self) -> bool:
        """Whether it is a large community (RFC 8092)."""
        return len(self.parts) == 3

    def __str__(self) -> str:
        return (LARGE if self.is_large else "") + ":".join(map(str, self.parts))


def parse_community(text: str) -> Community | Malformed:
    """The community that *text* stands for."""
    large = text.startswith(LARGE)
    parts = text.removeprefix(LARGE).split(":")
    wanted, most = (3, 0xFFFFFFFF) if large else (2, 0xFFFF)
    if len(parts) != wanted or not all(re.fullmatch("[0-9]{1,10}", part) for part in parts):
        reason = "a large community is large: and three numbers" if large else "a community is two numbers"
        return Malformed(f"{reason} with colons between", f"Write it as in {FORMS}.")
    numbers = tuple(map(int, parts))
    if max(numbers) > most:
        kind = "a large community" if large else "a community"
        return Malformed(f"the parts of {kind} are numbers from 0 to {most}", f"Write it as in {FORMS}.")
    return Community(numbers)
