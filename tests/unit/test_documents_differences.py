"""Differences of two texts: right for people, exact for machines, and quick on texts that were made to be slow."""

import time

from hypothesis import given
from hypothesis import strategies as st

from documents.differences import MOST_LINES, Difference, differences

CONTRACT = "\n".join(f"§ {n}. Clause number {n}." for n in range(1, 21))
LINES = st.lists(st.sampled_from(["a", "b", "c d", "", "e"]), max_size=25).map("\n".join)


def rebuilt(found: Difference, side: str) -> list[str]:
    return ["".join(span.text for span in getattr(row, side)) for row in found.rows if getattr(row, f"{side}_n")]


def test_the_changed_words_of_a_line_are_marked() -> None:
    (row,) = differences("payment in 14 days", "payment in 30 days").rows

    assert row.kind == "changed"
    assert [span.text for span in row.before if span.is_changed] == ["14"]
    assert [span.text for span in row.after if span.is_changed] == ["30"]


def test_unchanged_lines_far_from_a_change_are_folded() -> None:
    found = differences(CONTRACT, CONTRACT.replace("number 10", "number ten"))

    assert [row.kind for row in found.rows] == ["skipped", *["same"] * 3, "changed", *["same"] * 3, "skipped"]
    assert [row.count for row in found.rows if row.kind == "skipped"] == [6, 7]
    assert (found.added, found.removed, found.is_same) == (1, 1, False)


def test_equal_texts_have_no_difference() -> None:
    found = differences(CONTRACT, CONTRACT.replace("\n", "  \r\n"))

    assert found.is_same
    assert [row.kind for row in found.rows] == ["skipped"]


def test_an_added_paragraph_does_not_disturb_what_follows() -> None:
    lines = CONTRACT.splitlines()
    found = differences(CONTRACT, "\n".join([*lines[:5], "New.", "", *lines[5:]]))

    assert [row.kind for row in found.rows if row.kind not in ("same", "skipped")] == ["added", "added"]


@given(LINES, LINES)
def test_both_texts_can_be_rebuilt_from_the_rows(before: str, after: str) -> None:
    found = differences(before, after)

    if not any(row.kind == "skipped" for row in found.rows):
        assert rebuilt(found, "before") == before.splitlines()
        assert rebuilt(found, "after") == after.splitlines()
    assert found.is_same == (before.splitlines() == after.splitlines())


def test_texts_that_were_made_to_be_slow_take_bounded_time() -> None:
    before = "\n".join(str(n % 40) for n in range(MOST_LINES + 5))
    after = "\n".join(str(n % 41) for n in range(MOST_LINES))
    started = time.process_time()

    found = differences(before, after)

    assert time.process_time() - started < 5
    assert found.is_cut
