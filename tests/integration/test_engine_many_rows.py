"""What a command writes as many rows at once is what it would write as single ones."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from engine import runtime, store
from tests.engine_world import World, bpmn, flow, line

EACH = '<multiInstanceLoopCharacteristics camunda:collection="=all" camunda:elementVariable="one"/>'
INSIDE = (
    '<startEvent id="begin"/><parallelGateway id="fork"/>'
    '<userTask id="ask" name="Ask &quot;%(why)s&quot; \\n {0}" camunda:assignee="=one.name"'
    ' camunda:candidateGroups="=one.groups" camunda:dueDate="=one.due" camunda:priority="=one.priority"/>'
    '<boundaryEvent id="late" attachedToRef="ask"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
    "</timerEventDefinition></boundaryEvent>"
    '<receiveTask id="hear" messageRef="m" obieg:correlationKey="=if one.priority = 99 then '
    '&quot;a\\u0000b&quot; else one.name"/>'
    '<serviceTask id="work" camunda:type="external" camunda:topic="labels">'
    '<extensionElements><camunda:inputOutput><camunda:inputParameter name="one">=one</camunda:inputParameter>'
    "</camunda:inputOutput></extensionElements>"
    "</serviceTask>"
    + flow("begin", "fork")
    + flow("fork", "ask")
    + flow("fork", "hear")
    + flow("fork", "work")
    + flow("late", "hear")
)
PROCESS = bpmn(
    line(f'<subProcess id="each">{INSIDE}{EACH}</subProcess>', names=("each",)),
    roots='<message id="m" name="paid"/>',
    attributes='obieg:searchable="one"',
)
NAMES = (
    "Łódź", "it's", 'say "x"', "back\\slash", "100 %s", "%(id)s", "{braces}", "a,b", "ünïcödé 😀", " spaces ", "null",
    "line\nbreak\tand tab", "\\u0000", "<script>",
)  # fmt: skip
LEAVING_OUT = frozenset({"id", "instance_id", "number", "definition_id", "business_key", "loop_id"})


@pytest.fixture
def world(engine: Engine, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(runtime, "ROUND_TRIPS", False)
    world = World(engine, clock)
    world.deploy(PROCESS)
    return world


def one(number: int, name: str) -> dict[str, Any]:
    due = None if number % 3 else f"2026-02-{number + 1:02}T08:00:00.123456Z"
    exact = Decimal("12345678901234567890.123456789")
    return {"name": name, "groups": [name, "b,c", "{d}"], "due": due, "priority": number, "exact": exact, "no": None}


def written(world: World, table: str, instance_ids: list[str]) -> list[dict[str, Any]]:
    """All rows of cases as JSON holds them, but what differs from case to case."""
    listed = ", ".join(f"'{each}'" for each in instance_ids)
    found = world.rows(f"SELECT to_jsonb(t)::text FROM {table} t WHERE instance_id IN ({listed})")
    rows = [parsed(row[0]) for row in found]
    kept = [{key: value for key, value in row.items() if key not in LEAVING_OUT} for row in rows]
    return sorted(kept, key=repr)


def parsed(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return found


@pytest.mark.parametrize("table", ["work_item", "timer", "message_subscription", "service_call"])
def test_many_rows_are_written_as_single_ones_are(world: World, table: str) -> None:
    everything = [one(number, name) for number, name in enumerate(NAMES)]
    assert len(everything) > store.FEW

    many = world.start(all=everything).id
    single = [world.start(all=[each]).id for each in everything]

    assert len(written(world, table, [many])) == len(NAMES)
    assert written(world, table, [many]) == written(world, table, single)


def test_the_history_of_many_tokens_is_written_as_of_single_ones(world: World) -> None:
    everything = [one(number, name) for number, name in enumerate(NAMES)]

    many = world.start(all=everything).id
    single = [world.start(all=[each]).id for each in everything]

    around = {"start", "each"}  # once in a case
    told, once = (
        [row for row in written(world, "token_log", ids) if row["element_id"] not in around] for ids in ([many], single)
    )
    assert len(told) >= 5 * len(NAMES)
    assert told == once


@pytest.mark.parametrize("beside", [0, len(NAMES)], ids=["alone", "many"])
def test_a_key_that_no_column_holds_is_an_incident_also_when_it_is_one_of_many(world: World, beside: int) -> None:
    everything = [one(number, name) for number, name in enumerate(NAMES[:beside])]

    world.start(all=[*everything, {**one(1, "x"), "priority": 99}])

    assert world.rows("SELECT element_id FROM incident") == [("hear",)]
    assert world.rows("SELECT count(*) FROM message_subscription") == [(beside,)]


def test_thousands_of_elements_begin_at_once(world: World) -> None:
    everything = [one(number % 20, f"clerk {number}") for number in range(1_900)]

    started = world.start(all=everything).id

    counts = world.rows(f"SELECT count(*), count(DISTINCT assignee) FROM work_item WHERE instance_id = '{started}'")
    assert counts == [(1_900, 1_900)]
