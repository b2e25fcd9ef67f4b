"""Entering and changing customers."""

from collections.abc import Collection
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from core.errors import Forbidden
from core.executor import handles
from core.identity import Actor
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import FINANCIAL
from crm.changes import differences, told
from crm.checks import Findings, one_at_a_time
from crm.duplicates import note_duplicates
from crm.erp.masters import refuse_foreign
from crm.errors import (
    ChangedMeanwhile,
    CustomerExists,
    CustomerExistsElsewhere,
    CustomerMerged,
    CustomerNotFound,
    WrongFields,
)
from crm.events import BalanceRecorded, CustomerChanged, CustomerCreated
from crm.hierarchy import refuse_cycle
from crm.matching import match_keys
from crm.models import CustomerBalanceRow, CustomerRow
from crm.money import plain
from crm.numbering import lasting_number
from crm.profiles import FINANCE, Profile, checked, fill, profile_of
from crm.quality import judge
from crm.record_checks import check_profile
from storage.unit_of_work import UnitOfWork

LONGEST_NEEDS = 4000  # characters, as the profile has them
PERSONAL = frozenset(
    {"name", "legal_name", "addresses", "phones", "emails", "identifiers", "bank_accounts", "needs", "custom"}
)

MATCHED = frozenset({"name", "addresses", "phones", "emails", "identifiers", "bank_accounts", "tax_id", "country"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCustomer(Command):
    """Enter a customer."""

    profile: Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedCustomer:
    """The customer that was entered."""

    id: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCustomer(Command):
    """Change fields of a customer; `changes` maps names of `Profile` to new values, lists are replaced whole."""

    customer_id: str
    changes: dict[str, Any]
    expected_version: int | None = None  # the row_version that the caller had read
    by_erp: bool = False  # which changes what it is master of, and nobody else does


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordBalance(Command):
    """Take over what a customer owes from the ledger, in the company's currency."""

    customer_id: str
    receivable: Decimal
    oldest_due: date | None
    as_of: date


@handles(CreateCustomer, needs="customer.edit")
def create_customer(command: CreateCustomer, unit: UnitOfWork) -> CreatedCustomer:
    """Enter a customer with a number of its own; without an owner it is looked after by whoever enters it.

    Raises `WrongFields`, `CustomerExists`, `CustomerExistsElsewhere`.
    """
    profile = check_profile(unit, checked(_owned(command.profile, unit.actor)), None)
    require_finance(unit, _filled(profile))
    if profile.parent_id is not None:
        refuse_cycle(unit, None, profile.parent_id)
    refuse_duplicate(unit, profile)
    now = unit.clock.now()
    (number,) = lasting_number(unit, "C")
    row = CustomerRow(id=new_id(), number=number, created_at=now, created_by=unit.actor.id)
    fill(row, profile)
    row.changed_at, row.changed_by = now, unit.actor.id
    judge(row)
    row.match_keys = match_keys(profile)
    unit.session.add(row)
    unit.session.flush()  # pairs name the row
    note_duplicates(unit, row)
    unit.emit(
        CustomerCreated(
            customer_id=row.id,
            number=number,
            name=profile.name,
            country=profile.country,
            tax_id=profile.tax_id,
            external_reference=profile.external_reference,
        )
    )
    return CreatedCustomer(id=row.id, number=number)


def _owned(profile: Profile, maker: Actor) -> Profile:
    """What programs bring in stays without an owner; somebody who does not reach all customers would not see it."""
    is_maker = not maker.is_system and (maker.may("task.work") or bool(maker.limits))
    return replace(profile, owner=maker.id) if is_maker and not profile.owner else profile


@handles(UpdateCustomer, needs="customer.edit")
def update_customer(command: UpdateCustomer, unit: UnitOfWork) -> int:
    """Change a customer and return its new row version. Raises `WrongFields`, `CustomerExists`, `ChangedMeanwhile`."""
    row = unit.session.get(CustomerRow, command.customer_id)
    if row is None:
        raise CustomerNotFound(command.customer_id)
    if row.merged_into is not None:
        raise CustomerMerged(row.number)
    before = profile_of(row)
    if command.expected_version not in (None, row.row_version):
        raise _conflict(row, before, command)
    unknown = command.changes.keys() - {each.name for each in fields(Profile)}
    if unknown:
        raise WrongFields({f"/{name}": f"A customer has no field {name}." for name in sorted(unknown)})
    after = check_profile(unit, checked(replace(before, **command.changes)), before)
    refuse_duplicate(unit, after, besides=row.id)
    if before.ad_source and after.ad_source != before.ad_source:
        raise WrongFields({"/ad_source": "How a customer first heard of us is set once and stays."})
    if after.parent_id is not None and after.parent_id != before.parent_id:
        refuse_cycle(unit, row.id, after.parent_id)
    changes = {each.name for each in fields(Profile) if getattr(before, each.name) != getattr(after, each.name)}
    if not changes:
        return row.row_version
    if not command.by_erp:
        refuse_foreign(unit, "crm.customer", changes)
        require_finance(unit, changes)
    fill(row, after)
    row.changed_at, row.changed_by = unit.clock.now(), unit.actor.id
    judge(row)
    row.match_keys = match_keys(after)
    unit.emit(
        CustomerChanged(
            customer_id=row.id,
            changes=differences(before, after, changes - PERSONAL),
            personal_changes=differences(before, after, changes & PERSONAL),
        )
    )
    unit.session.flush()  # the new row version is the answer
    if changes & MATCHED:
        note_duplicates(unit, row)
    return row.row_version


def note_need(unit: UnitOfWork, customer_id: str, said: str) -> None:
    """Put what a customer turned out to need before what was known of it. Raises `Forbidden`, `WrongFields`."""
    if not unit.actor.may("customer.edit"):
        raise Forbidden("You do not have the right to change customers (customer.edit).", permission="customer.edit")
    row = unit.session.get_one(CustomerRow, customer_id, with_for_update=True, populate_existing=True)
    needs = "\n".join(each for each in (said.strip(), row.needs) if each)
    if len(needs) > LONGEST_NEEDS:
        sentence = f"Together with what is known of the customer's needs it has more than {LONGEST_NEEDS} characters."
        raise WrongFields({"/needs": f"{sentence} Shorten what the customer's page says, or this."})
    update_customer(UpdateCustomer(customer_id=customer_id, changes={"needs": needs}), unit)


@handles(RecordBalance, needs="customer.edit")
def record_balance(command: RecordBalance, unit: UnitOfWork) -> None:
    """Replace what was known of a customer's debts."""
    if unit.session.get(CustomerRow, command.customer_id) is None:
        raise CustomerNotFound(command.customer_id)
    findings = Findings()
    receivable = findings.amount("/receivable", command.receivable, "The amount owed", places=2)
    findings.refuse()
    row = {"receivable": receivable, "oldest_due": command.oldest_due, "as_of": command.as_of}
    written = insert(CustomerBalanceRow).values(customer_id=command.customer_id, **row)
    unit.session.execute(written.on_conflict_do_update(index_elements=["customer_id"], set_=row))
    unit.emit(
        BalanceRecorded(
            customer_id=command.customer_id,
            receivable=plain(receivable),
            oldest_due=command.oldest_due.isoformat() if command.oldest_due else None,
            as_of=command.as_of.isoformat(),
        )
    )


def refuse_duplicate(unit: UnitOfWork, profile: Profile, *, besides: str | None = None) -> None:
    """Raise `CustomerExists` when another customer has the same tax id or external reference.

    Raises `CustomerExistsElsewhere` when the actor may not see that one.
    """
    same = {
        "tax id": (CustomerRow.country == profile.country) & (CustomerRow.tax_id == profile.tax_id),
        "external reference": CustomerRow.external_reference == profile.external_reference,
    }
    given = {"tax id": profile.tax_id, "external reference": profile.external_reference}
    for because, condition in same.items():
        if given[because] is None:
            continue
        one_at_a_time(unit, f"customer:{because}:{profile.country}:{given[because]}")
        wanted = select(CustomerRow.number, CustomerRow.name).where(condition, CustomerRow.id != (besides or ""))
        with unit.session.no_autoflush:
            other = unit.session.execute(wanted).first()
        if other is not None:
            raise CustomerExists(number=other.number, name=other.name, because=because)
        if unit.actor.limits and _is_taken_elsewhere(unit, wanted):
            raise CustomerExistsElsewhere(because=because)


def _is_taken_elsewhere(unit: UnitOfWork, wanted: Select[str, str]) -> bool:
    with unit.session.no_autoflush, unit.whole():
        return unit.session.execute(wanted).first() is not None


def require_finance(unit: UnitOfWork, names: Collection[str]) -> None:
    """Raise `Forbidden` when financial fields change and the actor may not see them."""
    if FINANCE & set(names) and not unit.actor.may(FINANCIAL):
        raise Forbidden(
            f"You do not have the right to change limits, terms and accounts of customers ({FINANCIAL}).",
            permission=FINANCIAL,
        )


def _filled(profile: Profile) -> set[str]:
    empty = Profile(name=profile.name, country=profile.country)
    return {each.name for each in fields(Profile) if getattr(profile, each.name) != getattr(empty, each.name)}


def _conflict(row: CustomerRow, current: Profile, command: UpdateCustomer) -> ChangedMeanwhile:
    """Both versions of every field that the caller wanted otherwise than it is now."""
    both = {
        name: {"yours": told(value), "theirs": told(getattr(current, name))}
        for name, value in command.changes.items()
        if hasattr(current, name) and getattr(current, name) != value
    }
    return ChangedMeanwhile(
        f"Customer {row.name}",
        expected=command.expected_version or 0,
        current=row.row_version,
        differences=both,
        changed_by=row.changed_by,
        changed_at=row.changed_at.isoformat(),
    )
