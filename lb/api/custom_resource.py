"""A custom resource as it comes off the wire: its metadata decoded, its spec left for `lb.config` to judge.

So one object that a person got wrong is rejected with a reason, and never breaks a list that holds it.
"""

from msgspec import Raw

from lb.api.meta import ObjectMeta, Value

GROUP = "metallb.io"


class CustomResource(Value, frozen=True):
    """An object of the `metallb.io` group."""

    metadata: ObjectMeta
    spec: Raw = Raw(b"{}")
