"""Pages of open tasks: walked to or gathered they are the same, and declared variables find tasks."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, text

from benchmarks.inbox import FILTERS, ORDERS, PEOPLE, fill
from core.clock import FixedClock
from core.errors import InvalidInput
from core.identity import Actor
from engine import access, task_filter, worklist
from engine.inbox import TaskFilter, count_tasks, task, task_part, tasks
from engine.models import WorkItemRow
from engine.queries import InstanceFilter, instances
from tests.engine_world import ADMIN, World, bpmn, line

SEARCHABLE = bpmn(
    line('<userTask id="check"/>', names=("check",)), attributes='obieg:searchable="customer, amount, urgent, code"'
)
TASKS = 700
# more groups than lists are walked along at once
ALL = PEOPLE | {
    "very_many_groups": replace(PEOPLE["many_groups"], roles=frozenset(f"group_{n}" for n in range(0, 400, 3)))
}
WRONG = "INSERT INTO task_offer SELECT DISTINCT 'user:stranger', due_at, id, instance_id FROM task_offer LIMIT 20"


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    return World(engine, clock)


@pytest.fixture
def filled(world: World) -> World:
    """A world with many tasks of the benchmark's kind."""
    fill(world.engine, TASKS)
    return world


def gather_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through indexes of everything, rights included."""
    for bound in ("LOOKED_AT", "GLANCED", "FURTHEST"):
        monkeypatch.setattr(worklist, bound, 0)
    for way in ("steps_along_lists", "steps_along_index"):
        monkeypatch.setattr(worklist._Search, way, lambda *_: 0)


def walk_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few match, and further than the list is long."""
    monkeypatch.setattr(worklist, "FEW", 0)


def pages(world: World, actor: Actor, wanted: TaskFilter, size: int = 60) -> list[str]:
    """All ids, page after page."""
    found: list[str] = []
    after = None
    while True:
        with world.units.reading(actor) as view:
            page = tasks(view, wanted, after, size)
        found += [each.id for each in page.items]
        after = page.next
        if after is None:
            return found


@pytest.mark.parametrize("sort", ORDERS)
@pytest.mark.parametrize("who", ["administrator", "many_candidates"])
def test_pages_hold_every_task_once_in_order_whether_walked_to_or_gathered(
    filled: World, monkeypatch: pytest.MonkeyPatch, sort: str, who: str
) -> None:
    me, wanted = PEOPLE[who], TaskFilter(sort=sort)
    with filled.units.reading(me) as view:
        expected = [each.id for each in tasks(view, wanted, None, 500).items]
        total = count_tasks(view, wanted)

    walked = pages(filled, me, wanted)
    gather_all(monkeypatch)
    gathered = pages(filled, me, wanted)

    assert walked == gathered
    assert walked[:500] == expected
    assert len(walked) == len(set(walked)) == total


