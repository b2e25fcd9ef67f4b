"""What the house style promises about files and names, held by a machine."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
LONGEST_FILE = 400  # lines
ALONE = {"audit/verifier.py"}  # evidence packs carry it as their only program, so it must not import another
VAGUE = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}


def modules() -> Iterator[Path]:
    for package in [*PACKAGES, "tests"]:
        for path in (ROOT / package).rglob("*.py"):
            if not {"node_modules", "__pycache__"} & set(path.parts):
                yield path


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {named(path): len(path.read_text().splitlines()) for path in modules()}

    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE and name not in ALONE} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        named(path)
        for path in modules()
        if "tests" not in path.parts and ast.get_docstring(ast.parse(path.read_text())) is None
    ]

    assert silent == []


def test_no_name_is_vague() -> None:
    assert [named(path) for path in modules() if {path.stem, *path.parts} & VAGUE] == []


def test_only_the_clock_asks_the_computer_for_the_time() -> None:
    asking = []
    for path in modules():
        if named(path) == "core/clock.py" or "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
                name = ast.unparse(node)
                if name in {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now"}:
                    asking.append(f"{named(path)}:{node.lineno}")

    assert asking == []


def test_nobody_else_claims_our_top_level_names() -> None:
    claimed = importlib.metadata.packages_distributions()

    assert {name: claimed[name] for name in PACKAGES if set(claimed.get(name, [])) - {"obieg"}} == {}


def test_every_lower_bound_is_of_the_release_that_the_tests_pass_with() -> None:
    lines = (ROOT / "constraints.txt").read_text().lower().replace("_", "-").splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["project"]["dependencies"], *extras["frontend"], *extras["test"], *extras["dev"]]
    bounds = [re.match(r"([a-z0-9-]+).*>=([\d.]+)", each) for each in wanted]

    untested = {
        bound[1]: (bound[2], pinned.get(bound[1]))
        for bound in bounds
        if bound is not None and not f"{pinned.get(bound[1])}.".startswith(f"{bound[2]}.")
    }
    assert untested == {}


def test_constraints_hold_versions_and_no_addresses() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()

    assert [line for line in lines if not re.fullmatch(r"#.*|[A-Za-z0-9_.-]+==[a-z0-9.]+", line)] == []


@pytest.mark.parametrize("name", PACKAGES)
def test_our_top_level_names_are_not_those_of_the_standard_library(name: str) -> None:
    assert name not in sys.stdlib_module_names


@pytest.mark.parametrize("name", PACKAGES)
def test_what_is_imported_under_our_names_is_ours(name: str) -> None:
    module = importlib.import_module(name)

    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(ROOT)
