"""The list of reminders of days in fields, with a form for one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InvalidInput
from crm.date_reminders.fields import date_fields
from crm.date_reminders.rules import DateReminder, DateReminderNotFound, WriteDateReminder, date_reminders
from storage.unit_of_work import Reading
from webapp.accounts.roles import PROGRAMS, ROLE_PERMISSIONS
from webapp.pages.blueprint import asked, blueprint
from webapp.web import run, view


@blueprint.get("/date-reminders", endpoint="date_reminders")
def list_date_reminders() -> str:
    """The reminders, and the form: empty, or with the one that `reminder` names."""
    with view() as reading:
        return _page(reading, asked("reminder"))


@blueprint.post("/date-reminders")
def write_date_reminder() -> Response:
    """Keep one, or show the form again with what is wrong."""
    given = {name: value.strip() for name, value in request.form.items()}
    rule_id, version = given.get("rule_id", ""), given.get("version", "")
    days = given.get("days", "")
    reminder = DateReminder(
        name=given.get("name", ""),
        field=given.get("field", ""),
        days=int(days) if days.isdecimal() and len(days) <= 6 else -1,  # refused with a sentence
        goes_to=given.get("goes_to", ""),
        group=given.get("group") or None,
        is_active="is_off" not in given,
    )
    expected = int(version) if version.isdecimal() else None
    try:
        run(WriteDateReminder(reminder=reminder, rule_id=rule_id or None, expected_version=expected))
    except (Conflict, InvalidInput) as refusal:
        with view() as reading:
            page = _page(reading, rule_id, refusal, given | {"is_active": reminder.is_active})
        return make_response(page, 409 if isinstance(refusal, Conflict) else 422)
    return redirect(url_for("pages.date_reminders"))


def _page(
    reading: Reading, rule_id: str, refusal: Conflict | InvalidInput | None = None, given: dict[str, Any] | None = None
) -> str:
    found = date_reminders(reading)
    if rule_id and given is None:
        chosen = next((each for each in found if each.id == rule_id), None)
        if chosen is None:
            raise DateReminderNotFound(rule_id)
        given = asdict(chosen) | {"rule_id": chosen.id}
    fields = date_fields(reading)
    return render_template(
        "planning/date_reminders.html",
        reminders=found,
        fields=fields,
        labels={each.key: each.label for each in fields},
        roles=sorted(set(ROLE_PERMISSIONS) - PROGRAMS),
        given=given or {},
        refusal=refusal,
        faults=(refusal.details.get("fields") or {}) if refusal else {},
    )
