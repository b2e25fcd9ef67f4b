"""The inbox: my tasks, what my groups can take, what is late or due today, what I delegated and have done."""

from dataclasses import field, replace
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from core.identity import Actor
from core.records import dataclass
from engine import queries
from engine.access import may_work_on
from engine.finished import finished_tasks
from engine.tasks import ClaimTask, UnclaimTask
from engine.views import DefinitionView, TaskSummary
from storage.unit_of_work import Reading
from webapp.inbox.filters import DropTaskFilter, KeepTaskFilter, KeptLook, task_filters
from webapp.inbox.looks import (
    DELEGATED,
    DONE,
    DUE,
    GROUPS,
    INSTEAD,
    MINE,
    ORDERS,
    OVERDUE,
    TODAY,
    Look,
    heading,
    look_of,
    wanted,
)
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.formats import reader_zone
from webapp.pages.shell import names
from webapp.web import current_actor, run, view

COUNTED = 999  # tasks that a number beside a view or a filter counts
TITLES = {OVERDUE: "Overdue", TODAY: "Due today", DELEGATED: "Delegated"}


@dataclass(frozen=True, slots=True)
class Tab:
    """One list of the inbox; `count` is None where it is not counted, or not yet."""

    key: str
    title: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class CountedFilter:
    """A kept filter with the number of its tasks, where it is counted already."""

    kept: KeptLook
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """By what tasks can be filtered: processes by key, and the search columns of the chosen one."""

    processes: dict[str, str]
    names: tuple[str, ...] = field(default=())


@blueprint.get("/")
def inbox() -> str:
    """Tasks that wait for the reader."""
    me, look = current_actor(), look_of(request.args)
    with view() as reading:
        tabs = _tabs(reading, me)
        if not asked("show") and not tabs[0].count and tabs[1].count:
            look = replace(look, show=GROUPS)
        now = reading.clock.now()
        tasks = queries.task_part(reading, _wanted(reading, look), after=asked("after") or None, limit=MOST)
        aside = queries.count_tasks(reading, _wanted(reading, Look(show=look.show, aside=True)), up_to=COUNTED)
        definitions = queries.definitions(reading)
        kept = [CountedFilter(each) for each in task_filters(reading)]
        columns = _columns(reading, definitions, look)
    zone = reader_zone()
    return answer(
        "inbox.html",
        "inbox_rows.html",
        tasks=tasks,
        headings=[heading(each, look, now, zone) for each in tasks.items],
        before=asked("before"),
        claimable=[each.id for each in tasks.items if _may_claim(me, each)],
        lead=_lead(me, tabs),
        filters=kept,
        here=next((each.kept for each in kept if each.kept.id == asked("filter")), None),
        columns=columns,
        aside=aside,
        **_frame(tabs, look, definitions),
    )


@blueprint.get("/tasks/done")
def done() -> str:
    """Tasks that the reader has finished."""
    with view() as reading:
        tabs = _tabs(reading, current_actor())
        tasks = finished_tasks(reading, after=asked("after") or None, limit=MOST)
        definitions = queries.definitions(reading)
        kept = [CountedFilter(each) for each in task_filters(reading)]
    values = _frame(tabs, Look(), definitions) | {"show": DONE, "filters": kept, "here": None}
    return answer("inbox.html", "done_rows.html", tasks=tasks, lead=_lead(current_actor(), tabs), **values)


@blueprint.get("/tasks/next")
def next_task() -> Answer:
    """The reader's own task that is due first, or the inbox when none is left."""
    with view() as reading:
        first = queries.task_part(reading, _wanted(reading, Look()), limit=1).items
    return redirect(url_for("pages.task", task_id=first[0].id) if first else url_for("pages.inbox"))


@blueprint.get("/inbox/count")
def inbox_count() -> str:
    """The number beside the inbox in the navigation."""
    me = current_actor()
    with view() as reading:
        mine, groups = (tab.count or 0 for tab in _tabs(reading, me)[:2])
    count = mine + (0 if me.may("case.read_all") else groups)  # all open tasks wait for nobody
    return render_template("inbox_count.html", count=count)


