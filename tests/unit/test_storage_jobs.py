"""Kinds of jobs, and how long a failed one waits; what a test does without its backend."""

import pytest

from core.errors import Forbidden, InvalidInput, NotFound, StaleState, StorageFull, Unavailable
from storage.jobs.registry import ATTEMPTS, LONGEST_PAUSE, JobKind, JobRegistry
from tests.backends import missing


def make_kind(attempts: int = ATTEMPTS) -> JobKind:
    return JobKind(name="work", function=lambda _context, _arguments: None, attempts=attempts)


def test_pauses_double_until_they_are_an_hour() -> None:
    kind = make_kind(attempts=20)

    pauses = [kind.pause(Unavailable("away"), tried) for tried in range(1, 15)]

    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, LONGEST_PAUSE]


def test_a_job_is_given_up_after_its_attempts() -> None:
    assert make_kind(attempts=3).pause(ZeroDivisionError(), 2) == 2
    assert make_kind(attempts=3).pause(ZeroDivisionError(), 3) is None


@pytest.mark.parametrize("error", [InvalidInput("no"), NotFound("no"), Forbidden("no")])
def test_a_refusal_for_good_ends_a_job_at_once(error: Exception) -> None:
    assert make_kind().pause(error, 1) is None


@pytest.mark.parametrize("error", [StaleState("again"), Unavailable("away"), StorageFull("full"), OSError()])
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    assert make_kind().pause(error, 1) == 1


def test_a_name_has_one_function() -> None:
    registry = JobRegistry()
    registry.job("work")(lambda _context, _arguments: None)

    with pytest.raises(ValueError, match="'work' has a function already"):
        registry.job("work")(lambda _context, _arguments: None)
    with pytest.raises(LookupError, match="no job is called 'play'"):
        registry.of("play")
    assert [kind.name for kind in registry] == ["work"]


def test_a_missing_backend_fails_where_everything_must_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="S3 is missing: install it"):
        missing("S3", "install it")


def test_a_missing_backend_says_why_a_test_does_not_run_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="S3 is missing: install it"):
        missing("S3", "install it")
