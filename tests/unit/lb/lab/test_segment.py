import pytest

from lb.lab import segment
from lb.lab.errors import LabError


def test_loss_is_one_rule_in_a_chain_of_the_port():
    lines = [line.strip() for line in segment.loss_rules("n1", 12.5).strip().splitlines()]
    assert lines == [
        "add chain bridge faults loss-n1",
        "flush chain bridge faults loss-n1",
        "add rule bridge faults loss-n1 numgen random mod 10000 < 1250 drop",
        'add element bridge faults lossy { "n1" : jump loss-n1 }',
    ]


def test_a_loss_of_everything_leaves_nothing_to_chance():
    assert "add rule bridge faults loss-n1 drop" in segment.loss_rules("n1", 100)


@pytest.mark.parametrize("percent", [-1, 100.5])
def test_a_loss_that_is_no_percentage_is_refused(percent):
    with pytest.raises(LabError, match=f"loss on n1 = {percent} %: it is between 0 and 100 %"):
        segment.loss_rules("n1", percent)