@blueprint.get("/inbox/views")
def inbox_views() -> str:
    """The lists and kept filters with their numbers, which the page asks for once it is there."""
    me = current_actor()
    with view() as reading:
        tabs = [
            tab
            if tab.key in {MINE, GROUPS, DONE}
            else Tab(
                tab.key, tab.title, queries.count_tasks(reading, _wanted(reading, Look(show=tab.key)), up_to=COUNTED)
            )
            for tab in _tabs(reading, me)
        ]
        kept = [
            CountedFilter(each, queries.count_tasks(reading, _wanted(reading, each.look), up_to=COUNTED))
            for each in task_filters(reading)
        ]
    here = next((each.kept for each in kept if each.kept.id == asked("filter")), None)
    return render_template("inbox_views.html", tabs=tabs, filters=kept, here=here, show=asked("show"))


@blueprint.post("/inbox/filters")
def keep_filter() -> Answer:
    """Keep the look of the page by name."""
    look = look_of(request.form).to_json()
    groups = tuple(request.form.getlist("groups"))
    kept = run(KeepTaskFilter(name=request.form.get("name", ""), look=look, groups=groups))
    return redirect(url_for("pages.inbox", **look_of(look).address() | {"filter": kept}))


@blueprint.post("/inbox/filters/<id:filter_id>/drop")
def drop_filter(filter_id: str) -> Answer:
    """Keep it no longer."""
    run(DropTaskFilter(filter_id=filter_id))
    return redirect(url_for("pages.inbox"))


def _wanted(reading: Reading, look: Look) -> queries.TaskFilter:
    return wanted(look, reading.actor, reading.clock.now(), reader_zone())


def _frame(tabs: list[Tab], look: Look, definitions: list[DefinitionView]) -> dict[str, Any]:
    """What the templates of every list show."""
    named = {each.key: each.name for each in definitions}
    looks = {"look": look, "orders": ORDERS, "due_choices": DUE}
    return {"tabs": tabs, "show": look.show, "definitions": named, "names": names(), **looks}


def _columns(reading: Reading, definitions: list[DefinitionView], look: Look) -> Columns:
    processes = {each.key: each.name for each in definitions if each.kind == "process"}
    chosen = [each.id for each in definitions if each.kind == "process" and each.key == look.process]
    return Columns(processes, queries.search_columns(reading, chosen[0]) if chosen else ())


def _tabs(reading: Reading, me: Actor) -> list[Tab]:
    mine, groups = (queries.count_tasks(reading, _wanted(reading, Look(show=key))) for key in (MINE, GROUPS))
    return [
        Tab(MINE, "My tasks", mine),
        Tab(GROUPS, "All open" if me.may("case.read_all") else "My groups", groups),
        *([Tab(INSTEAD, "In place of others")] if me.stands_in_for else []),
        *(Tab(key, title) for key, title in TITLES.items()),
        Tab(DONE, "Done"),
    ]


def _may_claim(me: Actor, task: TaskSummary) -> bool:
    return me.may("task.work") and task.assignee != me.id and may_work_on(me, task)


def _lead(me: Actor, tabs: list[Tab]) -> str:
    mine, groups = tabs[0].count or 0, tabs[1].count or 0
    if me.may("case.read_all"):
        return f"{mine} for you, {groups} open in all"
    if not mine and not groups:
        return "Everything is done"
    if not mine:
        return f"Nothing for you yet, {groups} that your groups can take"
    return f"{mine} for you, {groups} that your groups can take"


@blueprint.post("/tasks/<task_id>/claim")
def claim(task_id: str) -> Response:
    """Take a task; the page shows it as taken."""
    run(ClaimTask(task_id=task_id))
    return Response(status=204, headers={"HX-Refresh": "true"})


@blueprint.post("/tasks/<task_id>/unclaim")
def unclaim(task_id: str) -> Response:
    """Give a task back."""
    run(UnclaimTask(task_id=task_id))
    return Response(status=204, headers={"HX-Refresh": "true"})
