"""Secret (core/v1): the key by which speakers know each other, passwords of BGP peers, certificates."""

from msgspec import field

from lb.api.meta import ObjectMeta, Value

MEMBERLIST = "memberlist"
"""Name of the Secret, in our namespace; MetalLB's, so that one made by it is used on."""
BASIC_AUTH = "kubernetes.io/basic-auth"
"""Type of a Secret that holds a password (core/v1 SecretTypeBasicAuth)."""
PASSWORD = "password"
"""The entry of such a Secret."""
SECRET_KEY = "secretkey"
"""The entry of the Secret that holds the key."""


class Secret(Value, frozen=True):
    """core/v1 Secret; `data` holds base64 on the wire and bytes here."""

    metadata: ObjectMeta
    type: str = "Opaque"
    data: dict[str, bytes] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Secret({self.metadata.namespace}/{self.metadata.name}, not shown)"
