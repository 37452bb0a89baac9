"""Rules in CEL (KEP-2876) beside the types that they guard: the `x-kubernetes-validations` of a CRD.

They refuse nothing that `lb.config` accepts, and of what it refuses only what one object shows by itself, so
that a cluster without our webhook is guarded, too. Functions are those of Kubernetes 1.31; that Kubernetes
limits what a rule may cost is why lists and texts that are guarded have a greatest length.
"""

from typing import Any

from msgspec import Meta, Struct

VALIDATIONS = "x-kubernetes-validations"


class Rule(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What must hold: `rule`, true or false, over `self`, the value that the rule stands beside.

    Where it does not, a person is told `message`, or else the text that `message_expression` comes to: a
    reason, a full stop and a remedy. `field_path` is the field of `self` that is to blame.
    """

    rule: str
    message: str = ""
    message_expression: str = ""
    field_path: str = ""


def guarded(*rules: Rule, **schema: Any) -> Meta:
    """What makes *rules* hold of an `Annotated` type, of whose schema *schema* are further words."""
    return Meta(extra_json_schema={VALIDATIONS: list(rules), **schema})
