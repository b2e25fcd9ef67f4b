"""Reminders of days in fields of records."""

from __future__ import annotations

from crm.date_reminders import fields, rules
from crm.date_reminders.fields import DateField
from crm.date_reminders.rules import DateReminder, KnownDateReminder, WriteDateReminder
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("date_reminders")


class ReminderBody(Body):
    """A reminder; `field` is a key of the fields with days."""

    name: str
    field: str
    days: int
    goes_to: str = "keeper"
    group: str | None = None
    is_active: bool = True


class ReminderChange(ReminderBody):
    """All of it; `version` is the one that was read."""

    version: int | None = None


@routes.get("/date-reminders", "Reminders of days in fields", answer=list[KnownDateReminder], refusals=(403,))
def date_reminders() -> list[KnownDateReminder]:
    """List reminders."""
    with view() as reading:
        return rules.date_reminders(reading)


@routes.get("/date-reminders/fields", "The fields with days", answer=list[DateField], refusals=(403,))
def date_fields() -> list[DateField]:
    """List fields."""
    with view() as reading:
        return fields.date_fields(reading)


@routes.post(
    "/date-reminders", "Add a reminder", body=ReminderBody, answer=KnownDateReminder, status=201, refusals=(403, 422)
)
def add_date_reminder(body: ReminderBody) -> KnownDateReminder:
    """Add one."""
    return _reminder(run(WriteDateReminder(reminder=DateReminder(**body.model_dump()))))


@routes.patch(
    "/date-reminders/<id:rule_id>",
    "Change a reminder, or switch it off",
    body=ReminderChange,
    answer=KnownDateReminder,
    refusals=(403, 404, 409, 422),
)
def change_date_reminder(rule_id: str, body: ReminderChange) -> KnownDateReminder:
    """Change one."""
    reminder = DateReminder(**body.model_dump(exclude={"version"}))
    return _reminder(run(WriteDateReminder(reminder=reminder, rule_id=rule_id, expected_version=body.version)))


def _reminder(rule_id: str) -> KnownDateReminder:
    with view() as reading:
        return next(each for each in rules.date_reminders(reading) if each.id == rule_id)
