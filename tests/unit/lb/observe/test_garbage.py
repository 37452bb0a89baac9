import gc
import weakref

import pytest

from lb.observe.garbage import THRESHOLDS, look_seldom


class Knot:
    """It refers to itself."""

    def __init__(self):
        self.self = self


@pytest.fixture(autouse=True)
def looks():
    """Leaves Python's habits as they were."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_was_there_is_passed_over():
    look_seldom()
    assert gc.get_freeze_count() > 1_000


def test_garbage_is_found_though_seldom():
    look_seldom()
    knot = weakref.ref(Knot())
    assert knot() is not None
    heap = []
    while knot() is not None:
        heap.append([])
        assert len(heap) <= 2 * THRESHOLDS[0]
