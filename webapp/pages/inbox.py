"""The inbox: my tasks, what my groups can take, and what I have done."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Response, redirect, render_template, url_for
from werkzeug.wrappers import Response as Answer

from core.identity import Actor
from engine import queries
from engine.finished import finished_tasks
from engine.queries import TaskFilter
from engine.tasks import ClaimTask, UnclaimTask
from engine.views import TaskSummary
from storage.unit_of_work import Reading
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.shell import names
from webapp.web import current_actor, run, view

MINE, GROUPS, DONE = "mine", "groups", "done"
ORDERS = {"due": "Due first", "-priority": "Most urgent first", "-created": "Newest first", "created": "Oldest first"}
DUE = {"": "Whenever due", "late": "Late", "day": "Due within a day", "week": "Due within a week"}
SPANS = {"late": timedelta(), "day": timedelta(days=1), "week": timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Choice:
    """How the reader looks at a list; `aside`: at what was put aside until later, which is left out otherwise."""

    q: str = ""
    sort: str = "due"
    due: str = ""
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Tab:
    """One list of the inbox."""

    key: str
    title: str
    count: int | None


@blueprint.get("/")
def inbox() -> str:
    """Tasks that wait for the reader."""
    me, show = current_actor(), asked("show")
    with view() as reading:
        tabs = _tabs(reading, me)
        if show not in {MINE, GROUPS}:
            show = MINE if tabs[0].count or not tabs[1].count else GROUPS
        choice = _choice()
        chosen = _wanted(me, show, reading.clock.now(), choice)
        tasks = queries.tasks(reading, chosen, after=asked("after") or None, limit=MOST)
        aside = queries.count_tasks(reading, _wanted(me, show, reading.clock.now(), Choice(aside=True)))
        definitions = {each.key: each.name for each in queries.definitions(reading)}
    values = {"tabs": tabs, "show": show, "q": choice.q, "definitions": definitions, "names": names()}
    looks = {"choice": choice, "orders": ORDERS, "due_choices": DUE, "aside": aside}
    return answer(
        "inbox.html",
        "inbox_rows.html",
        tasks=tasks,
        claimable=[each.id for each in tasks.items if _may_claim(me, each)],
        lead=_lead(me, tabs),
        **values,
        **looks,
    )


@blueprint.get("/tasks/done")
def done() -> str:
    """Tasks that the reader has finished."""
    me = current_actor()
    with view() as reading:
        tabs = _tabs(reading, me)
        tasks = finished_tasks(reading, after=asked("after") or None, limit=MOST)
        definitions = {each.key: each.name for each in queries.definitions(reading)}
    values = {"tabs": tabs, "show": DONE, "q": "", "definitions": definitions, "names": names()}
    return answer("inbox.html", "done_rows.html", tasks=tasks, lead=_lead(me, tabs), **values)


@blueprint.get("/tasks/next")
def next_task() -> Answer:
    """The reader's own task that is due first, or the inbox when none is left."""
    me = current_actor()
    with view() as reading:
        wanted = _wanted(me, MINE, reading.clock.now(), Choice())
        first = queries.tasks(reading, wanted, limit=1).items
    return redirect(url_for("pages.task", task_id=first[0].id) if first else url_for("pages.inbox"))


@blueprint.get("/inbox/count")
def inbox_count() -> str:
    """The number beside the inbox in the navigation."""
    me = current_actor()
    with view() as reading:
        mine, groups, _ = _tabs(reading, me)
    count = (mine.count or 0) + (0 if me.may("case.read_all") else groups.count or 0)  # all open tasks wait for nobody
    return render_template("inbox_count.html", count=count)


def _tabs(reading: Reading, me: Actor) -> list[Tab]:
    now = reading.clock.now()
    mine, groups = (queries.count_tasks(reading, _wanted(me, key, now, Choice())) for key in (MINE, GROUPS))
    return [
        Tab(MINE, "My tasks", mine),
        Tab(GROUPS, "All open" if me.may("case.read_all") else "My groups", groups),
        Tab(DONE, "Done", None),
    ]


def _choice() -> Choice:
    """What the address says; anything else is the usual look."""
    sort, due = asked("sort"), asked("due")
    return Choice(
        q=asked("q"),
        sort=sort if sort in ORDERS else "due",
        due=due if due in DUE else "",
        aside=asked("aside") == "yes",
    )


def _wanted(me: Actor, show: str, now: datetime, choice: Choice) -> TaskFilter:
    span = SPANS.get(choice.due)
    return TaskFilter(
        assignee=me.id if show == MINE else None,
        unassigned=show != MINE,
        q=choice.q or None,
        sort=choice.sort,
        due_before=None if span is None else now + span,
        follow_up_until=None if choice.aside else now,
        follow_up_after=now if choice.aside else None,
    )


def _may_claim(me: Actor, task: TaskSummary) -> bool:
    if task.assignee is not None or not me.may("task.work"):
        return False
    nobody_in_particular = not task.candidate_groups and not task.candidate_users
    return nobody_in_particular or me.id in task.candidate_users or not me.roles.isdisjoint(task.candidate_groups)


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
