"""Making one customer of two, without losing what happened with either, and undoing it.

The absorbed customer's row stays and points to the kept one: whatever was linked to it elsewhere (cases, documents,
issued invoices, which never change) leads there. Rows that may change hands do, and which ones is remembered.
"""

from dataclasses import fields, replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select, update

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings, one_at_a_time
from crm.customer_events import CustomerAbsorbed, CustomersMerged, MergeUndone
from crm.customers import require_finance
from crm.duplicate_models import CustomerMergeRow, DuplicatePairRow
from crm.errors import CustomerMerged, CustomerNotFound, MergeNotFound, WrongFields
from crm.hierarchy import refuse_cycle
from crm.matching import match_keys
from crm.models import CustomerRow
from crm.profiles import FINANCE, Profile, fill, profile_of
from crm.quality import judge
from storage.orm import Base
from storage.unit_of_work import Reading, UnitOfWork

STAYING = frozenset(  # rows that belong to the absorbed row itself, or that nobody may change
    {
        "customer_address.customer_id",
        "customer_phone.customer_id",
        "customer_email.customer_id",
        "customer_balance.customer_id",
        "customer_turnover.customer_id",  # both follow the orders
        "customer_goods.customer_id",
        "contact_position.customer_id",
        "customer.merged_into",
        "customer_merge.kept_id",
        "customer_merge.absorbed_id",
        "duplicate_pair.first_id",
        "duplicate_pair.second_id",
        "invoice.customer_id",  # issued for ever, and the ledger around it stays whole
        "payment.customer_id",
        "payer_account.customer_id",
        "dunning.customer_id",  # goes with its invoice
        "dunning_letter.customer_id",
        "call_lease.customer_id",  # for two minutes
    }
)
LISTS = ("addresses", "phones", "emails", "identifiers", "bank_accounts")
SHAPE = TypeAdapter(Profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeCustomers(Command):
    """Make one customer of two; `take` names fields whose value comes from the absorbed one.

    Fields that are empty come from it anyway, lists get what they lack.
    """

    kept_id: str
    absorbed_id: str
    take: frozenset[str] = frozenset()
    reason: str | None = None
    expected_version: int | None = None  # of the kept customer


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoMerge(Command):
    """Make two customers again of what was made one."""

    merge_id: str


@handles(MergeCustomers, needs="customer.merge")
def merge_customers(command: MergeCustomers, unit: UnitOfWork) -> str:
    """Merge and return the id by which it can be undone. Raises `CustomerNotFound`, `CustomerMerged`, `WrongFields`."""
    if command.kept_id == command.absorbed_id:
        raise WrongFields({"/absorbed_id": "A customer cannot be merged with itself."})
    one_at_a_time(unit, "customer:merge")
    kept, absorbed = _free(unit, command.kept_id), _free(unit, command.absorbed_id)
    findings = Findings()
    unknown = command.take - {each.name for each in fields(Profile)}
    for name in sorted(unknown):
        findings.add("/take", f"A customer has no field {name}.")
    findings.refuse()
    before, lost = profile_of(kept), profile_of(absorbed)
    united = _united(before, lost, command.take)
    require_finance(unit, {name for name in FINANCE if getattr(united, name) != getattr(before, name)})
    moved = _move(unit, absorbed.id, kept.id)
    absorbed.tax_id = absorbed.external_reference = None  # they are unique, and the kept one has them now
    absorbed.parent_id, absorbed.merged_into = None, kept.id
    if united.parent_id in (kept.id, absorbed.id):
        united = replace(united, parent_id=None)
    unit.session.flush()  # what is unique is free before it is taken
    _write(unit, kept, united)
    unit.session.flush()  # the row's new version is what an undoing compares with
    merge = CustomerMergeRow(
        id=new_id(),
        kept_id=kept.id,
        absorbed_id=absorbed.id,
        kept_before=SHAPE.dump_python(before, mode="json"),
        absorbed_before=SHAPE.dump_python(lost, mode="json"),
        kept_version=kept.row_version,
        moved=moved,
        reason=command.reason,
        merged_at=unit.clock.now(),
        merged_by=unit.actor.id,
    )
    unit.session.add(merge)
    _settle_pairs(unit, absorbed.id)
    counts = {place: len(ids) for place, ids in moved.items()}
    unit.emit(
        CustomersMerged(
            customer_id=kept.id,
            merge_id=merge.id,
            absorbed_id=absorbed.id,
            moved=counts,
            reason=command.reason,
            offers=moved.get("offer.customer_id", []),
        )
    )
    unit.emit(CustomerAbsorbed(customer_id=absorbed.id, merge_id=merge.id, kept_id=kept.id))
    return merge.id


@handles(UndoMerge, needs="customer.merge")
def undo_merge(command: UndoMerge, unit: UnitOfWork) -> None:
    """Give back what was moved; data of the kept one that changed since stay. Raises `MergeNotFound`."""
    one_at_a_time(unit, "customer:merge")
    merge = unit.session.get(CustomerMergeRow, command.merge_id)
    if merge is None or merge.undone_at is not None:
        raise MergeNotFound(command.merge_id)
    kept = unit.session.get_one(CustomerRow, merge.kept_id)
    absorbed = unit.session.get_one(CustomerRow, merge.absorbed_id)
    for place, ids in merge.moved.items():
        name, _, column = place.partition(".")
        table = Base.metadata.tables[name]
        still = table.c.id.in_(ids), table.c[column] == kept.id
        unit.session.execute(update(table).where(*still).values({column: absorbed.id}))
    lost = SHAPE.validate_python(merge.absorbed_before)
    if kept.row_version == merge.kept_version:
        _write(unit, kept, SHAPE.validate_python(merge.kept_before))
    if kept.tax_id == lost.tax_id:
        lost = replace(lost, tax_id=None)
    if kept.external_reference == lost.external_reference:
        lost = replace(lost, external_reference=None)
    absorbed.merged_into = None
    unit.session.flush()  # what is unique is free before it is taken
    _write(unit, absorbed, lost)
    merge.undone_at, merge.undone_by = unit.clock.now(), unit.actor.id
    offers = merge.moved.get("offer.customer_id", [])
    for customer_id in (kept.id, absorbed.id):
        unit.emit(MergeUndone(customer_id=customer_id, merge_id=merge.id, offers=offers))


def family(view: Reading, customer_id: str) -> list[str]:
    """A customer's id and those of all that were merged into it: what cases and documents may be linked to."""
    tree = select(CustomerRow.id).where(CustomerRow.id == customer_id).cte("family", recursive=True)
    step = select(CustomerRow.id).join(tree, CustomerRow.merged_into == tree.c.id)
    return list(view.session.scalars(select(tree.union_all(step).c.id)))


def places() -> list[str]:
    """Every column of a table that names a customer, as `table.column`."""
    return sorted(
        f"{table.name}.{key.parent.name}"
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.target_fullname == "customer.id"
    )


def _free(unit: UnitOfWork, customer_id: str) -> CustomerRow:
    row = unit.session.get(CustomerRow, customer_id, with_for_update=True)
    if row is None:
        raise CustomerNotFound(customer_id)
    if row.merged_into is not None:
        raise CustomerMerged(row.number)
    return row


def _move(unit: UnitOfWork, absorbed_id: str, kept_id: str) -> dict[str, list[str]]:
    moved = {}
    for place in places():
        if place in STAYING:
            continue
        name, _, column = place.partition(".")
        table = Base.metadata.tables[name]
        change = update(table).where(table.c[column] == absorbed_id)
        if place == "customer.parent_id":
            change = change.where(table.c.id != kept_id)  # the kept one cannot belong to itself
        ids = list(unit.session.scalars(change.values({column: kept_id}).returning(table.c.id)))
        if ids:
            moved[place] = ids
    return moved


def _write(unit: UnitOfWork, row: CustomerRow, profile: Profile) -> None:
    if profile.parent_id is not None:
        refuse_cycle(unit, row.id, profile.parent_id)
    fill(row, profile)
    row.match_keys = match_keys(profile)
    judge(row)
    row.changed_at, row.changed_by = unit.clock.now(), unit.actor.id


def _united(kept: Profile, absorbed: Profile, take: frozenset[str]) -> Profile:
    empty = Profile(name="", country="")
    values: dict[str, Any] = {}
    for each in fields(Profile):
        mine, theirs = getattr(kept, each.name), getattr(absorbed, each.name)
        if each.name in take:
            values[each.name] = theirs
        elif each.name in LISTS:
            values[each.name] = _joined(mine, theirs)
        elif mine == getattr(empty, each.name) and each.name not in ("reliability", "currency", "grace_days"):
            values[each.name] = theirs
    values["custom"] = absorbed.custom | kept.custom
    return replace(kept, **values)


def _joined(mine: tuple[Any, ...], theirs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Mine, then what theirs have besides; of accounts in one currency mine stays the usual one."""
    usual = {each.currency for each in mine if getattr(each, "is_default", False)}
    ibans = {each.iban for each in mine if hasattr(each, "iban")}
    added = [
        replace(each, is_default=False) if getattr(each, "is_default", False) and each.currency in usual else each
        for each in theirs
        if each not in mine and getattr(each, "iban", None) not in ibans
    ]
    return (*mine, *added)


def _settle_pairs(unit: UnitOfWork, absorbed_id: str) -> None:
    concerned = (DuplicatePairRow.first_id == absorbed_id) | (DuplicatePairRow.second_id == absorbed_id)
    decided = {"state": "merged", "decided_at": unit.clock.now(), "decided_by": unit.actor.id}
    unit.session.execute(update(DuplicatePairRow).where(concerned, DuplicatePairRow.state == "open").values(**decided))
