"""Cases: the list, and one case with its diagram, history, documents and records."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import render_template

from core.records import dataclass
from documents.queries import linked_documents
from documents.records.tombstones import tombstones_of
from engine import course, queries
from engine.access import ADMINISTER
from engine.choosing import open_scopes
from engine.queries import InstanceFilter, TaskFilter
from engine.views import InstanceDetail, TokenVisit
from processes.notices import offered
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.records import record
from webapp.pages.shell import names
from webapp.web import current_actor, view

TASKS = 20  # of a case at once


@dataclass(frozen=True, slots=True)
class Stage:
    """One field of the stage bar."""

    name: str
    mark: str


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A visit of a token, or several at once that look the same."""

    visit: TokenVisit
    times: int


@blueprint.get("/cases")
def cases() -> str:
    """Cases, newest first."""
    state = asked("state")
    with view() as reading:
        wanted = InstanceFilter(state=state or None, q=asked("q") or None)
        found = queries.instances(reading, wanted, after=asked("after") or None, limit=MOST)
    return answer("cases.html", "case_rows.html", cases=found, state=state, q=asked("q"), names=names())


@blueprint.get("/cases/<instance_id>")
def case(instance_id: str) -> str:
    """One case."""
    with view() as reading:
        found = queries.instance(reading, instance_id)
        visits = queries.history(reading, instance_id)
        tasks = queries.task_part(reading, TaskFilter(instance_id=instance_id), limit=MOST).items
        done = {
            "course": course.case_tasks(reading, instance_id, limit=TASKS),
            "tally": course.tally(reading, instance_id),
        }
        documents = linked_documents(reading, "case", instance_id)
        destroyed = tombstones_of(reading, "case", instance_id)
        scopes = open_scopes(reading, instance_id)
        notices = offered(reading, instance_id, found.definition.key)
        records = [each for link in found.links if (each := record(reading, link.entity, link.id))]
        may_operate = found.ended_at is None and reading.actor.may(ADMINISTER)
        targets = queries.move_targets(reading, found.definition.id) if may_operate else []
    sources = sorted({(token.element_id, token.name) for token in found.tokens})
    operations = {"may_operate": may_operate, "targets": targets, "sources": sources}
    values = {
        **operations,
        **done,
        "stands_since": stands_since(found, visits),
        "scopes": scopes,
        "notices": notices,
        "tasks": tasks,
        "documents": documents,
        "destroyed": destroyed,
        "records": records,
        "names": names(),
    }
    marks = {"places": places_of(found), "stages": stages_of(found), "diagram_state": diagram_state(found, visits)}
    variables = found.variables if current_actor().may("case.read_all") else None
    return render_template("case.html", case=found, history=told(visits), variables=variables, **values, **marks)


@blueprint.get("/cases/<instance_id>/tasks")
def case_tasks(instance_id: str) -> str:
    """Further tasks of a case, behind those that its page shows."""
    with view() as reading:
        found = course.case_tasks(reading, instance_id, after=asked("after") or None, limit=TASKS)
    return render_template("case_task_rows.html", tasks=found, case_id=instance_id, names=names())


def stands_since(found: InstanceDetail, visits: Sequence[TokenVisit]) -> datetime | None:
    """Since when nothing moved: the last token to stop came there then; None of a case that has ended."""
    leaves = {token.element_id for token in found.tokens if token.state != "active"}
    return max((each.entered_at for each in visits if each.left_at is None and each.element_id in leaves), default=None)


def stages_of(found: InstanceDetail) -> list[Stage]:
    """The stages of the definition, marked as past, now and to come; empty when it has none."""
    stages = found.definition.stages
    if found.state == "completed":
        return [Stage(name, "is-past") for name in stages]
    now = stages.index(found.stage) if found.stage in stages else -1
    return [Stage(name, "is-past" if at < now else "is-now" if at == now else "") for at, name in enumerate(stages)]


def diagram_state(found: InstanceDetail, visits: Sequence[TokenVisit]) -> dict[str, Any]:
    """What the diagram marks: where tokens are, how many, and where they have been."""
    live: dict[str, int] = {}
    for token in found.tokens:
        live[token.element_id] = live.get(token.element_id, 0) + 1
    return {
        "live": [{"element": element, "count": count} for element, count in live.items()],
        "visited": sorted({each.element_id for each in visits if each.left_at is not None}),
        "incidents": [each.element_id for each in found.incidents if each.state == "open"],
    }


def places_of(found: InstanceDetail) -> list[str]:
    """Where the case is, in words: what people and timers wait at, without the sub-processes around it."""
    leaves = [token.name for token in found.tokens if token.state != "active"]
    counted = {name: leaves.count(name) for name in leaves}
    return [name if count == 1 else f"{name} ×{count}" for name, count in counted.items()]


def told(visits: Sequence[TokenVisit]) -> list[HistoryLine]:
    """What a person wants to know of the history: newest first, without elements that nobody gave a name."""
    lines: list[HistoryLine] = []
    for visit in reversed(visits):
        if not visit.name or visit.name == visit.element_id:
            continue
        before = lines[-1] if lines else None
        if before is not None and _is_same(before.visit, visit):
            lines[-1] = HistoryLine(before.visit, before.times + 1)
        else:
            lines.append(HistoryLine(visit, 1))
    return lines


def _is_same(one: TokenVisit, other: TokenVisit) -> bool:
    """Whether two visits differ in nothing that is shown, as those of a multi-instance do at their start."""
    if one.called is not None or other.called is not None:
        return False  # each leads to another case
    told_of_one = (one.element_id, one.entered_at, one.left_at, one.actor, one.reason)
    return told_of_one == (other.element_id, other.entered_at, other.left_at, other.actor, other.reason)
