"""The table of requirements says what the tests say."""

import re

import pytest
import yaml

from tools import requirements

ROW = re.compile(r"\| [A-Z]{2,4}-\d{2} \|")


def lines_of(table: str) -> dict[str, tuple[set[str], str]]:
    """Row to its tests and its state."""
    cells = [[cell.strip() for cell in line.split("|")] for line in table.splitlines() if ROW.match(line)]
    return {row: (set(tests.split("<br>")) - {""}, state) for _, row, _, tests, state, _ in cells}


def test_the_table_claims_what_the_tool_finds() -> None:
    written = lines_of(requirements.TABLE.read_text(encoding="utf-8"))

    made = lines_of(requirements.table())

    assert written.keys() == made.keys()
    for row, (tests, state) in written.items():  # a test that came since is no lie; `--check` asks for it at a release
        assert tests <= made[row][0], f"{row}: run python tools/requirements.py"
        assert state == made[row][1] or not tests, f"{row}: run python tools/requirements.py"


def test_every_row_stands_in_the_table_once() -> None:
    told = yaml.safe_load(requirements.ROWS.read_text(encoding="utf-8"))
    rows = [f"{group}-{number}" for group, each in told["groups"].items() for number in each["rows"]]

    made = requirements.table()

    assert len(rows) == 283
    assert [row for row in rows if made.count(f"| {row} |") != 1] == []


def test_a_reason_keeps_a_row_open_whatever_its_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {
        "groups": {"IMP": {"title": "Import", "rows": {"01": "This", "02": "That", "03": "More"}}},
        "open": {"IMP-02": "half of it is missing"},
        "tests": {"IMP-03": ["test_something_else"]},
    }
    monkeypatch.setattr(requirements, "test_names", lambda: ["test_imp_02_that_works", "test_something_else"])
    monkeypatch.setattr(requirements.yaml, "safe_load", lambda _text: told)

    made = requirements.table()

    assert "| IMP-01 | This |  | open: no test is named after it |" in made
    assert "| IMP-02 | That | `test_imp_02_that_works` | open: half of it is missing |" in made
    assert "| IMP-03 | More | `test_something_else` | met |" in made


def test_a_test_of_a_row_that_nobody_knows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"groups": {"IMP": {"title": "Import", "rows": {"01": "This"}}}, "open": {}, "tests": {}}
    monkeypatch.setattr(requirements, "test_names", lambda: ["test_imp_09_that_works"])

    with pytest.raises(ValueError, match="IMP-09"):
        requirements.tests_by_row(told)
