"""What a ConfigurationState says: whether its reader could use the whole configuration, and since when."""

from collections.abc import Sequence

from lb.api.configuration_state import (
    LONGEST_MESSAGE,
    Condition,
    ConfigurationStateStatus,
    Reader,
    Result,
)

HEAD = "configuration error: "
LEFT_OUT = "\n... (cut; the log has it whole)"


def judge(
    reader: Reader, faults: Sequence[str], before: ConfigurationStateStatus, now: str
) -> ConfigurationStateStatus:
    """The status of *reader* after *before*, at *now* (RFC 3339), where *faults* are in what it reads.

    The time of its condition is the one at which the condition's status last changed.
    """
    status = "False" if faults else "True"
    known = next((each for each in before.conditions if each.type == reader.condition_type), None)
    since = known.last_transition_time if known is not None and known.status == status else now
    message = HEAD + _listed(faults, LONGEST_MESSAGE - len(HEAD)) if faults else ""
    reason = "ConfigurationError" if faults else "Reconciled"
    condition = Condition(reader.condition_type, status, reason, message, since)
    return ConfigurationStateStatus(Result.INVALID if faults else Result.VALID, message, (condition,))


def _listed(faults: Sequence[str], limit: int) -> str:
    """*faults*, one a line, as many as fit into *limit* characters; where some do not, that is said."""
    whole = "\n".join(faults)
    if len(whole) <= limit:
        return whole
    room = limit - len(LEFT_OUT)
    end = whole.rfind("\n", 0, room + 1)
    return whole[: end if end > 0 else room] + LEFT_OUT
