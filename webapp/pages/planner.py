"""The day of a person, tasks that people give, the table of rules, kept filters, and the printed list of activities."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from audit.giving import GiveOut
from core.errors import Conflict, InvalidInput, NotFound
from core.identity import SYSTEM
from crm.activities import queries
from crm.activities.queries import ActivityFilter
from crm.activities.words import DIRECTIONS, METHOD, PRIORITIES, STATUSES, TYPE
from crm.company import company
from crm.dictionaries import dictionary, label
from crm.planning.filters import FIELDS, DropFilter, KeepFilter, filter_of
from crm.planning.rules import EFFECTS, Rule, WriteRule, rules
from documents.papers import render_pdf
from engine.queries import TaskFilter, tasks
from storage.unit_of_work import Reading
from webapp.accounts.roles import ROLE_PERMISSIONS
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.formats import reader_zone
from webapp.pages.shell import names
from webapp.planner import new_task, variables_of
from webapp.web import application, current_actor, run, view

MOST = 20  # items of one part of a day
PRINTED = 1000  # activities of a printed list
AHEAD = timedelta(days=7)
PAPER = """#import "/paper.typ": *
#show: paper.with(title: data.title, company: data.company, made: data.made)
= #data.title
#data.filter
#v(1em)
#set text(size: 8.5pt)
#table(columns: (auto, 1fr, 1fr, auto, auto), inset: 4pt, stroke: 0.4pt + luma(200),
  table.header([*When*], [*Activity*], [*Customer*], [*Status*], [*Employee*]),
  ..data.rows.flatten())
