"""The funnel and the times of stages, counted from the history of real cases in the database."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.identity import Actor
from engine.instances import CancelInstance
from engine.queries import TaskFilter, tasks
from engine.reports import cohorts, durations
from engine.reports.cohorts import Wanted
from engine.reports.funnel import Funnel
from tests.engine_world import ADMIN, World, bpmn, chain, flow, person

STAGES = ("lead", "offer", "order")
DAY = timedelta(days=1)
REP, OTHER = person("rep"), person("other", "legal")
CHIEF = Actor(id="chief", name="Chief", permissions=frozenset({"report.read_all"}))
TASKS = "".join(
    f'<userTask id="{name}" name="Do {name}" obieg:stage="{name}" camunda:dueDate="=due" '
    'camunda:candidateUsers="=started_by"/>'
    f'<exclusiveGateway id="after_{name}" default="{name}_on"/>'
    for name in STAGES
)
MODEL = bpmn(
    '<startEvent id="start" camunda:initiator="started_by"/>'
    + TASKS
    + '<endEvent id="won" obieg:outcome="won"/><endEvent id="lost" obieg:outcome="lost"/>'
    + chain("start", "lead", "after_lead")
    + flow("offer", "after_offer")
    + flow("order", "after_order")
    + "".join(
        f'<sequenceFlow id="{name}_on" sourceRef="after_{name}" targetRef="{target}"/>'
        for name, target in zip(STAGES, (*STAGES[1:], "won"), strict=True)
    )
    + "".join(flow(f"after_{name}", "lost", '="lost" = answer') for name in STAGES)
    + flow("after_offer", "lead", '="back" = answer')
    + flow("after_lead", "order", '="skip" = answer'),
    attributes=f'name="Sell" obieg:stages="{",".join(STAGES)}" obieg:goals="won"',
)


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    made = World(engine, clock)
    made.deploy(MODEL)
    return made


def case(world: World, *answers: str, actor: Actor = REP) -> str:
    """A case that is answered so at each of its tasks."""
    started = world.start("process", actor, due="P1D")
    for answer in answers:
        with world.reading(ADMIN) as view:
            (task,) = tasks(view, TaskFilter(instance_id=started.id)).items
        world.complete(task.id, actor, answer=answer)
    return started.id


def told(funnel: Funnel) -> list[tuple[int, int, int]]:
    return [(each.reached, each.now, each.lost) for each in funnel.stages]


def test_a_cohort_is_counted_by_how_far_its_cases_came(world: World) -> None:
    case(world)
    case(world, "on")
    case(world, "on", "lost")
    case(world, "on", "back")
    case(world, "lost")
    case(world, "skip", "on")
    gone = case(world, "skip")
    world.do(CancelInstance(instance_id=gone, reason="No budget"))

    with world.reading() as view:
        found = cohorts.cohort(view, Wanted(plan=cohorts.plan(view, "process")))

    assert told(found) == [(7, 1, 1), (5, 2, 1), (2, 0, 1)]
    assert (found.started, found.won, found.win_rate) == (7, 1, Decimal(1) / 4)


def test_the_snapshot_counts_open_cases_where_they_are_now(world: World) -> None:
    case(world, "on", "back")
    case(world, "on")
    case(world, "lost")

    with world.reading() as view:
        found = cohorts.snapshot(view, Wanted(plan=cohorts.plan(view, "process")))

    assert found == {"lead": 1, "offer": 1, "order": 0}


def test_entries_are_counted_in_the_period_in_which_a_stage_was_first_reached(world: World) -> None:
    old = case(world, "on", "back")
    world.clock.advance(10 * DAY)
    since = world.clock.now()
    with world.reading() as view:
        (task,) = tasks(view, TaskFilter(instance_id=old)).items
    world.complete(task.id, REP, answer="skip")
    case(world, "skip")

    with world.reading() as view:
        plan = cohorts.plan(view, "process")
        now = cohorts.entries(view, Wanted(plan=plan, since=since))
        before = cohorts.entries(view, Wanted(plan=plan, until=since))

    assert now == {"lead": 1, "offer": 1, "order": 2}
    assert before == {"lead": 1, "offer": 1, "order": 0}


def test_a_period_takes_those_that_began_in_it(world: World) -> None:
    case(world)
    world.clock.advance(DAY)
    since = world.clock.now()
    case(world)
    world.clock.advance(DAY)
    until = world.clock.now()
    case(world)

    with world.reading() as view:
        found = cohorts.cohort(view, Wanted(plan=cohorts.plan(view, "process"), since=since, until=until))

    assert found.started == 1


def test_whoever_does_not_see_all_sees_the_figures_of_their_own_cases(world: World) -> None:
    case(world, "on", "on", "on")
    case(world, actor=OTHER)

    figures = {}
    for actor in (REP, CHIEF, person("nobody", permissions=frozenset())):
        with world.reading(actor) as view:
            wanted = Wanted(plan=cohorts.plan(view, "process"))
            times = durations.step_times(view, wanted)
            figures[actor.id] = (cohorts.cohort(view, wanted).started, sum(each.done for each in times))

    assert figures == {"rep": (1, 3), "chief": (2, 3), "nobody": (0, 0)}


def test_the_cases_behind_a_number_are_told(world: World) -> None:
    won = case(world, "skip", "on")
    lost = case(world, "on", "lost")
    open_one = case(world, "on")

    with world.reading() as view:
        wanted = Wanted(plan=cohorts.plan(view, "process"))
        reached = cohorts.cohort_cases(view, wanted, stage="offer").items
        gone = cohorts.cohort_cases(view, wanted, stage="offer", fate="lost").items
        first = cohorts.cohort_cases(view, wanted, stage="offer", limit=1)
        rest = cohorts.cohort_cases(view, wanted, stage="offer", after=first.next)

    assert [each.id for each in reached] == [open_one, lost, won]
    assert [each.id for each in gone] == [lost]
    assert [each.id for each in (*first.items, *rest.items)] == [open_one, lost, won]


def test_a_stage_takes_the_time_of_all_its_visits(world: World) -> None:
    for answers in (("on", "back"), ("on",)):
        started = world.start("process", REP, due="P3D")
        for answer in answers:
            world.clock.advance(2 * DAY)
            with world.reading() as view:
                (task,) = tasks(view, TaskFilter(instance_id=started.id)).items
            world.complete(task.id, REP, answer=answer)
    world.clock.advance(DAY)

    with world.reading() as view:
        lead, offer, order = durations.stage_times(view, Wanted(plan=cohorts.plan(view, "process")))

    assert (lead.cases, lead.half, lead.most, lead.returns) == (2, 2 * DAY, 5 * DAY, 1)
    assert (offer.cases, offer.half, offer.most, offer.returns) == (2, DAY, 2 * DAY, 0)
    assert (order.cases, order.half, order.returns) == (0, None, 0)


def test_steps_are_counted_by_their_due_time(world: World) -> None:
    for days in (0, 0, 2):
        started = world.start("process", REP, due="P1D")
        world.clock.advance(days * DAY)
        world.complete(started.tasks[0].id, REP, answer="on")
    world.clock.advance(2 * DAY)

    with world.reading() as view:
        lead, offer = durations.step_times(view, Wanted(plan=cohorts.plan(view, "process")))

    assert (lead.element_id, lead.name, lead.done, lead.with_due, lead.in_time) == ("lead", "Do lead", 3, 3, 2)
    assert (offer.done, offer.open, offer.overdue, offer.half) == (0, 3, 3, None)


def test_the_database_counts_what_the_histories_say(world: World) -> None:
    dice = random.Random(7)
    for _ in range(25):
        case(world, *_walk(dice))

    with world.reading() as view:
        wanted = Wanted(plan=cohorts.plan(view, "process"))
        found = cohorts.cohort(view, wanted)
        entered = cohorts.entries(view, wanted)
    furthest = [
        max([STAGES.index(stage) for (stage,) in world.rows(f"SELECT stage FROM token_log WHERE {mine}")])
        if outcome != "won"
        else len(STAGES)
        for (number, outcome) in world.rows("SELECT id, outcome FROM instance")
        if (mine := f"instance_id = '{number}' AND stage IS NOT NULL")
    ]

    reached = [sum(1 for each in furthest if each >= number) for number in range(len(STAGES))]
    assert [each.reached for each in found.stages] == reached
    assert list(entered.values()) == reached
    assert found.won + found.lost + found.now == found.started == 25


def _walk(dice: random.Random) -> list[str]:
    """Answers as the gateways take them; it may stop anywhere."""
    ways = {"lead": {"on": "offer", "skip": "order", "lost": ""}, "order": {"on": "", "lost": ""}}
    ways["offer"] = {"on": "order", "back": "lead", "lost": ""}
    at, found = "lead", []
    while at and dice.random() > 0.25 and len(found) < 8:
        answer = dice.choice(sorted(ways[at]))
        found.append(answer)
        at = ways[at][answer]
    return found
