"""Nested blocks, drawn by chance: the engine does what a second, independent reading of the standard says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.identity import SYSTEM
from engine.migration.moving import check_instance, moved
from engine.migration.plans import Plan, check_plan, generated
from engine.rehearsal import Rehearsal
from tests.engine_blocks import Activity, models
from tests.engine_drawn import Diagram
from tests.engine_expected import Expected, UncaughtError
from tests.engine_stage import begin, message, programs, waiting

Choices = list[tuple[int, bool]]  # which of those things happens that can, and whether a loop that ends goes round
choices = st.lists(st.tuples(st.integers(0, 1 << 16), st.booleans()), min_size=10, max_size=30)
BEFORE = {"a": 1, "b": 2}
SEEN = ("a", "b", "c", "loopCounter")
NEW = "new_"  # what the ids of a later version begin with


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(models(), choices)
def test_nested_blocks_do_what_the_standard_says_of_them(model: Activity, choices: Choices) -> None:
    main, called = Diagram(model).files()

    play(model, begin(main, called=called, **BEFORE), choices)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(models(), choices, st.integers(0, 15))
def test_they_do_the_same_when_they_are_migrated_on_the_way(model: Activity, choices: Choices, at: int) -> None:
    main, called = Diagram(model).files()
    stage = begin(main, called=called, **BEFORE)

    play(model, stage, choices, lambda number: migrate(stage, main) if number == at else None)


def play(
    model: Activity, stage: Rehearsal, choices: Choices, between: Callable[[int], object] = lambda number: None
) -> None:
    """Let things happen to the case, and say what is expected."""
    expected = Expected(model, **BEFORE)
    happened: list[str] = []
    agree(stage, expected, happened)
    for step, (number, expected.goes_round) in enumerate(choices):
        if not expected.waiting():
            return
        between(step)
        expected.given = {"abc"[number % 3]: step + 10}
        chosen = expected.waiting()[number % len(expected.waiting())]
        chosen = next(each for each in expected.waiting() if each.name == chosen.name)  # the oldest of those alike
        happened.append(f"{chosen.name}{'+' if expected.goes_round else ''}")
        happen(stage, chosen.name, {**expected.given, f"again{chosen.name[1:]}": expected.goes_round})
        try:
            expected.happens(chosen)
        except UncaughtError:
            assert stage.is_stopped, happened
            return
        agree(stage, expected, happened)


def migrate(stage: Rehearsal, source: bytes) -> None:
    """Bring the case to a version where everything has another id, unless it is undoing something."""
    old, role = stage.root.program, stage.root
    nodes = old.process.nodes.values()
    ids = {node.id for node in nodes} | {flow.id for node in nodes for flow in node.outgoing}
    (new,) = programs(re.sub(rb'"([^"]+)"', lambda found: _renamed(found, ids), source))
    plan = Plan(old.process, new.process, generated(old.process, new.process, {each: NEW + each for each in ids}))
    assert check_plan(plan) == []
    snapshot = json.loads(json.dumps(role.case.snapshot()))
    problems = check_instance(snapshot, plan)
    if problems:
        assert any("undo" in each.sentence for each in problems), problems
        return
    role.program = new
    role.restore(moved(snapshot, plan).snapshot)
    taken = role.case.take_over(plan.fresh(), restart_timers=False)
    assert not taken.armed
    role.case.go_on()


def _renamed(found: re.Match[bytes], ids: set[str]) -> bytes:
    value = found[1].decode()
    return f'"{NEW}{value}"'.encode() if value in ids else found[0]


def happen(stage: Rehearsal, name: str, given: dict[str, Any]) -> None:
    """The oldest of those with this name."""
    match name[0]:
        case "a":
            stage.signal(name, {})
        case "m":
            message(stage, name)
        case "t" | "u":
            token = next(token for token, each in stage.work.items() if each.node.id.removeprefix(NEW) == name)
            stage.complete(token, given, SYSTEM)
        case _:
            stage.fire(next(timer for timer in stage.timers if armed_at(stage, timer) == name))


def agree(stage: Rehearsal, expected: Expected, happened: list[str]) -> None:
    """The same tasks, messages and timers are waited for, or the case has ended in both."""
    assert not stage.is_stopped, (happened, stage.incidents)
    listening = [each.name for each in stage.subscriptions.values()]
    timers = [armed_at(stage, timer) for timer in stage.timers]
    tasks = [each.removeprefix(NEW) for each in waiting(stage)]
    assert sorted(tasks + listening + timers) == sorted(each.name for each in expected.waiting()), happened
    assert (stage.case.state == "completed") is expected.is_done, happened
    if not expected.has_undone:  # what undoes sees the variables of then
        there = [
            (work.node.id.removeprefix(NEW), *(None if value is None else int(value) for value in map(seen.get, SEEN)))
            for token, work in stage.work.items()
            for seen in [stage.ensemble.playing(token).case.seen_by(token)]
        ]
        wanted = [(each.name, *map(each.owner.value, SEEN)) for each in expected.waiting() if each.name[0] == "t"]
        assert sorted(there, key=str) == sorted(wanted, key=str), happened


def armed_at(stage: Rehearsal, timer: str) -> str:
    """The element of a timer, as the first version calls it."""
    return str(stage.armed_at(timer)).removeprefix(NEW)
