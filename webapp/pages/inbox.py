"""The inbox: my tasks, what my groups can take, and what I have done."""

from dataclasses import dataclass

from flask import Response, render_template

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
        chosen = _wanted(me, show, asked("q"))
        tasks = queries.tasks(reading, chosen, after=asked("after") or None, limit=MOST)
        definitions = {each.key: each.name for each in queries.definitions(reading)}
    values = {"tabs": tabs, "show": show, "q": asked("q"), "definitions": definitions, "names": names()}
    return answer(
        "inbox.html",
        "inbox_rows.html",
        tasks=tasks,
        claimable=[each.id for each in tasks.items if _may_claim(me, each)],
        lead=_lead(me, tabs),
        **values,
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


@blueprint.get("/inbox/count")
def inbox_count() -> str:
    """The number beside the inbox in the navigation."""
    me = current_actor()
    with view() as reading:
        mine, groups, _ = _tabs(reading, me)
    count = (mine.count or 0) + (0 if me.may("case.read_all") else groups.count or 0)  # all open tasks wait for nobody
    return render_template("inbox_count.html", count=count)


def _tabs(reading: Reading, me: Actor) -> list[Tab]:
    mine, groups = (queries.count_tasks(reading, _wanted(me, key)) for key in (MINE, GROUPS))
    return [
        Tab(MINE, "My tasks", mine),
        Tab(GROUPS, "All open" if me.may("case.read_all") else "My groups", groups),
        Tab(DONE, "Done", None),
    ]


def _wanted(me: Actor, show: str, q: str = "") -> TaskFilter:
    if show == MINE:
        return TaskFilter(assignee=me.id, q=q or None, sort="due")
    return TaskFilter(unassigned=True, q=q or None, sort="due")


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
