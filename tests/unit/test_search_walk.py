"""How many entries a walk through the index wants."""

from __future__ import annotations

from documents.search.finding import SAMPLED, WINDOW, WINDOW_APART, _Walk


def test_of_what_lies_far_apart_fewer_are_looked_at_since_each_costs_a_read() -> None:
    dense = _Walk(1000, WINDOW, is_even=True, found=[], looked_at=SAMPLED, candidates=SAMPLED * 100)
    apart = _Walk(1000, WINDOW, is_even=True, found=[], looked_at=SAMPLED, candidates=SAMPLED * 10)
    unsure = _Walk(1000, WINDOW, is_even=True, found=[], looked_at=2, candidates=0)

    assert [each.wanted for each in (dense, apart, unsure)] == [WINDOW, WINDOW_APART, WINDOW]


def test_a_walk_that_wants_few_never_wants_more() -> None:
    apart = _Walk(1000, 8, is_even=True, found=[], looked_at=SAMPLED, candidates=1)

    assert apart.wanted == 8
