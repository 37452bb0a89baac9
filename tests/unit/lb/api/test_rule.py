import re

import pytest

from lb.api.kinds import KINDS
from lb.api.rule import VALIDATIONS
from lb.api.schema import custom_resource_definition


def rules(schema):
    """Every rule in a schema."""
    if isinstance(schema, dict):
        yield from schema.get(VALIDATIONS, [])
        for each in schema.values():
            yield from rules(each)
    if isinstance(schema, list):
        for each in schema:
            yield from rules(each)


RULES = {each["rule"]: each for kind in KINDS for each in rules(custom_resource_definition(kind))}


@pytest.mark.parametrize("rule", RULES.values(), ids=range(len(RULES)))
def test_a_person_is_told_a_reason_and_a_remedy(rule):
    message = rule.get("message") or "".join(re.findall("'([^']*)'", rule["messageExpression"]))
    reason, _, remedy = message.rpartition(". ")
    assert reason
    assert re.match(r"(Write|Add|Remove|Keep|Delete|List|Correct) ", remedy)
    assert "message" not in rule or "messageExpression" not in rule


@pytest.mark.parametrize("rule", RULES.values(), ids=range(len(RULES)))
def test_a_field_is_read_only_where_it_is_there(rule):
    """A rule that reads an absent field is an error, and refuses the object with no word of ours."""
    required = {"myASN", "peerASN", "operator"}
    read = set(re.findall(r"self\.(\w+)\b(?!\()", rule["rule"]))
    asked = set(re.findall(r"has\(self\.(\w+)", rule["rule"]))
    assert read <= asked | required