@pytest.mark.parametrize("who", ALL)
def test_lists_by_due_date_lead_to_what_gathering_finds(
    filled: World, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    me = ALL[who]
    wanted = [replace(which(me), sort=sort) for which in FILTERS.values() for sort in ("due", "-due")]
    walk_all(monkeypatch)

    walked = [pages(filled, me, each, 25) for each in wanted]
    gather_all(monkeypatch)
    gathered = [pages(filled, me, each, 25) for each in wanted]

    assert walked == gathered
    with filled.units.reading(me) as view:
        assert [count_tasks(view, each) for each in wanted] == [len(each) for each in walked]


@pytest.mark.parametrize("who", ["many_candidates", "many_groups", "very_many_groups"])
def test_a_glance_counts_what_the_indexes_say(filled: World, monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    """Also where it does not reach far enough, so that the indexes have to be asked after all."""
    me = ALL[who]
    wanted = [task_filter.asked(me, which(me)) for which in FILTERS.values()]

    def counts(up_to: int) -> list[int]:
        with filled.units.reading(me) as view:
            return [worklist.count(view.session, each, up_to) for each in wanted]

    with monkeypatch.context() as indexes:
        gather_all(indexes)
        totals = counts(10_000)

    for patience, up_to in itertools.product((worklist.PATIENCE, 0.01), (1, 40, 300)):
        monkeypatch.setattr(worklist, "PATIENCE", patience)
        assert counts(up_to) == [min(each, up_to) for each in totals]


@pytest.mark.parametrize("who", ALL)
def test_a_page_without_a_total_is_the_page_with_one_and_counts_nothing(
    filled: World, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    me = ALL[who]
    walk_all(monkeypatch)
    wanted = [replace(which(me), sort=sort) for which in FILTERS.values() for sort in ("due", "-name")]
    with filled.units.reading(me) as view:
        first = [tasks(view, each, None, 5) for each in wanted]
        second = [tasks(view, each, page.next, 5) for each, page in zip(wanted, first, strict=True) if page.next]

    monkeypatch.delattr(worklist, "_count")
    with filled.units.reading(me) as view:
        parts = [task_part(view, each, None, 5) for each in wanted]
        behind = [task_part(view, each, page.next, 5) for each, page in zip(wanted, parts, strict=True) if page.next]

    assert [(each.items, each.next) for each in parts] == [(each.items, each.next) for each in first]
    assert [(each.items, each.next) for each in behind] == [(each.items, each.next) for each in second]


def test_the_first_of_many_names_count_only_where_they_find_as_many_as_are_counted(
    filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = replace(PEOPLE["many_groups"], roles=frozenset(f"group_{number}" for number in range(400)))
    wanted = task_filter.asked(me, FILTERS["region"](me))
    with filled.units.reading(me) as view:
        with monkeypatch.context() as indexes:
            gather_all(indexes)
            total = worklist.count(view.session, wanted, 10_000)
            first = worklist._counted(
                view.session,
                f"SELECT 1 FROM work_item w WHERE {wanted.by_first_names}",
                {**wanted.values, "up_to": 10_000},
            )
        monkeypatch.setattr(worklist, "_expected", lambda *_: 10_000.0)  # the first names are always looked up

        assert 0 < first < total
        found = [worklist.count(view.session, wanted, up_to) for up_to in (1, first, first + 1, total, total + 1)]

    assert found == [1, first, first + 1, total, total]


@pytest.mark.parametrize("who", ALL)
def test_the_rights_of_lists_are_those_of_single_tasks(filled: World, who: str) -> None:
    me = ALL[who]

    with filled.units.reading(me) as view:
        expected = set(view.session.scalars(select(WorkItemRow.id).where(access.visible_tasks(me))))

    assert set(pages(filled, me, TaskFilter(sort="created"))) == expected
    assert set(pages(filled, me, TaskFilter(sort="due"))) == expected


@pytest.mark.parametrize("groups", [97, 98, 250])
def test_no_number_of_groups_is_too_many(world: World, groups: int) -> None:
    world.deploy(bpmn(line('<userTask id="check" camunda:candidateGroups="group_7"/>', names=("check",))))
    started = world.start()
    me = replace(PEOPLE["few_tasks"], roles=frozenset(f"group_{number}" for number in range(groups)))

    for sort in ("due", "-due", "created", "priority", "name"):
        assert pages(world, me, TaskFilter(sort=sort)) == [started.tasks[0].id]
        assert pages(world, me, TaskFilter(sort=sort, unassigned=True, q="check")) == [started.tasks[0].id]
    with world.units.reading(me) as view:
        assert count_tasks(view, TaskFilter()) == 1
        assert task(view, started.tasks[0].id).may_work
        assert [each.id for each in instances(view, InstanceFilter()).items] == [started.id]
    world.complete(started.tasks[0].id, me)
    assert pages(world, me, TaskFilter()) == []


def test_a_list_that_is_wrong_shows_nobody_what_is_not_theirs(filled: World) -> None:
    stranger = Actor(id="stranger", name="Stranger", permissions=PEOPLE["few_tasks"].permissions)
    visible = pages(filled, stranger, TaskFilter(sort="due"))

    with filled.engine.begin() as connection:
        connection.execute(text(WRONG))

    assert pages(filled, stranger, TaskFilter(sort="due")) == visible


def test_tasks_without_a_due_date_come_last_in_both_directions(filled: World) -> None:
    query = "SELECT id FROM work_item WHERE due_at IS NULL"
    undated = {row[0] for row in filled.rows(query)}

    for sort in ("due", "-due"):
        found = pages(filled, PEOPLE["administrator"], TaskFilter(sort=sort))
        assert set(found[-len(undated) :]) == undated


def test_a_total_that_was_gathered_is_that_which_was_counted(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = TaskFilter(unassigned=True, sort="due")
    me = PEOPLE["many_groups"]
    gather_all(monkeypatch)

    with filled.units.reading(me) as view:
        first = tasks(view, wanted, None, 5)
        second = tasks(view, wanted, first.next, 5)

        assert first.total == second.total == count_tasks(view, wanted)


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"customer": "ACME"}, ["one", "two"]),
        ({"customer": "ACME", "amount": 12.5}, ["one"]),
        ({"amount": "12.50"}, ["one"]),
        ({"urgent": "true"}, ["two"]),
        ({"urgent": True}, ["two"]),
        ({"code": "007"}, ["one"]),
        ({"code": "7"}, ["two"]),
        ({"customer": "acme"}, []),
        ({"customer": None}, ["three"]),
        ({"amount": "NaN"}, []),
        ({"no_such": "ACME"}, []),
        ({"customer": '"} or true'}, []),
    ],
)
def test_a_declared_variable_finds_the_tasks_that_have_its_value(
    world: World, variables: dict[str, str | float | bool | None], found: list[str]
) -> None:
    world.deploy(SEARCHABLE)
    names = {
        world.start(customer="ACME", amount=12.5, urgent=False, code="007").tasks[0].id: "one",
        world.start(customer="ACME", amount=99, urgent=True, code=7).tasks[0].id: "two",
        world.start(customer=None, amount=0).tasks[0].id: "three",
    }

    with world.units.reading(ADMIN) as view:
        page = tasks(view, TaskFilter(variables=variables, sort="created"))

    assert [names[each.id] for each in page.items] == found
    assert page.total == len(found)


def test_a_mark_of_another_order_is_refused(world: World) -> None:
    world.deploy(SEARCHABLE)
    for _ in range(3):
        world.start()
        world.clock.advance(timedelta(seconds=1))

    with world.units.reading(ADMIN) as view:
        by_name = tasks(view, TaskFilter(sort="name"), None, 1).next
        for sort in ("due", "priority"):
            with pytest.raises(InvalidInput, match="no mark"):
                tasks(view, TaskFilter(sort=sort), by_name, 1)


def test_instances_are_paged_from_the_newest(world: World) -> None:
    world.deploy(SEARCHABLE)
    started = [world.start().id for _ in range(3)]

    with world.units.reading(ADMIN) as view:
        first = instances(view, InstanceFilter(), None, 2)
        rest = instances(view, InstanceFilter(), first.next, 2)

    assert [each.id for each in (*first.items, *rest.items)] == started[::-1]
    assert rest.next is None


@pytest.mark.parametrize("who", ["administrator", "many_groups", "few_tasks"])
def test_act_18_tasks_stand_by_priority_then_by_due_date_then_by_age(
    filled: World, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    with filled.engine.begin() as connection:  # the three priorities of given tasks, a day for several
        connection.execute(text("UPDATE work_item SET priority = 20 + 30 * (abs(hashtext(id)) % 3)"))
        connection.execute(text("UPDATE work_item SET due_at = date_trunc('month', due_at)"))
    me = PEOPLE[who]
    seen = set(pages(filled, me, TaskFilter(sort="created")))
    late = datetime.max.replace(tzinfo=UTC)
    rows = [row for row in filled.rows("SELECT id, priority, due_at FROM work_item") if row.id in seen]
    expected = [row.id for row in sorted(rows, key=lambda row: (-row.priority, row.due_at or late, row.id))]

    walked = [pages(filled, me, TaskFilter(sort=sort), 40) for sort in ("-priority", "priority")]
    gather_all(monkeypatch)
    gathered = [pages(filled, me, TaskFilter(sort=sort), 40) for sort in ("-priority", "priority")]

    assert walked == gathered == [expected, expected[::-1]]
