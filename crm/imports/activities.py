"""Activities of a file: entered once; a row with the key of an earlier one changes nothing."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from core.errors import DomainError
from crm.activities.content import Content, Participant
from crm.activities.registering import RegisterActivity, register_activity
from crm.imports import parents
from crm.imports.models import ImportKeyRow
from crm.imports.reading import Row
from crm.imports.taking import CREATED, UNCHANGED, Arrangement, Taken, rejected
from crm.imports.values import Draft, reader
from crm.models import ContactRow
from crm.reach import words
from storage.unit_of_work import UnitOfWork

KIND = "activities"
SAID = ("type", "priority", "state", "note", "planned_from", "planned_to", "held_from")
WORDS = {  # what people write for directions and states
    "in": "incoming",
    "przychodzace": "incoming",
    "przychodzacy": "incoming",
    "входящий": "incoming",
    "primit": "incoming",
    "out": "outgoing",
    "wychodzace": "outgoing",
    "wychodzacy": "outgoing",
    "исходящий": "outgoing",
    "trimis": "outgoing",
    "odbyte": "held",
    "planowane": "planned",
}


def take(unit: UnitOfWork, rows: Sequence[Row], arrangement: Arrangement) -> list[Taken]:
    """Bring activities in."""
    reading = reader(unit, KIND, arrangement.columns, arrangement.days)
    drafts = [reading.read(row) for row in rows]
    customers = parents.look_up(unit, drafts, arrangement)
    keys = sorted({str(draft.values["key"]) for draft in drafts if "key" in draft.values})
    wanted = select(ImportKeyRow).where(ImportKeyRow.kind == KIND, ImportKeyRow.key.in_(keys))
    known = {row.key: row.record_id for row in unit.session.scalars(wanted)} if keys else {}
    return [_guarded(unit, draft, arrangement, customers, known) for draft in drafts]


def _guarded(
    unit: UnitOfWork, draft: Draft, arrangement: Arrangement, customers: parents.Customers, known: dict[str, str]
) -> Taken:
    label, key = str(draft.values.get("subject", "")), str(draft.values.get("key", ""))[:200]
    if draft.findings.fields:
        return rejected(draft.row, " ".join(draft.findings.fields.values()), label)
    if key and key in known:
        return Taken(row=draft.row, outcome=UNCHANGED, label=label, record_id=known[key])
    names_customer = any(name in draft.values for name in parents.BY)
    customer_id = customers.of(draft, arrangement)
    if names_customer and customer_id is None:
        return rejected(draft.row, customers.wrong(draft), label)
    try:
        with unit.savepoint():
            content = _content(unit, draft, customer_id)
            activity_id = register_activity(RegisterActivity(content=content), unit)
            if key:
                unit.session.add(ImportKeyRow(kind=KIND, key=key, record_id=activity_id))
    except DomainError as error:
        return rejected(draft.row, error.sentence, label)
    if key:
        known[key] = activity_id
    return Taken(row=draft.row, outcome=CREATED, label=label, record_id=activity_id, version=1)


def _content(unit: UnitOfWork, draft: Draft, customer_id: str | None) -> Content:
    values = draft.values
    contact_id = _contact(unit, values, customer_id)
    is_planned = "planned_from" in values and "held_from" not in values
    people: tuple[Participant, ...] = ()
    if customer_id and contact_id is None:
        people = (Participant(side="customer", name=str(values.get("contact.name") or "—")),)
    return Content(
        employee=str(values.get("employee") or unit.actor.id),
        method=str(values.get("method", "")),
        direction=_word(values.get("direction", "outgoing")),
        status=_word(values.get("status", "planned" if is_planned else "held")),
        subject=str(values.get("subject", "")),
        customer_id=customer_id,
        contact_id=contact_id,
        duration_seconds=60 * values["minutes"] if "minutes" in values else None,
        participants=people,
        **{name: values[name] for name in SAID if name in values},
    )


def _contact(unit: UnitOfWork, values: dict[str, Any], customer_id: str | None) -> str | None:
    if customer_id is None or not {"contact.name", "contact.email"} & values.keys():
        return None
    found = select(ContactRow.id).where(ContactRow.customer_id == customer_id)
    if "contact.email" in values:
        found = found.where(ContactRow.email == values["contact.email"])
    else:
        found = found.where(ContactRow.name == values["contact.name"])
    return unit.session.scalars(found.limit(1)).first()


def _word(text: Any) -> str:
    said = words(str(text))
    return WORDS.get(said, said)
