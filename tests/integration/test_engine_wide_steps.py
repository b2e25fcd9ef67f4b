"""What comes to a case with many tokens costs what it touches: signals, and answers that are kept for a repetition."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from engine import answers, runtime
from engine.live_cases import live_cases
from engine.signals import SignalInstance
from engine.spiff import parts
from engine.spiff.wide import Wide
from tests.engine_world import EVERYTHING, World, bpmn, line, person

VOTE = (
    '<userTask id="vote"><multiInstanceLoopCharacteristics camunda:collection="people" '
    'camunda:elementVariable="one"/></userTask>'
)
NOTE = (
    '<subProcess id="watch" triggeredByEvent="true"><startEvent id="ping" isInterrupting="false">'
    '<signalEventDefinition signalRef="signal"/></startEvent><userTask id="note"/><endEvent id="noted"/>'
    '<sequenceFlow id="to_note" sourceRef="ping" targetRef="note"/>'
    '<sequenceFlow id="to_end" sourceRef="note" targetRef="noted"/></subProcess>'
)
SIGNAL = '<signal id="signal" name="ping"/>'
BOSS = person("boss", permissions=EVERYTHING | {"message.publish"})


@pytest.fixture
def world(engine: Engine, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """As in production: no round trips, which would look at everything each time."""
    monkeypatch.setattr(runtime, "ROUND_TRIPS", False)
    monkeypatch.setattr(parts, "CHUNK", [64])
    live_cases.clear()
    found = World(engine, clock)
    found.deploy(bpmn(line(VOTE, names=("vote",)) + NOTE, roots=SIGNAL))
    yield found
    live_cases.clear()


def ping(world: World, instance_id: str) -> bool:
    return world.do(SignalInstance(instance_id=instance_id, name="ping"), BOSS)


def test_a_signal_looks_at_as_many_tokens_however_many_there_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []
    learn = Wide._learn

    def watched(wide: Wide, task: Any) -> None:
        looked_at[-1] += 1
        learn(wide, task)

    for number in (100, 400):
        started = world.start(people=list(range(number)))
        with monkeypatch.context() as watching:
            watching.setattr(Wide, "_learn", watched)
            looked_at.append(0)
            assert ping(world, started.id)

    assert looked_at[0] == looked_at[1] < 20


def test_a_signal_reaches_a_wide_case_each_time_also_after_a_restart(world: World) -> None:
    started = world.start(people=list(range(100)))

    for number in (1, 2, 3):
        if number == 2:
            live_cases.clear()
        assert ping(world, started.id)
        assert world.rows("SELECT count(*) FROM work_item WHERE element_id = 'note'") == [(number,)]
        (case,) = [case for (identifier, _), case in live_cases._cases.items() if identifier == started.id]
        case._tree.wide.check()


def test_a_repeated_completion_of_a_wide_case_is_answered_the_same(world: World) -> None:
    started = world.start(people=list(range(answers.MANY + 20)))
    given = []
    for number, task in enumerate(started.tasks[3:9]):
        world.clock.advance(timedelta(seconds=1))
        given.append(world.complete(task.id, key=f"k{number}"))
        if number == 2:
            world.clock.advance(timedelta(seconds=1))
            ping(world, started.id)

    again = [world.complete(task.id, key=f"k{number}") for number, task in enumerate(started.tasks[3:9])]

    assert again == given
    ((longest,),) = world.rows("SELECT max(length(answer::text)) FROM task_history")
    assert longest < 200


def test_the_answer_is_the_same_on_both_sides_of_many(world: World) -> None:
    started = world.start(people=list(range(answers.MANY + 3)))
    given = []
    for number, task in enumerate(started.tasks):
        world.clock.advance(timedelta(seconds=1))
        given.append(world.complete(task.id, key=f"k{number}"))

    assert [len(each.tasks) for each in given[:4]] == [answers.MANY + 2 - number for number in range(4)]
    assert [world.complete(task.id, key=f"k{number}") for number, task in enumerate(started.tasks)] == given


@pytest.mark.parametrize("is_sequential", [True, False])
def test_a_completed_instance_writes_as_little_of_the_state_however_many_there_are(
    world: World, is_sequential: bool
) -> None:
    ways = f'isSequential="{str(is_sequential).lower()}" obieg:outputCollection="said" obieg:outputElement="one"'
    each = VOTE.replace("camunda:elementVariable", f"{ways} camunda:elementVariable")
    world.deploy(bpmn(line(each, names=("vote",))))
    written = []
    for number in (100, 400):
        tasks = [task.id for task in world.start(people=list(range(number))).tasks]
        for _ in range(number - 5):  # the last ones are few tokens with long lists
            tasks += [task.id for task in world.complete(tasks.pop(0)).tasks[-1:] if is_sequential]
        written.append(
            world.rows(
                "SELECT count(part), coalesce(sum(length(part.content::text)), 0) / 1000, length(snapshot::text) / 500 "
                "FROM instance LEFT JOIN instance_part part ON part.instance_id = id AND part.xmin = instance.xmin "
                "GROUP BY instance.id ORDER BY instance.id DESC LIMIT 1"
            )[0]
        )

    assert written[0] == written[1], written
    assert written[0][0] == (4 if is_sequential else 3)
