"""Namespace (core/v1): pools may be kept for the Services of some."""

from lb.api.meta import ObjectMeta, Value


class Namespace(Value, frozen=True):
    """core/v1 Namespace."""

    metadata: ObjectMeta
