"""Cases with many tokens: stored in parts, of which a command writes only those that changed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from engine import runtime
from engine.instances import CancelInstance, SetVariables
from engine.live_cases import live_cases
from engine.migration.instances import MigrateInstance
from engine.migration.queries import plan_of, rehearse
from engine.operations import MoveTokens
from engine.queries import instance
from engine.runtime import Case
from engine.snapshots import state_of
from engine.spiff import parts
from engine.spiff.keeping import take_stored
from tests.engine_world import World, bpmn, line

LOOP = (
    '<userTask id="vote" obieg:stage="poll"><multiInstanceLoopCharacteristics camunda:collection="people" '
    'camunda:elementVariable="one" obieg:outputCollection="votes" obieg:outputElement="=one + vote"{more}/></userTask>'
)
VOTES = line(LOOP.replace("{more}", ""), '<userTask id="after"/>', names=("vote", "after"))
MANY = 150


@pytest.fixture
def world(engine: Engine, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """As in production: no round trips, which would write a state anew each time."""
    monkeypatch.setattr(runtime, "ROUND_TRIPS", False)
    monkeypatch.setattr(parts, "CHUNK", [64])
    monkeypatch.setattr(parts, "LONG", [100])
    live_cases.clear()
    yield World(engine, clock)
    live_cases.clear()


def numbers(world: World) -> list[int]:
    return [row[0] for row in world.rows("SELECT number FROM instance_part ORDER BY number")]


def check_stored(world: World, instance_id: str) -> dict[str, Any]:
    """What is stored is what the case in memory is; the stored state."""
    (case,) = [case for (identifier, _), case in live_cases._cases.items() if identifier == instance_id]
    with world.reading() as view:
        stored = state_of(view, instance_id)
    assert stored is not None
    assert stored.pop("parts", None) == (case._tree.parts or None)
    assert stored == case.snapshot()
    if case._tree.wide is not None:
        case._tree.wide.check()
    return stored


def begin(world: World, content: str = VOTES, **variables: Any) -> Any:
    world.deploy(bpmn(content))
    return world.start(**({"people": list(range(MANY))} | variables))


def test_each_completion_of_many_leaves_what_the_case_in_memory_is(world: World) -> None:
    started = begin(world)
    check_stored(world, started.id)

    for number, task in enumerate(started.tasks):
        answer = world.complete(task.id, vote=1000)
        if number % 40 == 7:
            live_cases.clear()  # another process goes on
        elif number < MANY - 1:
            check_stored(world, started.id)
            assert [each.id for each in answer.tasks] == [each.id for each in started.tasks[number + 1 :]]

    assert [each.element_id for each in answer.tasks] == ["after"]
    assert numbers(world) == []
    with world.reading() as view:
        found = instance(view, started.id)
    assert found.variables["votes"] == [1000 + number for number in range(MANY)]
    assert [token.element_id for token in found.tokens] == ["after"]


def test_tasks_completed_in_any_order_give_their_results_in_that_of_the_items(world: World) -> None:
    started = begin(world)

    for task in reversed(started.tasks[1:]):
        world.complete(task.id, vote=7)
    check_stored(world, started.id)
    world.complete(started.tasks[0].id, vote=7)

    assert world.rows("SELECT snapshot->'variables'->'votes' FROM instance") == [([n + 7 for n in range(MANY)],)]


def test_a_completion_writes_a_few_parts_however_many_there_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = (written(world, monkeypatch, people=list(range(number))) for number in (100, 1000))

    assert many < few * 1.3


def written(world: World, monkeypatch: pytest.MonkeyPatch, **variables: Any) -> int:
    """The characters of state that one completion sends."""
    started = begin(world, **variables)
    taken: list[parts.Stored] = []

    def watched(case: Case) -> parts.Stored:
        taken.append(take_stored(case._tree))
        return taken[-1]

    with monkeypatch.context() as watching:
        watching.setattr(Case, "take_stored", watched)
        world.complete(started.tasks[3].id, vote=1)
    (stored,) = taken
    return len(json.dumps(stored.head)) + sum(map(len, stored.changed.values()))


def test_pages_tell_of_all_tokens(world: World) -> None:
    started = begin(world)
    world.complete(started.tasks[0].id, vote=1)

    with world.reading() as view:
        found = instance(view, started.id)
        tokens = [(token.element_id, token.state) for token in found.tokens]

    assert tokens == [("vote", "waiting")] * (MANY - 1)
    assert found.variables["people"] == list(range(MANY))


def test_a_wide_case_is_migrated_and_planned(world: World) -> None:
    started = begin(world)
    world.complete(started.tasks[0].id, vote=1)
    before = world.rows("SELECT definition_id FROM instance")[0][0]
    (target,) = world.deploy(bpmn(VOTES.replace('id="after"', 'id="after" name="Afterwards"')))

    with world.reading() as view:
        (counted,) = [each for each in plan_of(view, before, target.id, {}).lines if each.element == "vote"]
        rehearsed = rehearse(view, before, target.id, {})
    world.do(MigrateInstance(instance_id=started.id, definition_id=target.id, reason="renamed"))
    check_stored(world, started.id)
    world.complete(started.tasks[1].id, vote=1)

    assert counted.instances == 1
    assert [each.works for each in rehearsed.items] == [True]
    check_stored(world, started.id)


def test_what_is_cancelled_or_removed_leaves_no_parts(world: World) -> None:
    started = begin(world)
    assert len(numbers(world)) > MANY

    world.do(CancelInstance(instance_id=started.id, reason="enough"))

    assert numbers(world) == []


def test_tokens_that_are_moved_away_take_their_parts_with_them(world: World) -> None:
    started = begin(world)

    world.do(MoveTokens(instance_id=started.id, source="vote", target="after", reason="enough"))

    assert numbers(world) == []
    check_stored(world, started.id)


def test_a_long_variable_is_written_when_it_changes(world: World) -> None:
    started = begin(world, note="short")

    world.do(SetVariables(instance_id=started.id, variables={"note": "long" * 100}, reason="a test"))
    check_stored(world, started.id)
    world.do(SetVariables(instance_id=started.id, variables={"note": "short"}, reason="a test"))

    assert check_stored(world, started.id)["variables"]["note"] == "short"
