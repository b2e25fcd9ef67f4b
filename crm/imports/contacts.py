"""People of a file: each at its customer, found again by number or e-mail."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from core.errors import DomainError
from crm.contacts import FIELDS, CreateContact, UpdateContact, create_contact, update_contact, values_of
from crm.imports import parents
from crm.imports.reading import Row
from crm.imports.taking import CREATED, DUPLICATE, UNCHANGED, UPDATED, Arrangement, Taken, rejected
from crm.imports.values import Draft, own_values, reader
from crm.models import ContactRow
from crm.reach import e164
from storage.unit_of_work import UnitOfWork

NAMED = ("title", "first_name", "middle_name", "last_name")
SAID = frozenset(FIELDS) - {"name", "custom", "is_active"}


def take(unit: UnitOfWork, rows: Sequence[Row], arrangement: Arrangement) -> list[Taken]:
    """Bring people in; a customer that is missing is made where the arrangement says so."""
    reading = reader(unit, "contacts", arrangement.columns, arrangement.days)
    drafts = [reading.read(row) for row in rows]
    customers = parents.look_up(unit, drafts, arrangement)
    known = _look_up(unit, drafts)
    return [_guarded(unit, draft, arrangement, customers, known) for draft in drafts]


def name_of(values: dict[str, Any]) -> str:
    """The name as one text, out of its parts where it came in parts."""
    return str(values.get("name") or " ".join(str(values[each]) for each in NAMED if each in values)).strip()


def _look_up(unit: UnitOfWork, drafts: Sequence[Draft]) -> dict[tuple[str, str], list[ContactRow]]:
    found: dict[tuple[str, str], list[ContactRow]] = {}
    for name, column in (
        ("external_reference", ContactRow.external_reference),
        ("email", func.lower(ContactRow.email)),
    ):
        wanted = sorted({str(draft.values[name]).lower() for draft in drafts if name in draft.values})
        if name == "external_reference":
            wanted = sorted({str(draft.values[name]) for draft in drafts if name in draft.values})
        for row in unit.session.scalars(select(ContactRow).where(column.in_(wanted))) if wanted else ():
            key = str(getattr(row, name))
            found.setdefault((name, key.lower() if name == "email" else key), []).append(row)
    return found


def _guarded(
    unit: UnitOfWork,
    draft: Draft,
    arrangement: Arrangement,
    customers: parents.Customers,
    known: dict[tuple[str, str], list[ContactRow]],
) -> Taken:
    label = name_of(draft.values)
    if draft.findings.fields:
        return rejected(draft.row, " ".join(draft.findings.fields.values()), label)
    made = dict(customers.found)
    try:
        with unit.savepoint():
            taken, row = _one(unit, draft, arrangement, customers, known)
    except DomainError as error:
        customers.found = made
        return rejected(draft.row, error.sentence, label)
    if row is not None:
        if row.external_reference:
            known.setdefault(("external_reference", row.external_reference), []).append(row)
        if row.email:
            known.setdefault(("email", row.email.lower()), []).append(row)
    return taken


def _one(
    unit: UnitOfWork,
    draft: Draft,
    arrangement: Arrangement,
    customers: parents.Customers,
    known: dict[tuple[str, str], list[ContactRow]],
) -> tuple[Taken, ContactRow | None]:
    values, label = draft.values, name_of(draft.values)
    customer_id = customers.of(draft, arrangement)
    row = _found(draft, arrangement, known, customer_id)
    if row is not None:
        return _update(unit, draft, arrangement, row), None
    company = str(values.get("company") or "")
    if customer_id is None and arrangement.makes_customers and not customers.several & {company.lower()}:
        customer_id = parents.made(unit, customers, draft, arrangement, company or label)
    if customer_id is None:
        return rejected(draft.row, customers.wrong(draft), label), None
    same = select(ContactRow).where(ContactRow.customer_id == customer_id, ContactRow.name == label)
    other = unit.session.scalars(same.limit(1)).first()
    if other is not None and not values.get("external_reference"):
        return _update(unit, draft, arrangement, other), None
    command = CreateContact(
        customer_id=customer_id,
        name=label,
        external_reference=values.get("external_reference"),
        custom=own_values(draft),
        **{name: values[name] for name in SAID if name in values},
    )
    contact_id = create_contact(command, unit)
    unit.session.flush()  # the next row may be about the same person
    taken = Taken(row=draft.row, outcome=CREATED, label=label, record_id=contact_id, version=1)
    return taken, unit.session.get_one(ContactRow, contact_id)


def _found(
    draft: Draft,
    arrangement: Arrangement,
    known: dict[tuple[str, str], list[ContactRow]],
    customer_id: str | None,
) -> ContactRow | None:
    for name in arrangement.keys:
        said = str(draft.values.get(name, ""))
        rows = known.get((name, said.lower() if name == "email" else said), [])
        rows = [each for each in rows if name != "email" or customer_id in (None, each.customer_id)]
        if said and len(rows) == 1:
            return rows[0]
    return None


def _update(unit: UnitOfWork, draft: Draft, arrangement: Arrangement, row: ContactRow) -> Taken:
    values, before = draft.values, values_of(row)
    given = {name: values[name] for name in SAID if name in values}
    for name in ("phone", "mobile"):
        number = e164(str(given.get(name, "")), arrangement.country)
        if number is not None and number == before[name]:
            del given[name]
    if own_values(draft):
        given["custom"] = before["custom"] | own_values(draft)
    if name_of(values):
        given["name"] = name_of(values)
    changes = {name: value for name, value in given.items() if before[name] != value}
    if not changes:
        return Taken(row=draft.row, outcome=UNCHANGED, label=row.name, record_id=row.id)
    if not arrangement.updates:
        return Taken(row=draft.row, outcome=DUPLICATE, label=row.name, sentence=f"{row.name} is there already.")
    version = row.row_version
    update_contact(UpdateContact(contact_id=row.id, changes=changes), unit)
    unit.session.flush()  # the version is what an undoing compares with
    outcome = UPDATED if row.row_version != version else UNCHANGED
    told = {name: list(before[name]) if isinstance(before[name], tuple) else before[name] for name in changes}
    return Taken(
        row=draft.row,
        outcome=outcome,
        label=row.name,
        record_id=row.id,
        version=row.row_version,
        before=told if outcome == UPDATED else None,
        changes=sorted(changes),
    )
