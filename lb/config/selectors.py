"""Label selectors: what is wrong with one, and whether it matches (meta/v1 LabelSelector)."""

from collections.abc import Iterable, Mapping

from lb.api.meta import LabelSelector, LabelSelectorRequirement, Operator

Labels = Mapping[str, str]


def matches(selector: LabelSelector, labels: Labels) -> bool:
    """Whether all requirements of *selector* hold for *labels*; an empty selector matches everything."""
    return all(labels.get(key) == value for key, value in selector.match_labels.items()) and all(
        _holds(requirement, labels) for requirement in selector.match_expressions
    )


def matches_any(selectors: Iterable[LabelSelector], labels: Labels) -> bool:
    """Whether one of *selectors* matches; none at all matches nothing."""
    return any(matches(selector, labels) for selector in selectors)


def _holds(requirement: LabelSelectorRequirement, labels: Labels) -> bool:
    match requirement.operator:
        case Operator.IN:
            return labels.get(requirement.key) in requirement.values
        case Operator.NOT_IN:
            return labels.get(requirement.key) not in requirement.values
        case Operator.EXISTS:
            return requirement.key in labels
        case Operator.DOES_NOT_EXIST:
            return requirement.key not in labels


def fault(requirement: LabelSelectorRequirement) -> str | None:
    """What the API server would refuse in *requirement*, as a clause; None where nothing."""
    needs_values = requirement.operator in (Operator.IN, Operator.NOT_IN)
    if needs_values and not requirement.values:
        return f"operator {requirement.operator} needs at least one value"
    if not needs_values and requirement.values:
        return f"operator {requirement.operator} takes no values"
    if len(set(requirement.values)) != len(requirement.values):
        return "a value stands there twice"
    return None
