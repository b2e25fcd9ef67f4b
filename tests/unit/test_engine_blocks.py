"""Nested blocks, drawn by chance: the engine does what a second, independent reading of the standard says."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.identity import SYSTEM
from engine.rehearsal import Rehearsal
from tests.engine_blocks import Activity, models
from tests.engine_drawn import Diagram
from tests.engine_expected import Expected, UncaughtError
from tests.engine_stage import begin, message, waiting

Choices = list[tuple[int, bool]]  # which of those things happens that can, and whether a loop that ends goes round
choices = st.lists(st.tuples(st.integers(0, 1 << 16), st.booleans()), min_size=10, max_size=30)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(models(), choices)
def test_nested_blocks_do_what_the_standard_says_of_them(model: Activity, choices: Choices) -> None:
    main, called = Diagram(model).files()
    expected, stage = Expected(model), begin(main, called=called)
    happened: list[str] = []
    agree(stage, expected, happened)

    for number, expected.goes_round in choices:
        if not expected.waiting():
            return
        chosen = expected.waiting()[number % len(expected.waiting())]
        chosen = next(each for each in expected.waiting() if each.name == chosen.name)  # the oldest of those alike
        happened.append(f"{chosen.name}{'+' if expected.goes_round else ''}")
        happen(stage, chosen.name, expected.goes_round)
        try:
            expected.happens(chosen)
        except UncaughtError:
            assert stage.is_stopped, happened
            return
        agree(stage, expected, happened)


def happen(stage: Rehearsal, name: str, goes_round: bool) -> None:
    """The oldest of those with this name."""
    match name[0]:
        case "m":
            message(stage, name)
        case "t" | "u":
            token = next(token for token, each in stage.work.items() if each.node.id == name)
            stage.complete(token, {f"again{name[1:]}": goes_round}, SYSTEM)
        case _:
            stage.fire(next(timer for timer in stage.timers if stage.armed_at(timer) == name))


def agree(stage: Rehearsal, expected: Expected, happened: list[str]) -> None:
    """The same tasks, messages and timers are waited for, or the case has ended in both."""
    assert not stage.is_stopped, (happened, stage.incidents)
    listening = [each.name for each in stage.subscriptions.values()]
    timers = [str(stage.armed_at(timer)) for timer in stage.timers]
    assert sorted(waiting(stage) + listening + timers) == sorted(each.name for each in expected.waiting()), happened
    assert (stage.case.state == "completed") is expected.is_done, happened
