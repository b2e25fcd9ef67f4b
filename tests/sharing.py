"""Several runs of pytest share the tests: each takes the next file that nobody has, until none is left.

Loaded by `-p tests.sharing --share FOLDER`; every run finds all tests, and what was taken has an empty file in FOLDER.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

TOGETHER = "tests/e2e/"  # have one installation and one browser
FIRST = (TOGETHER, "tests/integration/test_cli_demo.py", "tests/integration/")  # what takes longest must not come last


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", type=Path, metavar="FOLDER", help="where runs that share the tests note what they took")


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """As pytest's own loop, over the tests that this run takes."""
    folder: Path | None = session.config.option.share
    if folder is None or session.testsfailed or session.config.option.collectonly:
        return None
    taking = taken(session.items, folder)
    item = next(taking, None)
    while item is not None:
        following = next(taking, None)  # says which fixtures go on
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    return True


def taken(items: list[pytest.Item], folder: Path) -> Iterator[pytest.Item]:
    """The tests of each file that nobody had taken when its turn came."""
    parts: dict[str, list[pytest.Item]] = {}
    for item in sorted(items, key=turn):
        parts.setdefault(part(item), []).append(item)
    for name, tests in parts.items():
        try:
            (folder / name.replace("/", ".")).touch(exist_ok=False)
        except FileExistsError:
            continue
        yield from tests


def part(item: pytest.Item) -> str:
    """What is taken as one: a file, or those of a folder that share what is dear."""
    file = item.nodeid.partition("::")[0]
    return TOGETHER if file.startswith(TOGETHER) else file


def turn(item: pytest.Item) -> int:
    """Tests in this order; those of one turn stay as they were."""
    return next((number for number, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))
