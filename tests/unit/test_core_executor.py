"""The executor: right first, then the unit, again when somebody was faster, one line for each command."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from core.errors import Conflict, Forbidden, StaleState
from core.executor import TRIES, Executor, Registry
from core.identity import SYSTEM, Actor
from core.messages import Command
from core.records import dataclass

EVA = Actor(id="eva", name="Eva", permissions=frozenset({"task.work"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Work(Command):
    secret: str = "form data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Command):
    quiet: ClassVar[bool] = True
    found: int


@dataclass
class Unit:
    actor: Actor
    stale_commits: int
    commits: int = 0

    def commit(self) -> None:
        self.commits += 1
        if self.commits <= self.stale_commits:
            raise StaleState("somebody was faster")


class Units:
    """Opens units whose first `stale` ones find that somebody was faster."""

    def __init__(self, stale: int = 0) -> None:
        self.stale = stale
        self.opened: list[Unit] = []

    @contextmanager
    def begin(self, actor: Actor) -> Iterator[Unit]:
        unit = Unit(actor, stale_commits=1 if len(self.opened) < self.stale else 0)
        self.opened.append(unit)
        yield unit


def make_executor(function: Any = lambda _command, _unit: "done", *, needs: str | None = None, stale: int = 0) -> Any:
    registry = Registry()
    registry.handles(Work, needs=needs)(function)
    units = Units(stale)
    return Executor(units, registry=registry), units


def test_returns_what_the_function_returns_after_one_commit() -> None:
    executor, units = make_executor()

    assert executor.execute(Work(), actor=EVA) == "done"
    assert [(unit.actor, unit.commits) for unit in units.opened] == [(EVA, 1)]


def test_without_the_right_nothing_is_opened() -> None:
    executor, units = make_executor(needs="case.administer")

    with pytest.raises(Forbidden, match=r"case\.administer") as refused:
        executor.execute(Work(), actor=EVA)

    assert units.opened == []
    assert refused.value.details == {"permission": "case.administer"}


@pytest.mark.parametrize(("actor", "needs"), [(EVA, "task.work"), (SYSTEM, "anything"), (EVA, None)])
def test_who_has_the_right_may(actor: Actor, needs: str | None) -> None:
    executor, _ = make_executor(needs=needs)

    assert executor.execute(Work(), actor=actor) == "done"


def test_tries_again_in_a_new_unit_when_somebody_was_faster() -> None:
    executor, units = make_executor(stale=TRIES - 1)

    assert executor.execute(Work(), actor=EVA) == "done"
    assert len(units.opened) == TRIES


def test_gives_up_after_some_tries() -> None:
    executor, units = make_executor(stale=100)

    with pytest.raises(StaleState):
        executor.execute(Work(), actor=EVA)

    assert len(units.opened) == TRIES


@pytest.mark.parametrize("error", [Conflict("done already"), ZeroDivisionError()])
def test_any_other_error_is_not_tried_again_and_not_committed(error: Exception) -> None:
    def fail(_command: Work, _unit: Unit) -> None:
        raise error

    executor, units = make_executor(fail)

    with pytest.raises(type(error)):
        executor.execute(Work(), actor=EVA)

    assert [unit.commits for unit in units.opened] == [0]


def test_a_command_has_one_function() -> None:
    registry = Registry()
    registry.handles(Work, needs=None)(lambda _command, _unit: None)

    with pytest.raises(ValueError, match="Work has a function already"):
        registry.handles(Work, needs=None)(lambda _command, _unit: None)
    assert list(registry.commands()) == [Work]


def test_one_line_tells_of_a_command_and_nothing_of_its_data(caplog: pytest.LogCaptureFixture) -> None:
    executor, _ = make_executor(stale=2)

    with caplog.at_level(logging.INFO, "core.executor"):
        executor.execute(Work(secret="hunter2"), actor=EVA)

    (line,) = caplog.records
    assert (line.levelname, line.getMessage()) == ("INFO", "command executed")
    assert (vars(line)["action"], vars(line)["actor"]) == ("Work", "eva")
    assert vars(line)["milliseconds"] >= 0
    assert "hunter2" not in str(vars(line))


def test_one_line_without_a_traceback_tells_of_a_refusal(caplog: pytest.LogCaptureFixture) -> None:
    executor, _ = make_executor(needs="case.administer")

    with caplog.at_level(logging.INFO, "core.executor"), pytest.raises(Forbidden):
        executor.execute(Work(), actor=EVA)

    (line,) = caplog.records
    assert (line.levelname, line.getMessage(), vars(line)["code"]) == ("INFO", "command refused", "forbidden")
    assert line.exc_info is None


def test_a_quiet_command_that_did_nothing_leaves_no_line(caplog: pytest.LogCaptureFixture) -> None:
    registry = Registry()
    registry.handles(Tick, needs=None)(lambda command, _unit: command.found)
    executor = Executor(Units(), registry=registry)

    with caplog.at_level(logging.INFO):
        executor.execute(Tick(found=0), actor=SYSTEM)
        executor.execute(Tick(found=2), actor=SYSTEM)

    assert [record.message for record in caplog.records] == ["command executed"]
