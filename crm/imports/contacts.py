"""People of a file: each at its customer, found again by number or e-mail."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from core.errors import DomainError
from crm.checks import all_at_a_time
from crm.contacts import FIELDS, CreateContact, UpdateContact, new_contact, update_contact, values_of
from crm.errors import ReferenceTaken
from crm.imports import parents
from crm.imports.reading import Row
from crm.imports.taking import CREATED, DUPLICATE, UNCHANGED, UPDATED, Arrangement, Taken, rejected
from crm.imports.values import Draft, own_values, reader
from crm.models import ContactRow, CustomerRow
from crm.reach import e164
from storage.unit_of_work import UnitOfWork

NAMED = ("title", "first_name", "middle_name", "last_name")
Known = dict[tuple[str, str], list[ContactRow]]
SAID = frozenset(FIELDS) - {"name", "custom", "is_active"}


def take(unit: UnitOfWork, rows: Sequence[Row], arrangement: Arrangement) -> list[Taken]:
    """Bring people in; a customer that is missing is made where the arrangement says so."""
    reading = reader(unit, "contacts", arrangement.columns, arrangement.days)
    drafts = [reading.read(row) for row in rows]
    customers = parents.look_up(unit, drafts, arrangement)
    all_at_a_time(
        unit, (f"contact:{draft.values['external_reference']}" for draft in drafts if _reference(draft) is not None)
    )
    known = _look_up(unit, drafts)
    of_drafts = {customer for draft in drafts if (customer := customers.of(draft, arrangement)) is not None}
    buyers = parents.loaded(unit, of_drafts)
    _look_up_names(unit, drafts, of_drafts, known)
    taken = [_guarded(unit, draft, arrangement, customers, known) for draft in drafts]
    del buyers  # until here the session remembers them
    unit.session.flush()  # versions are those that an undoing compares with
    for each in taken:
        if each.outcome == UPDATED and each.record_id:
            each.version = unit.session.get_one(ContactRow, each.record_id).row_version
    return taken


def name_of(values: dict[str, Any]) -> str:
    """The name as one text, out of its parts where it came in parts."""
    return str(values.get("name") or " ".join(str(values[each]) for each in NAMED if each in values)).strip()


def _look_up(unit: UnitOfWork, drafts: Sequence[Draft]) -> Known:
    found: Known = {}
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


def _reference(draft: Draft) -> str | None:
    return draft.values.get("external_reference")


def _look_up_names(unit: UnitOfWork, drafts: Sequence[Draft], customers: set[str], known: Known) -> None:
    """People by customer and name, for rows that tell neither number nor e-mail."""
    names = {name_of(draft.values) for draft in drafts} - {""}
    wanted = select(ContactRow).where(ContactRow.customer_id.in_(customers), ContactRow.name.in_(names))
    for row in unit.session.scalars(wanted.order_by(ContactRow.id)) if customers else ():
        known.setdefault(("name", f"{row.customer_id} {row.name}"), []).append(row)


def _guarded(
    unit: UnitOfWork,
    draft: Draft,
    arrangement: Arrangement,
    customers: parents.Customers,
    known: Known,
) -> Taken:
    label = name_of(draft.values)
    if draft.findings.fields:
        return rejected(draft.row, " ".join(draft.findings.fields.values()), label)
    try:
        if customers.of(draft, arrangement) is not None:
            taken, row = _one(unit, draft, arrangement, customers, known)  # checks come before anything is written
        else:
            taken, row = _with_firm(unit, draft, arrangement, customers, known)
    except DomainError as error:
        return rejected(draft.row, error.sentence, label)
    if row is not None:
        if row.external_reference:
            known.setdefault(("external_reference", row.external_reference), []).append(row)
        if row.email:
            known.setdefault(("email", row.email.lower()), []).append(row)
        known.setdefault(("name", f"{row.customer_id} {row.name}"), []).append(row)
    return taken


def _with_firm(
    unit: UnitOfWork, draft: Draft, arrangement: Arrangement, customers: parents.Customers, known: Known
) -> tuple[Taken, ContactRow | None]:
    """A person whose firm may have to be made: both or neither."""
    made = dict(customers.found)
    try:
        with unit.savepoint():
            found = _one(unit, draft, arrangement, customers, known)
            unit.session.flush()  # what is made of the firm is there for the rows that follow
            return found
    except DomainError:
        customers.found = made
        raise


def _one(
    unit: UnitOfWork,
    draft: Draft,
    arrangement: Arrangement,
    customers: parents.Customers,
    known: Known,
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
    others = known.get(("name", f"{customer_id} {label}"), [])
    if others and not values.get("external_reference"):
        return _update(unit, draft, arrangement, others[0]), None
    reference = _reference(draft)
    if reference is not None and ("external_reference", reference) in known:
        raise ReferenceTaken("a contact", reference)
    command = CreateContact(
        customer_id=customer_id,
        name=label,
        external_reference=reference,
        custom=own_values(draft),
        **{name: values[name] for name in SAID if name in values},
    )
    row = new_contact(unit, command, unit.session.get_one(CustomerRow, customer_id))
    return Taken(row=draft.row, outcome=CREATED, label=label, record_id=row.id, version=1), row


def _found(
    draft: Draft,
    arrangement: Arrangement,
    known: Known,
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
    update_contact(UpdateContact(contact_id=row.id, changes=changes), unit)
    outcome = UPDATED if values_of(row) != before else UNCHANGED
    told = {name: list(before[name]) if isinstance(before[name], tuple) else before[name] for name in changes}
    return Taken(
        row=draft.row,
        outcome=outcome,
        label=row.name,
        record_id=row.id,
        version=row.row_version,  # until the batch is written
        before=told if outcome == UPDATED else None,
        changes=sorted(changes),
    )
