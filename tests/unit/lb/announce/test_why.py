from itertools import chain

import pytest

from lb.announce.why import Why, WhyNobody


@pytest.mark.parametrize("why", [*Why, *WhyNobody])
def test_a_reason_is_a_clause_that_a_person_can_read_in_a_sentence(why):
    assert str(why) == why.value
    assert why.value.isprintable()
    assert not why.value.endswith(".")


def test_no_two_reasons_read_alike():
    clauses = [why.value for why in chain(Why, WhyNobody)]
    assert len(set(clauses)) == len(clauses)
