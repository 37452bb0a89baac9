"""Secret (core/v1), of which only the key that speakers authenticate each other with is read."""

from msgspec import field

from lb.api.meta import ObjectMeta, Value

MEMBERLIST = "memberlist"
"""Name of the Secret, in our namespace; MetalLB's, so that one made by it is used on."""
SECRET_KEY = "secretkey"
"""The entry of the Secret that holds the key."""


class Secret(Value, frozen=True):
    """core/v1 Secret; `data` holds base64 on the wire and bytes here."""

    metadata: ObjectMeta
    data: dict[str, bytes] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Secret({self.metadata.namespace}/{self.metadata.name}, not shown)"
