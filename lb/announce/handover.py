"""When a node that is not elected for an address any more falls silent: once its successor serves it.

So a planned move leaves no moment without an answer. The wait has an end: a successor's word may be lost.
"""

from lb.announce.claims import Claims
from lb.config.ranges import Address

PATIENCE = 0.8
"""Seconds for which an address is answered for its successor."""


def is_over(address: Address, successor: str, claims: Claims, since: float, now: float) -> bool:
    """Whether the node that lost *address* to *successor*, at the time *since*, falls silent about it."""
    return claims.holds(successor, address) or now - since >= PATIENCE
