"""When tasks are due, how urgent they are, and until when they are put aside."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import InvalidInput
from engine import queries
from engine.delegation import ScheduleTask
from engine.errors import DeploymentRefused, NotYourTask, TaskNotFound
from engine.events import TaskScheduled
from engine.feel.calendar import Calendar, calendar, use_calendar
from engine.inbox import TaskFilter, count_tasks, tasks
from engine.service_levels import ServiceLevel
from tests.engine_world import ADMIN, World, bpmn, chain, line, person

ANNA, BEN = person("anna", "clerk"), person("ben", "boss")
FRIDAY = datetime(2026, 1, 2, 14, tzinfo=UTC)  # 15:00 in Warsaw, an hour before closing; the next Tuesday is a holiday


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> Iterator[World]:
    before = calendar()
    use_calendar(Calendar(country="PL", zone="Europe/Warsaw"))
    clock.set(FRIDAY)
    yield World(engine, clock)
    use_calendar(before)


def one(attributes: str, inner: str = "") -> bytes:
    return bpmn(line(f'<userTask id="check" {attributes}>{inner}</userTask>', names=("check",)))


def due(world: World) -> datetime | None:
    ((at,),) = world.rows("SELECT due_at FROM work_item")
    assert at is None or isinstance(at, datetime)
    return at


@pytest.mark.parametrize(
    ("attributes", "at"),
    [
        ('camunda:dueDate="2026-02-01T10:00:00Z"', datetime(2026, 2, 1, 10, tzinfo=UTC)),
        ('camunda:dueDate="PT2H"', FRIDAY + timedelta(hours=2)),
        ('camunda:dueDate="=promised + duration(&quot;P1D&quot;)"', datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ('camunda:dueDate="=obieg.due at(duration(&quot;P2D&quot;))"', datetime(2026, 1, 7, 14, tzinfo=UTC)),
        ('obieg:sla="PT2H"', datetime(2026, 1, 5, 8, tzinfo=UTC)),  # one hour on Friday, one on Monday
        ('obieg:sla="P2D"', datetime(2026, 1, 7, 14, tzinfo=UTC)),  # Tuesday is Epiphany
        ('obieg:sla="=duration(span)"', datetime(2026, 1, 5, 9, tzinfo=UTC)),
        ("", None),
    ],
)
def test_a_task_is_due_by_the_clock_or_by_the_business_calendar(
    world: World, attributes: str, at: datetime | None
) -> None:
    world.deploy(one(attributes))

    world.start(promised=datetime(2026, 3, 1, 9, tzinfo=UTC), span="PT3H")

    assert due(world) == at


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ('obieg:sla="soon"', "obieg:sla is soon"),
        ('obieg:sla="P1M"', "obieg:sla is P1M"),
        ('obieg:sla=""', "obieg:sla is empty"),
        ('obieg:sla="=1 +"', "obieg:sla"),
        ('obieg:sla="P1D" camunda:dueDate="P2D"', "both say when it is due"),
        ('camunda:priority="high"', "camunda:priority is high; it must be a whole number"),
        ('obieg:slaCounts="no"', "obieg:slaCounts is no; it must be true or false"),
        ('obieg:role="clerk"', "obieg:role belongs to"),
    ],
)
def test_what_says_nothing_is_refused_at_the_deployment(world: World, attributes: str, sentence: str) -> None:
    with pytest.raises(DeploymentRefused, match=sentence):
        world.deploy(one(attributes))


@pytest.mark.parametrize("attribute", ['obieg:sla="=given"', 'camunda:priority="=given"', 'camunda:dueDate="=given"'])
def test_what_gives_nonsense_is_an_incident_of_its_case(world: World, attribute: str) -> None:
    world.deploy(one(attribute))

    world.start(given={"a": 1})

    ((message,),) = world.rows("SELECT message FROM incident")
    assert "which gives" in message


def test_priority_is_an_expression_or_a_number_and_orders_the_inbox(world: World) -> None:
    world.deploy(one('camunda:priority="=urgency"'))
    for urgency in (10, 90, None):
        world.start(urgency=urgency)

    with world.reading() as view:
        highest = [each.priority for each in tasks(view, TaskFilter(sort="-priority")).items]
        urgent = tasks(view, TaskFilter(minimum_priority=50, sort="priority")).items

    assert highest == [90, 50, 10]
    assert [each.priority for each in urgent] == [50, 90]


def test_what_is_put_aside_comes_back_at_its_moment(world: World) -> None:
    world.deploy(one('camunda:followUpDate="P1D"'))
    world.start()
    now, tomorrow = FRIDAY, FRIDAY + timedelta(days=1)

    with world.reading() as view:
        assert tasks(view, TaskFilter(follow_up_until=now)).items == []
        assert [each.follow_up_at for each in tasks(view, TaskFilter(follow_up_after=now)).items] == [tomorrow]
        assert count_tasks(view, TaskFilter(follow_up_until=tomorrow)) == 1
        assert count_tasks(view, TaskFilter(follow_up_after=tomorrow)) == 0
        assert count_tasks(view, TaskFilter()) == 1


def test_the_inbox_finds_what_is_due_between_two_moments(world: World) -> None:
    world.deploy(one('camunda:dueDate="=day"'))
    for day in ("2026-01-03", "2026-01-04", "2026-01-05", None):
        world.start(day=day)
    first, last = (datetime(2026, 1, day, 23, tzinfo=UTC) for day in (3, 4))  # midnight in Warsaw

    with world.reading() as view:
        found = tasks(view, TaskFilter(due_after=first, due_before=last)).items

    assert [each.due_at for each in found] == [first]


def test_dates_and_priority_are_changed_and_taken_away_with_a_trace(world: World) -> None:
    world.deploy(one('camunda:candidateGroups="clerk" camunda:dueDate="P1D"'))
    task = world.start().tasks[0].id
    later = FRIDAY + timedelta(days=3)

    world.do(ScheduleTask(task_id=task, follow_up_at=later, priority=80), ANNA)
    world.do(ScheduleTask(task_id=task, clear=frozenset({"due_at"})), ANNA)

    assert world.rows("SELECT due_at, follow_up_at, priority FROM work_item") == [(None, later, 80)]
    assert [each.changes for each in world.events if isinstance(each, TaskScheduled)] == [
        {"follow_up_at": later.isoformat(), "priority": 80},
        {"due_at": None},
    ]
    with pytest.raises(InvalidInput, match="A priority is a whole number"):
        world.do(ScheduleTask(task_id=task, priority=10**9), ANNA)
    with pytest.raises((NotYourTask, TaskNotFound)):
        world.do(ScheduleTask(task_id=task, priority=1), BEN)


def test_a_lane_offers_its_tasks_to_its_role(world: World) -> None:
    lanes = (
        '<laneSet id="lanes"><lane id="office" obieg:role="clerk"><flowNodeRef>first</flowNodeRef>'
        "<flowNodeRef>second</flowNodeRef><flowNodeRef>third</flowNodeRef><childLaneSet>"
        '<lane id="desk" obieg:role="=decider"><flowNodeRef>second</flowNodeRef></lane></childLaneSet></lane></laneSet>'
    )
    first, second, third = (
        f'<userTask id="{name}" {more}/>'
        for name, more in (("first", ""), ("second", ""), ("third", 'camunda:candidateUsers="ben"'))
    )
    ways = (
        f'<startEvent id="start"/><parallelGateway id="fork"/>{first}{second}{third}<endEvent id="end"/>'
        '<sequenceFlow id="0" sourceRef="start" targetRef="fork"/>'
    ).replace('id="0"', 'id="begin"')
    for name in ("first", "second", "third"):
        ways += f'<sequenceFlow id="to_{name}" sourceRef="fork" targetRef="{name}"/>'
        ways += f'<sequenceFlow id="of_{name}" sourceRef="{name}" targetRef="end"/>'
    world.deploy(bpmn(lanes + ways))

    world.start(decider="boss")

    assert sorted(world.rows("SELECT element_id, candidates FROM work_item")) == [
        ("first", ["group:clerk"]),
        ("second", ["group:boss"]),
        ("third", ["user:ben"]),
    ]


@pytest.mark.parametrize(
    ("lane", "offered"),
    [
        ("", ["group:clerk"]),
        ('<laneSet id="within"><lane id="desk" obieg:role="boss"><flowNodeRef>inner</flowNodeRef></lane></laneSet>',
         ["group:boss"]),
    ],
)  # fmt: skip
def test_what_is_inside_a_sub_process_is_in_the_lane_of_the_sub_process(
    world: World, lane: str, offered: list[str]
) -> None:
    lanes = '<laneSet id="lanes"><lane id="office" obieg:role="clerk"><flowNodeRef>outer</flowNodeRef></lane></laneSet>'
    inner = (
        f'{lane}<startEvent id="begun"/><userTask id="inner"/><endEvent id="over"/>{chain("begun", "inner", "over")}'
    )
    nested = f'<subProcess id="nested">{inner}</subProcess>'
    outer = f'<startEvent id="in"/>{nested}<endEvent id="out"/>{chain("in", "nested", "out")}'
    world.deploy(bpmn(lanes + line(f'<subProcess id="outer">{outer}</subProcess>', names=("outer",))))

    started = world.start()

    assert world.rows("SELECT candidates FROM work_item") == [(offered,)]
    with pytest.raises(TaskNotFound):
        world.complete(started.tasks[0].id, person("ben", "sales_rep"))


def test_a_case_uses_up_its_time_only_where_time_counts(world: World) -> None:
    tasks_ = ('<userTask id="repair"/>', '<userTask id="ask" obieg:slaCounts="false"/>', '<userTask id="send"/>')
    world.deploy(bpmn(line(*tasks_, names=("repair", "ask", "send")), attributes='obieg:sla="P1DT1H"'))
    world.deploy(bpmn(line('<userTask id="x"/>', names=("x",)), key="no_promise"))
    instance = world.start()

    def found() -> ServiceLevel:
        with world.reading(ADMIN) as view:
            level = queries.instance(view, instance.id).service_level
        assert level is not None
        return level

    def level() -> tuple[str, bool, bool]:
        return found().used, found().is_running, found().is_exceeded

    world.clock.set(datetime(2026, 1, 5, 9, tzinfo=UTC))  # Monday: an hour on Friday, two today
    assert level() == ("PT3H", True, False)
    assert found().due_at == datetime(2026, 1, 5, 15, tzinfo=UTC)  # nine working hours in all, three are over
    asked = world.complete(instance.tasks[0].id)
    world.clock.set(datetime(2026, 1, 9, 9, tzinfo=UTC))  # the customer takes days to answer
    assert level() == ("PT3H", False, False)
    last = world.complete(asked.tasks[0].id)
    world.clock.set(datetime(2026, 1, 9, 15, tzinfo=UTC))
    assert level() == ("PT9H", True, False)
    world.clock.set(datetime(2026, 1, 12, 8, tzinfo=UTC))
    assert level() == ("PT10H", True, True)
    world.complete(last.tasks[0].id)

    assert level()[1:] == (False, True)
    with world.reading(ADMIN) as view:
        assert queries.instance(view, world.start("no_promise").id).service_level is None
