"""The token simulation's models: whatever passed once goes on passing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine import runtime
from tests.conformance import token_simulation_suite as suite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.token_simulation_suite import Result


@pytest.fixture(scope="module")
def results() -> Iterator[list[Result]]:
    folder = suite.suite_folder()
    if not folder.is_dir():
        pytest.skip(f"there is no token simulation at {folder}; set SUITES to the folder that holds it")
    before = runtime.ROUND_TRIPS
    yield list(suite.run_suite(folder))
    runtime.ROUND_TRIPS = before


def test_every_trace_is_the_expected_one_or_is_known_to_differ(results: list[Result]) -> None:
    known = suite.known_failures()

    assert [f"{each.name}: {each.reason}" for each in results if not each.passed and each.name not in known] == []


def test_no_trace_is_listed_as_differing_that_is_the_expected_one(results: list[Result]) -> None:
    assert suite.known_failures().keys() & {each.name for each in results if each.passed} == set()


def test_every_known_difference_has_a_reason() -> None:
    assert all(suite.known_failures().values())
