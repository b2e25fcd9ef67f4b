"""Makes docs/requirements.md: which tests prove each row, and which rows are open, from the names of the tests.

`python tools/requirements.py` writes the table, `--check` only says whether it is up to date.
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "docs/requirements.yaml"
TABLE = ROOT / "docs/requirements.md"
NAMED = re.compile(r"test_([a-z]{2,4})_(\d{2})_\w+")
HEAD = """# Requirements and their tests

Made by `python tools/requirements.py` from `docs/requirements.yaml` and the names of the tests: a test that proves a
row begins with its id, such as `test_cus_01_…`. A row is *met* when tests prove it and nothing of it is known to be
missing.

| group | | rows | met |
|---|---|---:|---:|
"""
UNPROVED = "no test is named after it"


def main(options: list[str]) -> int:
    """Write the table, or compare it; returns 1 when it is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    made = table()
    if not parser.parse_args(options).check:
        TABLE.write_text(made, encoding="utf-8")
    elif not TABLE.exists() or TABLE.read_text(encoding="utf-8") != made:
        print("docs/requirements.md is out of date. Run: python tools/requirements.py")
        return 1
    return 0


def table() -> str:
    """The document. Raises `ValueError` for what names a row or a test that is not there."""
    told = yaml.safe_load(ROWS.read_text(encoding="utf-8"))
    proofs = tests_by_row(told)
    summary, sections = [], []
    for group, each in told["groups"].items():
        rows = [
            (f"{group}-{number}", title, proofs.get(f"{group}-{number}", [])) for number, title in each["rows"].items()
        ]
        states = {row: _state(row, tests, told["open"]) for row, _, tests in rows}
        met = sum(state == "met" for state in states.values())
        summary.append(f"| [{group}](#{group.lower()}) | {each['title']} | {len(rows)} | {met} |")
        sections.append(f"\n## {group}\n\n{each['title']}.\n\n| row | what | tests | state |\n|---|---|---|---|\n")
        sections += [
            f"| {row} | {title} | {'<br>'.join(f'`{test}`' for test in tests)} | {states[row]} |\n"
            for row, title, tests in rows
        ]
    return HEAD + "\n".join(summary) + "\n" + "".join(sections)


def tests_by_row(told: Mapping[str, Any]) -> dict[str, list[str]]:
    """Names of tests by row, those that `told` adds included. Raises `ValueError` for unknown rows and tests."""
    rows = {f"{group}-{number}" for group, each in told["groups"].items() for number in each["rows"]}
    names = sorted(set(test_names()))
    found: dict[str, list[str]] = {}
    for name in names:
        match = NAMED.fullmatch(name)
        if match is None or match[1].upper() not in told["groups"]:
            continue
        row = f"{match[1].upper()}-{match[2]}"
        if row not in rows:
            raise ValueError(f"{name} names the row {row}, which docs/requirements.yaml does not have.")
        found.setdefault(row, []).append(name)
    for row, more in told["tests"].items():
        found[row] = sorted({*found.get(row, []), *more})
    unknown = {*told["open"], *told["tests"]} - rows | {test for more in told["tests"].values() for test in more} - {
        *names
    }
    if unknown:
        raise ValueError(f"docs/requirements.yaml names what is not there: {', '.join(sorted(unknown))}.")
    return found


def test_names() -> Iterator[str]:
    """The names of all tests of the project, as they stand in the files."""
    for path in [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "processes").rglob("test_*.py")]:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node.name


def _state(row: str, tests: list[str], reasons: Mapping[str, str]) -> str:
    if row in reasons:
        return f"open: {reasons[row]}"
    return "met" if tests else f"open: {UNPROVED}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
