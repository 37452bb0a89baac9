"""The condition by which a Service tells whether it has an address, and if not why (meta/v1 Condition)."""

from msgspec.structs import replace

from lb.api.service import Service, ServiceCondition
from lb.ipam.decision import Decision

TYPE = "anvil-lb.io/AddressAllocated"
LONGEST = 2048
"""Characters of a message; the API takes 32768, and a person reads less."""


def wanted_condition(service: Service, decision: Decision, now: str) -> ServiceCondition:
    """The condition of *service* as *decision* wants it, at *now* (RFC 3339).

    The time is the one at which the status last changed.
    """
    status = "True" if decision.addresses else "False"
    message = decision.complaint[:LONGEST] or _success(decision)
    return stated(service, ServiceCondition(TYPE, status, str(decision.reason), message), now)


def stated(service: Service, condition: ServiceCondition, now: str) -> ServiceCondition:
    """*condition* with its time: since when *service* has had one of its type and status, or else *now*."""
    known = present_condition(service, condition.type)
    since = known.last_transition_time if known is not None and known.status == condition.status else None
    return replace(condition, last_transition_time=since or now)


def _success(decision: Decision) -> str:
    addresses = " and ".join(str(each) for each in decision.addresses)
    return f"{addresses} of pool {decision.pool}" if decision.pool is not None else addresses


def present_condition(service: Service, kind: str = TYPE) -> ServiceCondition | None:
    """The condition *kind* as *service* has it; None also where it has several, which is nobody's word."""
    found = [each for each in service.status.conditions if each.type == kind]
    return found[0] if len(found) == 1 else None


def has_condition(service: Service, kind: str = TYPE) -> bool:
    """Whether *service* has the condition *kind*, be it once or more often."""
    return any(each.type == kind for each in service.status.conditions)
