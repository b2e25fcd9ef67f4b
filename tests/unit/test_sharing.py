"""Runs that share the tests leave none out and run none twice."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.sharing import taken

FILES = ("tests/e2e/test_a.py", "tests/unit/test_b.py", "tests/e2e/test_c.py", "tests/integration/test_d.py")


def found() -> list[Any]:
    return [SimpleNamespace(nodeid=f"{file}::test_{number}") for file in FILES for number in range(3)]


def test_two_runs_have_every_test_once_and_no_file_in_both(tmp_path: Path) -> None:
    first, second = taken(found(), tmp_path), taken(found(), tmp_path)

    one, other = [next(first).nodeid], [next(second).nodeid]
    one += [each.nodeid for each in first]
    other += [each.nodeid for each in second]

    assert sorted(one + other) == sorted(each.nodeid for each in found())
    assert not {each.partition("::")[0] for each in one} & {each.partition("::")[0] for each in other}


def test_what_shares_a_browser_stays_together_and_comes_first(tmp_path: Path) -> None:
    first, second = taken(found(), tmp_path), taken(found(), tmp_path)

    browsers = [next(first).nodeid for _ in range(6)]
    other = next(second).nodeid

    assert {each.partition("::")[0] for each in browsers} == {FILES[0], FILES[2]}
    assert other.startswith("tests/integration/")


def test_what_a_run_has_begun_nobody_else_takes(tmp_path: Path) -> None:
    first = taken(found(), tmp_path)
    next(first)

    rest = [each.nodeid for each in taken(found(), tmp_path)]

    assert {each.partition("::")[0] for each in rest} == {FILES[1], FILES[3]}
    assert {each.nodeid.partition("::")[0] for each in first} == {FILES[0], FILES[2]}
