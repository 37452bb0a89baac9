"""Label selectors: what is wrong with one, and whether it matches (meta/v1 LabelSelector)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import json

from lb.api.meta import LabelSelector, LabelSelectorRequirement, Operator
from lb.config.rejection import Reference, Rejection

Labels = Mapping[str, str]
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"(?=.{1,253}/)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*/")


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


def faulty_selectors(
    reference: Reference, path: str, selectors: Sequence[LabelSelector]
) -> Iterator[Rejection]:
    """What is wrong in *selectors*, which stand at *path* of the object that *reference* names."""
    seen: dict[bytes, int] = {}
    for at, selector in enumerate(selectors):
        yield from faulty_selector(reference, f"{path}[{at}]", selector)
        first = seen.setdefault(json.encode(selector, order="deterministic"), at)
        if first != at:
            reason = f"it is the same selector as {path}[{first}]"
            yield Rejection(reference, f"{path}[{at}]", selector, reason, "Remove one of the two.")


def faulty_selector(reference: Reference, path: str, selector: LabelSelector) -> Iterator[Rejection]:
    """What is wrong in *selector*, which stands at *path*."""
    for key, value in selector.match_labels.items():
        wrong = _label_fault(key, (value,))
        if wrong is not None:
            where = f"{path}.matchLabels"
            yield Rejection(reference, where, {key: value}, wrong, "Correct the label.")
    for at, requirement in enumerate(selector.match_expressions):
        reason = fault(requirement)
        if reason is not None:
            where = f"{path}.matchExpressions[{at}]"
            yield Rejection(reference, where, requirement, reason, "Correct the operator or its values.")


def fault(requirement: LabelSelectorRequirement) -> str | None:
    """What the API server would refuse in *requirement*, as a clause; None where nothing."""
    needs_values = requirement.operator in (Operator.IN, Operator.NOT_IN)
    if needs_values and not requirement.values:
        return f"operator {requirement.operator} needs at least one value"
    if not needs_values and requirement.values:
        return f"operator {requirement.operator} takes no values"
    if len(set(requirement.values)) != len(requirement.values):
        return "a value stands there twice"
    return _label_fault(requirement.key, requirement.values)


def _label_fault(key: str, values: Iterable[str]) -> str | None:
    """Why no label has this key, or one of these values (Kubernetes, "Labels and Selectors")."""
    prefix = _PREFIX.match(key)
    if not _NAME.fullmatch(key[prefix.end() :] if prefix else key):
        return "no label can have this key"
    if any(value and not _NAME.fullmatch(value) for value in values):
        return "no label can have this value"
    return None
