"""Unit tests run often: Hypothesis looks at fewer examples here, and no slow machine fails one."""

from hypothesis import settings

settings.register_profile("unit", max_examples=50, deadline=None)
settings.load_profile("unit")
