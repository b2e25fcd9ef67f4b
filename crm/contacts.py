"""Entering, changing and moving the people at customers."""

from collections.abc import Mapping
from dataclasses import field, fields, replace
from datetime import date
from typing import Any

from sqlalchemy import select

from core.errors import Forbidden
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import PRIVATE
from crm.birthdays import birthday, read_birthday
from crm.checks import Findings, refuse_taken
from crm.customer_events import ContactMoved, ContactPlaced, ContactWithdrawn
from crm.dictionaries import check_codes
from crm.errors import ChangedMeanwhile, ContactNotFound, CustomerNotFound, WrongFields
from crm.events import ContactChanged, ContactCreated
from crm.models import ContactPositionRow, ContactRow, CustomerRow
from crm.reach import e164, is_email
from crm.record_checks import CONTACT, check_custom
from storage.unit_of_work import UnitOfWork

PRIVATE_FIELDS = frozenset({"preferences", "interests", "family"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateContact(Command):
    """Enter a person at a customer; a birthday is 1980-05-31, or --05-31 where the year is not known."""

    customer_id: str
    name: str
    job_title: str | None = None
    role: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    birthday: str | None = None
    preferences: str | None = None
    interests: tuple[str, ...] = ()
    family: str | None = None
    custom: dict[str, Any] = field(default_factory=dict)
    is_active: bool = True
    external_reference: str | None = None


FIELDS = tuple(
    each.name for each in fields(CreateContact) if each.name not in {"customer_id", "external_reference", "quiet"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateContact(Command):
    """Change a person's data; `changes` maps fields of `CreateContact` to new values."""

    contact_id: str
    changes: dict[str, Any]
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveContact(Command):
    """A person works for another customer now; what happened with them stays where it happened."""

    contact_id: str
    customer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceContact(Command):
    """A person is something at a further customer, too: the accountant of three firms, say."""

    contact_id: str
    customer_id: str
    role: str
    job_title: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawContact(Command):
    """A person is nothing at a further customer any more."""

    position_id: str


@handles(CreateContact, needs="customer.edit")
def create_contact(command: CreateContact, unit: UnitOfWork) -> str:
    """Enter a person and return their id. Raises `WrongFields`."""
    customer = unit.session.get(CustomerRow, command.customer_id)
    if customer is None:
        raise CustomerNotFound(command.customer_id)
    refuse_taken(unit, ContactRow, command.external_reference, "a contact")
    return new_contact(unit, command, customer).id


def new_contact(unit: UnitOfWork, command: CreateContact, customer: CustomerRow) -> ContactRow:
    """For whoever has looked that the reference is free. Raises `WrongFields` before anything is written."""
    normal = _checked(unit, command, customer.country)
    _require_private(unit, {name for name in PRIVATE_FIELDS if getattr(normal, name)})
    row = ContactRow(
        id=new_id(),
        customer_id=customer.id,
        external_reference=command.external_reference,
        created_at=unit.clock.now(),
    )
    _fill(row, normal)
    unit.session.add(row)
    unit.emit(ContactCreated(customer_id=customer.id, contact_id=row.id, name=row.name))
    return row


@handles(UpdateContact, needs="customer.edit")
def update_contact(command: UpdateContact, unit: UnitOfWork) -> None:
    """Change a person's data. Raises `WrongFields`, `ChangedMeanwhile`."""
    row = _contact(unit, command.contact_id)
    customer = unit.session.get_one(CustomerRow, row.customer_id)
    unknown = command.changes.keys() - set(FIELDS)
    if unknown:
        raise WrongFields({f"/{name}": f"A contact has no field {name}." for name in sorted(unknown)})
    before = values_of(row)
    if command.expected_version not in (None, row.row_version):
        raise ChangedMeanwhile(
            f"Contact {row.name}",
            expected=command.expected_version or 0,
            current=row.row_version,
            differences={
                name: {"yours": _told(value), "theirs": _told(before[name])}
                for name, value in command.changes.items()
                if value != before[name] and (name not in PRIVATE_FIELDS or unit.actor.may(PRIVATE))
            },
        )
    wanted = CreateContact(customer_id=customer.id, **before | command.changes)
    normal = _checked(unit, wanted, customer.country, before)
    changes = {
        name: [_told(before[name]), _told(getattr(normal, name))]
        for name in FIELDS
        if before[name] != getattr(normal, name)
    }
    _require_private(unit, PRIVATE_FIELDS & changes.keys())
    if changes:
        _fill(row, normal)
        unit.emit(ContactChanged(customer_id=customer.id, contact_id=row.id, personal_changes=changes))


@handles(MoveContact, needs="customer.edit")
def move_contact(command: MoveContact, unit: UnitOfWork) -> None:
    """Move a person; the trail of both customers tells of it. Raises `ContactNotFound`, `CustomerNotFound`."""
    row = _contact(unit, command.contact_id)
    if unit.session.get(CustomerRow, command.customer_id) is None:
        raise CustomerNotFound(command.customer_id)
    before = row.customer_id
    if before == command.customer_id:
        return
    held = select(ContactPositionRow).where(
        ContactPositionRow.contact_id == row.id, ContactPositionRow.customer_id == command.customer_id
    )
    for position in unit.session.scalars(held):
        unit.session.delete(position)  # what was a further firm is theirs now
    row.customer_id = command.customer_id
    for customer_id in (before, command.customer_id):
        unit.emit(
            ContactMoved(customer_id=customer_id, contact_id=row.id, moved_from=before, moved_to=command.customer_id)
        )


@handles(PlaceContact, needs="customer.edit")
def place_contact(command: PlaceContact, unit: UnitOfWork) -> str:
    """Enter the position and return its id. Raises `WrongFields`, `ContactNotFound`, `CustomerNotFound`."""
    row = _contact(unit, command.contact_id)
    if unit.session.get(CustomerRow, command.customer_id) is None:
        raise CustomerNotFound(command.customer_id)
    findings = Findings()
    role = findings.text("/role", command.role, "The role", longest=64)
    title = findings.optional("/job_title", command.job_title, "The job title")
    if command.since and command.until and command.until < command.since:
        findings.add("/until", "A position cannot end before it begins.")
    if row.customer_id == command.customer_id:
        findings.add("/customer_id", f"{row.name} works there already. Choose another customer.")
    held = select(ContactPositionRow.id).where(
        ContactPositionRow.contact_id == row.id,
        ContactPositionRow.customer_id == command.customer_id,
        ContactPositionRow.role == role,
    )
    if unit.session.scalars(held).first() is not None:
        findings.add("/role", f"{row.name} is that at this customer already.")
    findings.refuse()
    position = ContactPositionRow(
        id=new_id(),
        contact_id=row.id,
        customer_id=command.customer_id,
        role=role,
        job_title=title,
        since=command.since,
        until=command.until,
    )
    unit.session.add(position)
    unit.emit(ContactPlaced(customer_id=command.customer_id, contact_id=row.id, role=role))
    return position.id


@handles(WithdrawContact, needs="customer.edit")
def withdraw_contact(command: WithdrawContact, unit: UnitOfWork) -> None:
    """Take a position away. Raises `ContactNotFound`."""
    position = unit.session.get(ContactPositionRow, command.position_id)
    if position is None:
        raise ContactNotFound(command.position_id)
    unit.session.delete(position)
    unit.emit(ContactWithdrawn(customer_id=position.customer_id, contact_id=position.contact_id, role=position.role))


def values_of(row: ContactRow) -> dict[str, Any]:
    """A person's fields, as they are entered."""
    found = {name: getattr(row, name) for name in FIELDS if name not in {"birthday", "interests", "custom"}}
    return found | {
        "birthday": birthday(row.birth_year, row.birth_day),
        "interests": tuple(row.interests or ()),
        "custom": dict(row.custom or {}),
    }


def _contact(unit: UnitOfWork, contact_id: str) -> ContactRow:
    row = unit.session.get(ContactRow, contact_id)
    if row is None:
        raise ContactNotFound(contact_id)
    return row


def _require_private(unit: UnitOfWork, names: frozenset[str] | set[str]) -> None:
    if names and not unit.actor.may(PRIVATE):
        raise Forbidden(
            f"You do not have the right to write down what people told of themselves ({PRIVATE}).", permission=PRIVATE
        )


def _fill(row: ContactRow, normal: CreateContact) -> None:
    born = read_birthday(normal.birthday) if normal.birthday else None
    row.birth_year, row.birth_day = born or (None, None)
    row.interests = list(normal.interests)
    for name in FIELDS:
        if name not in {"birthday", "interests"}:
            setattr(row, name, getattr(normal, name))


def _told(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _checked(
    unit: UnitOfWork, command: CreateContact, country: str, before: Mapping[str, Any] | None = None
) -> CreateContact:
    findings, before = Findings(), before or {}
    email = findings.optional("/email", command.email, "The e-mail address")
    if email is not None and not is_email(email):
        findings.add("/email", f"{email} is not an e-mail address.")
    born = findings.optional("/birthday", command.birthday, "The birthday", longest=10)
    if born is not None and read_birthday(born) is None:
        findings.add("/birthday", f"{born} is no day. Write 1980-05-31, or --05-31 without the year.")
    normal = replace(
        command,
        name=findings.text("/name", command.name, "The name"),
        job_title=findings.optional("/job_title", command.job_title, "The job title"),
        role=findings.optional("/role", command.role, "The role", longest=64),
        email=email,
        phone=_number(findings, "/phone", command.phone, country),
        mobile=_number(findings, "/mobile", command.mobile, country),
        birthday=born,
        preferences=findings.optional("/preferences", command.preferences, "The preferences", longest=4000),
        family=findings.optional("/family", command.family, "What is known of the family", longest=4000),
        interests=tuple(
            dict.fromkeys(
                findings.text(f"/interests/{index}", each, "An interest", longest=64)
                for index, each in enumerate(command.interests)
            )
        ),
    )
    codes = {f"/interests/{index}": ("interest", each) for index, each in enumerate(normal.interests) if each}
    if normal.role:
        codes["/role"] = ("contact_role", normal.role)
    held = {("contact_role", before.get("role")), *(("interest", each) for each in before.get("interests", ()))}
    check_codes(unit, findings, {at: pair for at, pair in codes.items() if pair not in held})
    normal = replace(normal, custom=check_custom(unit, CONTACT, normal.custom, before.get("custom", {}), findings))
    findings.refuse()
    return normal


def _number(findings: Findings, at: str, written: str | None, country: str) -> str | None:
    text = findings.optional(at, written, "The phone number", longest=40)
    number = e164(text, country) if text else None
    if text and number is None:
        findings.add(at, f"{text} is not a phone number that can be dialled.")
    return number
