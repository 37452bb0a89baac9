import pytest

from lb.api.meta import LabelSelector, LabelSelectorRequirement, Operator
from lb.config.selectors import fault, matches, matches_any

LABELS = {"zone": "a", "disk": ""}


def require(key, operator, *values):
    return LabelSelectorRequirement(key, Operator(operator), values)


@pytest.mark.parametrize(
    ("requirement", "holds"),
    [
        pytest.param(require("zone", "In", "a", "b"), True, id="In, among the values"),
        pytest.param(require("zone", "In", "b"), False, id="In, not among the values"),
        pytest.param(require("rack", "In", "a"), False, id="In, label absent"),
        pytest.param(require("zone", "NotIn", "a"), False, id="NotIn, among the values"),
        pytest.param(require("zone", "NotIn", "b"), True, id="NotIn, not among the values"),
        pytest.param(require("rack", "NotIn", "a"), True, id="NotIn, label absent"),
        pytest.param(require("disk", "Exists"), True, id="Exists, with an empty value"),
        pytest.param(require("rack", "Exists"), False, id="Exists, label absent"),
        pytest.param(require("disk", "DoesNotExist"), False, id="DoesNotExist, with an empty value"),
        pytest.param(require("rack", "DoesNotExist"), True, id="DoesNotExist, label absent"),
    ],
)
def test_a_requirement_is_read_as_kubernetes_reads_it(requirement, holds):
    assert matches(LabelSelector({}, (requirement,)), LABELS) is holds


@pytest.mark.parametrize(
    ("selector", "holds"),
    [
        pytest.param(LabelSelector(), True, id="empty matches everything"),
        pytest.param(LabelSelector({"zone": "a"}), True, id="label"),
        pytest.param(LabelSelector({"zone": "a", "disk": "ssd"}), False, id="labels are ANDed"),
        pytest.param(LabelSelector({"rack": ""}), False, id="absent is not empty"),
        pytest.param(
            LabelSelector({"zone": "a"}, (require("disk", "DoesNotExist"),)),
            False,
            id="labels and requirements are ANDed",
        ),
        pytest.param(
            LabelSelector({}, (require("zone", "Exists"), require("rack", "Exists"))),
            False,
            id="requirements are ANDed",
        ),
    ],
)
def test_all_of_a_selector_must_hold(selector, holds):
    assert matches(selector, LABELS) is holds


def test_selectors_are_ored_and_none_matches_nothing():
    a, b = LabelSelector({"zone": "a"}), LabelSelector({"zone": "b"})
    assert matches_any([b, a], LABELS)
    assert not matches_any([b], LABELS)
    assert not matches_any([], LABELS)


@pytest.mark.parametrize(
    ("requirement", "clause"),
    [
        pytest.param(require("a", "In"), "operator In needs at least one value", id="In without values"),
        pytest.param(
            require("a", "NotIn"), "operator NotIn needs at least one value", id="NotIn without values"
        ),
        pytest.param(
            require("a", "Exists", "x"), "operator Exists takes no values", id="Exists with a value"
        ),
        pytest.param(
            require("a", "DoesNotExist", "x"),
            "operator DoesNotExist takes no values",
            id="DoesNotExist with a value",
        ),
        pytest.param(require("a", "In", "x", "x"), "a value stands there twice", id="value twice"),
        pytest.param(require("a", "In", "x", "y"), None, id="In with values"),
        pytest.param(require("a", "Exists"), None, id="Exists without values"),
    ],
)
def test_a_faulty_requirement_says_why(requirement, clause):
    assert fault(requirement) == clause