"""


@blueprint.get("/today")
def today() -> str:
    """What is overdue, what is for today, and what comes next: one's own activities and tasks."""
    with view() as reading:
        now = reading.clock.now()
        midnight = (now.astimezone(reader_zone()) + timedelta(days=1)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        parts = [
            ("Overdue", _plans(reading, None, now), _due(reading, None, now)),
            ("Today", _plans(reading, now, midnight), _due(reading, now, midnight)),
            (
                "The next seven days",
                _plans(reading, midnight, midnight + AHEAD),
                _due(reading, midnight, midnight + AHEAD),
            ),
        ]
    colleagues = {key: name for key, name in names().items() if key != SYSTEM.id}
    return render_template(
        "planning/today.html", parts=parts, colleagues=colleagues, roles=sorted(ROLE_PERMISSIONS), priorities=PRIORITIES
    )


@blueprint.post("/planner/tasks")
def give_task() -> Answer:
    """Give a task, by hand or from an activity; the page that comes next is the case."""
    given = {name: value.strip() for name, value in request.form.items()}
    due_at = given.get("due_at")
    with view() as reading:
        about = queries.activity(reading, given["activity_id"]) if given.get("activity_id") else None
    group = given.get("group")
    variables = variables_of(
        title=given.get("title", ""),
        note=given.get("note") or None,
        assignee=given.get("assignee") or None,
        groups=(group,) if group else (),
        supervisor=given.get("supervisor") or None,
        due_at=datetime.fromisoformat(due_at).replace(tzinfo=reader_zone()).astimezone(UTC) if due_at else None,
        priority=given.get("priority", "medium"),
    )
    try:
        made = run(new_task(variables, about=about, giver=current_actor()))
    except (InvalidInput, NotFound) as refusal:
        flash(refusal.sentence)
        return redirect(url_for("pages.activity", activity_id=about.id) if about else url_for("pages.today"))
    return redirect(url_for("pages.case", instance_id=made.id))


@blueprint.get("/activity-rules")
def activity_rules() -> str:
    """The table of rules, and the form for a new line."""
    with view() as reading:
        return _rules(reading)


@blueprint.post("/activity-rules")
def write_activity_rule() -> Answer:
    """Add a line, or change one, or say what is wrong."""
    given = {name: value.strip() or None for name, value in request.form.items() if name in Rule.__dataclass_fields__}
    needed = dict.fromkeys(("name", "effect", "target"))  # what the form left out is refused with a sentence
    rule = Rule(**needed | given | {"is_active": "is_off" not in request.form})  # type: ignore[arg-type]  # texts or nothing
    version = request.form.get("version", "")
    try:
        run(
            WriteRule(
                rule=rule,
                rule_id=request.form.get("rule_id") or None,
                expected_version=int(version) if version.isdecimal() else None,
            )
        )
    except (Conflict, InvalidInput) as refusal:
        with view() as reading:
            return make_response(_rules(reading, refusal, asdict(rule)), 409 if isinstance(refusal, Conflict) else 422)
    return redirect(url_for("pages.activity_rules"))


@blueprint.post("/activities/filters")
def keep_activity_filter() -> Answer:
    """Keep what the list asks for under a name."""
    wanted: dict[str, Any] = {name: value for name, value in request.form.items() if name in FIELDS and value}
    key = run(
        KeepFilter(name=request.form.get("name", ""), wanted=wanted, groups=tuple(request.form.getlist("groups")))
    )
    return redirect(url_for("pages.activities", show="everybody", filter=key))


@blueprint.post("/activities/filters/<id:filter_id>/drop")
def drop_activity_filter(filter_id: str) -> Answer:
    """Drop one's own filter."""
    run(DropFilter(filter_id=filter_id))
    return redirect(url_for("pages.activities"))


@blueprint.get("/activities.pdf")
def print_activities() -> Response:
    """The list as a finished report: the same activities in the same order, and what was asked for."""
    from webapp.pages.activities import wanted_of

    show = asked("show")
    with view() as reading:
        wanted, newest_first = wanted_of(show)
        if asked("filter"):
            wanted, newest_first = filter_of(reading, asked("filter")), True
        rows: list[Any] = []
        after = None
        while len(rows) < PRINTED:
            part = queries.activities(reading, wanted, after=after, limit=200, newest_first=newest_first)
            rows += part.items
            after = part.next
            if after is None:
                break
        firm, now, called = company(reading).name, reading.clock.now(), names()
    zone = reader_zone()
    asked_for = ", ".join(f"{name}: {value}" for name, value in asdict(wanted).items() if value)
    fields = {
        "title": "Activities",
        "company": firm,
        "made": f"{now.astimezone(zone):%d.%m.%Y %H:%M}",
        "filter": asked_for or "All activities",
        "rows": [
            [
                f"{each.moment.astimezone(zone):%d.%m.%Y %H:%M}",
                each.subject,
                each.customer_name or "–",
                each.status,
                called.get(each.employee, each.employee),
            ]
            for each in rows[:PRINTED]
        ],
    }
    content = render_pdf(PAPER, fields, at=application().clock.now())
    run(GiveOut(what="activities", form="pdf", rows=len(fields["rows"])))
    return Response(
        content, mimetype="application/pdf", headers={"Content-Disposition": 'inline; filename="activities.pdf"'}
    )


def _plans(reading: Reading, since: datetime | None, until: datetime) -> list[Any]:
    if not reading.actor.may("customer.read"):
        return []
    wanted = ActivityFilter(employee=reading.actor.id, status="planned", since=since, until=until)
    return queries.activities(reading, wanted, limit=MOST, newest_first=False).items


def _due(reading: Reading, since: datetime | None, until: datetime) -> list[Any]:
    wanted = TaskFilter(assignee=reading.actor.id, due_after=since, due_before=until, sort="due")
    return list(tasks(reading, wanted, limit=MOST).items)


def _rules(
    reading: Reading, refusal: Conflict | InvalidInput | None = None, given: dict[str, Any] | None = None
) -> str:
    types, methods = (
        {each.code: label(each.labels, "en", each.code) for each in dictionary(reading, key).values}
        for key in (TYPE, METHOD)
    )
    return render_template(
        "planning/rules.html",
        rules=rules(reading),
        types=types,
        methods=methods,
        directions=DIRECTIONS,
        statuses=STATUSES,
        effects=EFFECTS,
        refusal=refusal,
        given=given or {},
        faults=(refusal.details.get("fields") or {}) if refusal else {},
    )
