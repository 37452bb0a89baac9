import pytest

from lb.api.meta import LabelSelector, LabelSelectorRequirement, Operator
from lb.config.rejection import Reference
from lb.config.selectors import fault, faulty_selector, faulty_selectors, matches, matches_any

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
        pytest.param(require("", "Exists"), "no label can have this key", id="no key"),
        pytest.param(require("-a", "Exists"), "no label can have this key", id="no key of a label"),
        pytest.param(
            require("Example.com/a", "Exists"), "no label can have this key", id="no prefix of a key"
        ),
        pytest.param(require("a/b/c", "Exists"), "no label can have this key", id="two prefixes"),
        pytest.param(require("a" * 64, "Exists"), "no label can have this key", id="key too long"),
        pytest.param(require("example.com/a.b_c-D", "Exists"), None, id="key with a prefix"),
        pytest.param(require("a" * 63, "Exists"), None, id="longest key"),
        pytest.param(require("a", "In", "x y"), "no label can have this value", id="no value of a label"),
        pytest.param(require("a", "In", "x" * 64), "no label can have this value", id="value too long"),
        pytest.param(require("a", "In", ""), None, id="empty value"),
    ],
)
def test_a_faulty_requirement_says_why(requirement, clause):
    assert fault(requirement) == clause


LAN = Reference("L2Advertisement", "lan", "metallb-system")
WHERE = "L2Advertisement metallb-system/lan: spec.nodeSelectors"


@pytest.mark.parametrize(
    ("selectors", "messages"),
    [
        pytest.param([], [], id="none"),
        pytest.param([LabelSelector({"a": "x"}), LabelSelector({"a": "y"})], [], id="different"),
        pytest.param(
            [LabelSelector({"a": "x", "b": "y"}), LabelSelector(), LabelSelector({"b": "y", "a": "x"})],
            [
                "[2] = {'matchLabels': {'b': 'y', 'a': 'x'}}: it is the same selector as "
                "spec.nodeSelectors[0]. Remove one of the two."
            ],
            id="the same in another order",
        ),
        pytest.param(
            [LabelSelector({"a": "x y", "-": "z"})],
            [
                "[0].matchLabels = {'a': 'x y'}: no label can have this value. Correct the label.",
                "[0].matchLabels = {'-': 'z'}: no label can have this key. Correct the label.",
            ],
            id="labels that there cannot be",
        ),
        pytest.param(
            [
                LabelSelector(
                    {}, (require("a", "Exists"), require("a", "Exists", "x"), require("/", "Exists"))
                )
            ],
            [
                "[0].matchExpressions[1] = {'key': 'a', 'operator': 'Exists', 'values': ['x']}: "
                "operator Exists takes no values. Correct the operator or its values.",
                "[0].matchExpressions[2] = {'key': '/', 'operator': 'Exists'}: no label can have this key. "
                "Correct the operator or its values.",
            ],
            id="each requirement",
        ),
    ],
)
def test_all_that_is_wrong_in_selectors_is_told(selectors, messages):
    found = [str(each) for each in faulty_selectors(LAN, "spec.nodeSelectors", selectors)]
    assert found == [WHERE + message for message in messages]


def test_a_selector_may_stand_alone():
    (rejection,) = faulty_selector(LAN, "spec.preference", LabelSelector({"": "x"}))
    assert str(rejection) == (
        "L2Advertisement metallb-system/lan: spec.preference.matchLabels = {'': 'x'}: "
        "no label can have this key. Correct the label."
    )
