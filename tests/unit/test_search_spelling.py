"""How far apart two words are, and that whoever mistypes one leaves something of it."""

from __future__ import annotations

import pytest

from documents.search.spelling import distance, near


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [
        ("faktura", "faktura", 0),
        ("faktrua", "faktura", 1),
        ("faktra", "faktura", 1),
        ("umowaa", "umowa", 1),
        ("", "ab", 2),
    ],
)
def test_a_swap_a_gap_and_a_letter_too_many_are_one_step(one: str, other: str, steps: int) -> None:
    assert distance(one, other) == distance(other, one) == steps


@pytest.mark.parametrize("typed", ["faktrua", "faktra", "fakturra", "faktuura", "faxtura", "kaftura", "afktura"])
def test_what_is_left_of_a_mistyped_word_meets_what_is_left_of_the_word(typed: str) -> None:
    assert set(near(typed)) & set(near("faktura"))
    assert len(near("faktura")) <= 29
