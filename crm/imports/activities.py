"""Activities of a file: entered once; a row with the key of an earlier one changes nothing."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select

from core.errors import DomainError
from crm.activities.content import Content, Participant
from crm.activities.registering import RegisterActivity, register_activity
from crm.checks import all_at_a_time
from crm.imports import parents
from crm.imports.models import ImportKeyRow
from crm.imports.reading import Row
from crm.imports.taking import CREATED, UNCHANGED, Arrangement, Taken, rejected
from crm.imports.values import Draft, reader
from crm.models import ContactRow
from crm.reach import words
from storage.unit_of_work import UnitOfWork

KIND = "activities"
People = dict[tuple[str, str, str], ContactRow]  # by customer and by how they are named
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
    all_at_a_time(unit, (f"import:{KIND}:{key}" for key in keys))
    wanted = select(ImportKeyRow).where(ImportKeyRow.kind == KIND, ImportKeyRow.key.in_(keys))
    known = {row.key: row.record_id for row in unit.session.scalars(wanted)} if keys else {}
    of_drafts = {customer for draft in drafts if (customer := customers.of(draft, arrangement)) is not None}
    buyers, people = parents.loaded(unit, of_drafts), _people(unit, drafts, of_drafts)
    taken = [_guarded(unit, draft, arrangement, customers, people, known) for draft in drafts]
    unit.session.flush()
    del buyers  # until here the session remembers them
    return taken


def _people(unit: UnitOfWork, drafts: Sequence[Draft], customers: Collection[str]) -> People:
    """The people that rows name, with one statement."""
    found: People = {}
    mails = {str(draft.values["contact.email"]) for draft in drafts if "contact.email" in draft.values}
    names = {str(draft.values["contact.name"]) for draft in drafts if "contact.name" in draft.values}
    if not customers or not mails | names:
        return found
    wanted = select(ContactRow).where(
        ContactRow.customer_id.in_(customers), ContactRow.email.in_(mails) | ContactRow.name.in_(names)
    )
    for row in unit.session.scalars(wanted.order_by(ContactRow.id)):
        found.setdefault((row.customer_id, "contact.name", row.name), row)
        if row.email:
            found.setdefault((row.customer_id, "contact.email", row.email), row)
    return found


def _guarded(
    unit: UnitOfWork,
    draft: Draft,
    arrangement: Arrangement,
    customers: parents.Customers,
    people: People,
    known: dict[str, str],
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
        content = _content(unit, draft, customer_id, people)
        activity_id = register_activity(RegisterActivity(content=content), unit)  # checks before it writes anything
    except DomainError as error:
        return rejected(draft.row, error.sentence, label)
    if key:
        unit.session.add(ImportKeyRow(kind=KIND, key=key, record_id=activity_id))
        known[key] = activity_id
    return Taken(row=draft.row, outcome=CREATED, label=label, record_id=activity_id, version=1)


def _content(unit: UnitOfWork, draft: Draft, customer_id: str | None, people: People) -> Content:
    values = draft.values
    contact_id = _contact(values, customer_id, people)
    is_planned = "planned_from" in values and "held_from" not in values
    present: tuple[Participant, ...] = ()
    if customer_id and contact_id is None:
        present = (Participant(side="customer", name=str(values.get("contact.name") or "—")),)
    return Content(
        employee=str(values.get("employee") or unit.actor.id),
        method=str(values.get("method", "")),
        direction=_word(values.get("direction", "outgoing")),
        status=_word(values.get("status", "planned" if is_planned else "held")),
        subject=str(values.get("subject", "")),
        customer_id=customer_id,
        contact_id=contact_id,
        duration_seconds=60 * values["minutes"] if "minutes" in values else None,
        participants=present,
        **{name: values[name] for name in SAID if name in values},
    )


def _contact(values: dict[str, Any], customer_id: str | None, people: People) -> str | None:
    for name in ("contact.email", "contact.name"):
        if customer_id is not None and name in values:
            found = people.get((customer_id, name, str(values[name])))
            return found.id if found else None
    return None


def _word(text: Any) -> str:
    said = words(str(text))
    return WORDS.get(said, said)
