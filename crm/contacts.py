"""Entering and changing the people at a customer."""

from dataclasses import dataclass, replace
from typing import Any

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from crm.checks import Findings, checked_version, refuse_taken
from crm.errors import ContactNotFound, CustomerNotFound, WrongFields
from crm.events import ContactChanged, ContactCreated
from crm.models import ContactRow, CustomerRow
from crm.reach import e164, is_email
from storage.unit_of_work import UnitOfWork

FIELDS = ("name", "job_title", "email", "phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateContact(Command):
    """Enter a person at a customer."""

    customer_id: str
    name: str
    job_title: str | None = None
    email: str | None = None
    phone: str | None = None
    external_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateContact(Command):
    """Change a person's data; `changes` maps name, job_title, email, phone to new values."""

    contact_id: str
    changes: dict[str, Any]
    expected_version: int | None = None


@handles(CreateContact, needs="customer.edit")
def create_contact(command: CreateContact, unit: UnitOfWork) -> str:
    """Enter a person and return their id. Raises `WrongFields`."""
    customer = unit.session.get(CustomerRow, command.customer_id)
    if customer is None:
        raise CustomerNotFound(command.customer_id)
    normal = _checked(command, customer.country)
    refuse_taken(unit, ContactRow, command.external_reference, "a contact")
    row = ContactRow(
        id=new_id(),
        customer_id=customer.id,
        name=normal.name,
        job_title=normal.job_title,
        email=normal.email,
        phone=normal.phone,
        external_reference=command.external_reference,
        created_at=unit.clock.now(),
    )
    unit.session.add(row)
    unit.emit(ContactCreated(customer_id=customer.id, contact_id=row.id, name=row.name))
    return row.id


@handles(UpdateContact, needs="customer.edit")
def update_contact(command: UpdateContact, unit: UnitOfWork) -> None:
    """Change a person's data. Raises `WrongFields`, `ChangedMeanwhile`."""
    row = unit.session.get(ContactRow, command.contact_id)
    if row is None:
        raise ContactNotFound(command.contact_id)
    customer = unit.session.get_one(CustomerRow, row.customer_id)
    checked_version(f"Contact {row.name}", expected=command.expected_version, current=row.row_version)
    unknown = command.changes.keys() - set(FIELDS)
    if unknown:
        raise WrongFields({f"/{name}": f"A contact has no field {name}." for name in sorted(unknown)})
    before = {name: getattr(row, name) for name in FIELDS}
    normal = _checked(CreateContact(customer_id=customer.id, **before | command.changes), customer.country)
    changes = {name: [before[name], getattr(normal, name)] for name in FIELDS if before[name] != getattr(normal, name)}
    for name, (_, after) in changes.items():
        setattr(row, name, after)
    if changes:
        unit.emit(ContactChanged(customer_id=customer.id, contact_id=row.id, personal_changes=changes))


def _checked(command: CreateContact, country: str) -> CreateContact:
    findings = Findings()
    email = findings.optional("/email", command.email, "The e-mail address")
    if email is not None and not is_email(email):
        findings.add("/email", f"{email} is not an e-mail address.")
    phone = findings.optional("/phone", command.phone, "The phone number", longest=40)
    number = e164(phone, country) if phone else None
    if phone and number is None:
        findings.add("/phone", f"{phone} is not a phone number that can be dialled.")
    normal = replace(
        command,
        name=findings.text("/name", command.name, "The name"),
        job_title=findings.optional("/job_title", command.job_title, "The job title"),
        email=email,
        phone=number,
    )
    findings.refuse()
    return normal
