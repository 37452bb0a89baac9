"""ConfigMap (core/v1): which interfaces of the nodes carry no announcements."""

from msgspec import field

from lb.api.meta import ObjectMeta, Value

EXCLUDED_INTERFACES = "metallb-excludel2"
"""Name of the ConfigMap, in our namespace; MetalLB's."""
EXCLUDED_INTERFACES_KEY = "excludel2.yaml"
"""Its entry."""


class ConfigMap(Value, frozen=True):
    """core/v1 ConfigMap."""

    metadata: ObjectMeta
    data: dict[str, str] = field(default_factory=dict)
