"""Which days people are reminded of: those in date fields whose form has a property `remind_days`.

The property is one of form-js (`"properties": {"remind_days": "30"}`): so many days before, somebody is told.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from core.errors import InvalidInput
from storage.orm import Json
from storage.unit_of_work import UnitOfWork
from storage.writes import to_array

PROPERTY = "remind_days"
MOST_DAYS = 3650
EARLIEST = date(1900, 1, 1)  # of a day that anybody is reminded of: ten years before the year 1 are no date
FORGET = "DELETE FROM document_reminder WHERE document_id = %({n}id)s AND NOT field = ANY(%({n}kept)s::text[])"
NOTE = """
INSERT INTO document_reminder AS known (document_id, field, day, remind_on)
SELECT %({n}id)s, noted.field, noted.day, noted.remind_on
    FROM unnest(%({n}fields)s::text[], %({n}days)s::date[], %({n}on)s::date[]) AS noted (field, day, remind_on)
ON CONFLICT (document_id, field) DO UPDATE SET day = excluded.day, remind_on = excluded.remind_on, delivered_at = NULL
WHERE (known.day, known.remind_on) IS DISTINCT FROM (excluded.day, excluded.remind_on)
"""
FORGET_TYPE = """
DELETE FROM document_reminder USING document
WHERE document.id = document_reminder.document_id AND document.type = %s AND NOT field = ANY(%s)
"""
NOTE_TYPE = r"""
INSERT INTO document_reminder AS known (document_id, field, day, remind_on)
SELECT document.id, said.field, said.day, said.day - said.days FROM (
    SELECT id, asked.field, asked.days, CASE
        WHEN fields ->> asked.field ~ '^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])'
            AND pg_input_is_valid(left(fields ->> asked.field, 10), 'date')
        THEN left(fields ->> asked.field, 10)::date END AS day
    FROM document, unnest(%s::text[], %s::int[]) AS asked (field, days)
    WHERE document.type = %s AND document.destroyed_at IS NULL
) AS said JOIN document ON document.id = said.id WHERE said.day >= DATE '1900-01-01'
ON CONFLICT (document_id, field) DO UPDATE SET day = excluded.day, remind_on = excluded.remind_on, delivered_at = NULL
WHERE (known.day, known.remind_on) IS DISTINCT FROM (excluded.day, excluded.remind_on)
"""


def reminders_of(form: Json) -> dict[str, int]:
    """Days before by field, for the date fields of a form that ask for it. Raises `InvalidInput`."""
    return dict(_asked(form))


def note_reminders(unit: UnitOfWork, document_id: str, form: Json, fields: Mapping[str, Any], *, is_new: bool) -> None:
    """Keep what a document's fields say. Costs nothing for what is filed with a type that reminds of nothing."""
    asked = reminders_of(form)
    days = {key: day for key in asked if (day := day_of(fields.get(key))) and day >= EARLIEST}
    if not is_new:
        unit.posted.ride(FORGET, id=document_id, kept=to_array(days))
    if days:
        on = [(day - timedelta(days=asked[key])).isoformat() for key, day in days.items()]
        told = [day.isoformat() for day in days.values()]
        unit.posted.ride(NOTE, id=document_id, fields=to_array(days), days=to_array(told), on=to_array(on))


def note_type(unit: UnitOfWork, key: str, form: Json) -> None:
    """Keep what the documents of a type say, whose form is another one now."""
    asked = reminders_of(form)
    unit.driver.execute(FORGET_TYPE, (key, list(asked)))
    if asked:
        unit.driver.execute(NOTE_TYPE, (list(asked), list(asked.values()), key))


def day_of(value: Any) -> date | None:
    """The day that a field holds: `2026-05-31`, or the beginning of a date and time."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _asked(component: Json) -> Iterator[tuple[str, int]]:
    for each in component.get("components") or []:
        properties = each.get("properties")
        days = properties.get(PROPERTY) if isinstance(properties, Mapping) else None
        if days is not None and each.get("key"):
            yield str(each["key"]), _days(str(each["key"]), days)


def _days(key: str, days: Any) -> int:
    text = str(days)
    if not (text.isascii() and text.isdigit() and int(text) <= MOST_DAYS):
        sentence = f"The field {key} asks for a reminder {text[:20]!r} days before; write a number up to {MOST_DAYS}."
        raise InvalidInput(sentence, fields={"/form": sentence})
    return int(text)
