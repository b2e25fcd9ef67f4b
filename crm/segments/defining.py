"""Defining segments, picking members into groups, and writing down who is in one."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, insert, select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings, checked_version, one_at_a_time
from crm.customer_search import Criteria, criteria_of
from crm.errors import WrongFields
from crm.models import ContactRow, CustomerRow
from crm.segments.errors import NotPicked, SegmentNameTaken, SegmentNotFound
from crm.segments.events import MembersPicked, MembersRemoved, SegmentChanged, SegmentCreated, SnapshotTaken
from crm.segments.models import SegmentMemberRow, SegmentRow, SegmentSnapshotMemberRow, SegmentSnapshotRow
from crm.segments.rules import CONTACT, CUSTOMER, PICKED, RULE, checked, contacts_of, customers_of, references
from storage.unit_of_work import UnitOfWork

EDIT = "customer.edit"
MOST_AT_ONCE = 10_000  # members that are picked with one command
CHANGEABLE = ("name", "description", "criteria", "parent_id", "is_retired")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSegment(Command):
    """Define a segment of customers or of contacts: by rule, or picked by hand."""

    name: str
    kind: str = RULE
    subject: str = CUSTOMER
    criteria: Criteria = Criteria()
    description: str | None = None
    parent_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSegment(Command):
    """Change name, description, criteria, parent_id or is_retired; kind and subject stay."""

    segment_id: str
    changes: Mapping[str, Any]
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PickMembers(Command):
    """Put customers or people into a group; who is in it already stays once."""

    segment_id: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveMembers(Command):
    """Take customers or people out of a group."""

    segment_id: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeSnapshot(Command):
    """Write down who is in a segment now, for later proof."""

    segment_id: str
    reason: str


@handles(CreateSegment, needs=EDIT)
def create_segment(command: CreateSegment, unit: UnitOfWork) -> str:
    """Its id. Raises `WrongFields`, `SegmentNameTaken`, `SegmentNotFound` for its parent."""
    findings = Findings()
    findings.choice("/kind", command.kind, "The kind", (RULE, PICKED))
    findings.choice("/subject", command.subject, "Who is in it", (CUSTOMER, CONTACT))
    findings.refuse()
    row = SegmentRow(id=new_id(), kind=command.kind, subject=command.subject, is_retired=False)
    row.created_at, row.created_by = unit.clock.now(), unit.actor.id
    _fill(
        unit,
        row,
        {
            "name": command.name,
            "description": command.description,
            "criteria": command.criteria,
            "parent_id": command.parent_id,
            "is_retired": False,
        },
    )
    unit.session.add(row)
    unit.emit(
        SegmentCreated(
            segment_id=row.id, name=row.name, kind=row.kind, subject=row.subject, criteria=dict(row.criteria)
        )
    )
    return row.id


@handles(ChangeSegment, needs=EDIT)
def change_segment(command: ChangeSegment, unit: UnitOfWork) -> int:
    """The new row version. Raises `SegmentNotFound`, `WrongFields`, `SegmentNameTaken`, `ChangedMeanwhile`."""
    row = _segment(unit, command.segment_id)
    checked_version(f"The segment {row.name}", expected=command.expected_version, current=row.row_version)
    unknown = command.changes.keys() - set(CHANGEABLE)
    if unknown:
        raise WrongFields({f"/{name}": f"A segment has no {name} to change." for name in sorted(unknown)})
    before = _values(row)
    now: dict[str, Any] = {name: getattr(row, name) for name in CHANGEABLE} | {"criteria": criteria_of(row.criteria)}
    with unit.session.no_autoflush:
        _fill(unit, row, now | dict(command.changes))
    after = _values(row)
    changes = {name: [before[name], after[name]] for name in CHANGEABLE if before[name] != after[name]}
    if changes:
        unit.emit(SegmentChanged(segment_id=row.id, changes=changes))
        unit.session.flush()  # the new row version is the answer
    return row.row_version


@handles(PickMembers, needs=EDIT)
def pick_members(command: PickMembers, unit: UnitOfWork) -> int:
    """How many came in. Raises `SegmentNotFound`, `NotPicked`, `WrongFields`."""
    row = _picked(unit, command.segment_id, command.ids)
    table: Any = CustomerRow if row.subject == CUSTOMER else ContactRow
    column: Any = SegmentMemberRow.customer_id if row.subject == CUSTOMER else SegmentMemberRow.contact_id
    asked = list(dict.fromkeys(command.ids))
    known = set(unit.session.scalars(select(table.id).where(table.id.in_(asked))))
    strange = [each for each in asked if each not in known]
    if strange:
        raise WrongFields({"/ids": f"There is no {row.subject} {strange[0]}."})
    there = set(unit.session.scalars(select(column).where(SegmentMemberRow.segment_id == row.id, column.in_(asked))))
    fresh = [each for each in asked if each not in there]
    if fresh:
        shared = {"segment_id": row.id, "added_at": unit.clock.now(), "added_by": unit.actor.id}
        nobody = {"customer_id": None, "contact_id": None}
        rows = [shared | nobody | {"id": new_id(), column.key: each} for each in fresh]
        unit.session.execute(insert(SegmentMemberRow), rows)
        unit.emit(MembersPicked(segment_id=row.id, ids=fresh))
    return len(fresh)


@handles(RemoveMembers, needs=EDIT)
def remove_members(command: RemoveMembers, unit: UnitOfWork) -> int:
    """How many left. Raises `SegmentNotFound`, `NotPicked`."""
    row = _picked(unit, command.segment_id, command.ids)
    column: Any = SegmentMemberRow.customer_id if row.subject == CUSTOMER else SegmentMemberRow.contact_id
    gone = delete(SegmentMemberRow).where(SegmentMemberRow.segment_id == row.id, column.in_(command.ids))
    ids = sorted(set(unit.session.scalars(gone.returning(column))))
    if ids:
        unit.emit(MembersRemoved(segment_id=row.id, ids=ids))
    return len(ids)


@handles(TakeSnapshot, needs=EDIT)
def take_snapshot(command: TakeSnapshot, unit: UnitOfWork) -> str:
    """Its id. Raises `SegmentNotFound`, `WrongFields` without a reason."""
    findings = Findings()
    reason = findings.text("/reason", command.reason, "The reason", longest=400)
    findings.refuse()
    row = _segment(unit, command.segment_id)
    if row.subject == CUSTOMER:
        wanted = select(CustomerRow.id).where(CustomerRow.merged_into.is_(None), customers_of(unit, row))
        ids = list(unit.session.scalars(wanted.order_by(CustomerRow.id)))
    else:
        ids = list(unit.session.scalars(select(ContactRow.id).where(contacts_of(unit, row)).order_by(ContactRow.id)))
    taken = SegmentSnapshotRow(
        id=new_id(),
        segment_id=row.id,
        reason=reason,
        criteria=dict(row.criteria),
        size=len(ids),
        digest=hashlib.sha256("\n".join(ids).encode()).hexdigest(),
        taken_at=unit.clock.now(),
        taken_by=unit.actor.id,
    )
    unit.session.add(taken)
    unit.session.flush()  # its members name it without a relationship
    if ids:
        members = [{"snapshot_id": taken.id, "record_id": each} for each in ids]
        unit.session.execute(insert(SegmentSnapshotMemberRow), members)
    unit.emit(
        SnapshotTaken(segment_id=row.id, snapshot_id=taken.id, size=taken.size, digest=taken.digest, reason=reason)
    )
    return taken.id


def _fill(unit: UnitOfWork, row: SegmentRow, values: Mapping[str, Any]) -> None:
    findings = Findings()
    name = findings.text("/name", values["name"], "The name", longest=100)
    row.description = findings.optional("/description", values["description"], "The description", longest=1000)
    findings.refuse()
    one_at_a_time(unit, "segments")
    if unit.session.scalars(select(SegmentRow.id).where(SegmentRow.name == name, SegmentRow.id != row.id)).first():
        raise SegmentNameTaken(name)
    criteria: Criteria = values["criteria"]
    if row.kind == RULE:
        checked(unit, row.subject, criteria)  # refuses what cannot be asked
    elif criteria != Criteria():
        raise WrongFields({"/criteria": "A group to pick into has no rule."})
    parent_id = values["parent_id"] or None
    if parent_id is not None:
        above = _segment(unit, parent_id)
        if above.subject != row.subject:
            raise WrongFields({"/parent_id": f"“{above.name}” has {above.subject}s. Choose another place."})
    _refuse_circle(unit, row.id, parent_id, references(criteria))
    row.name, row.parent_id, row.criteria = name, parent_id, asdict(criteria) if row.kind == RULE else {}
    row.is_retired = bool(values["is_retired"])
    row.changed_at = unit.clock.now()


def _refuse_circle(unit: UnitOfWork, own: str, parent_id: str | None, named: set[str]) -> None:
    """Raise `WrongFields` when the segment would need itself to know who is in it."""
    rows = unit.session.execute(select(SegmentRow.id, SegmentRow.parent_id, SegmentRow.criteria)).all()
    needs = {key: references(criteria_of(criteria)) for key, _, criteria in rows} | {own: set(named)}
    for key, above, _ in rows:
        if above is not None and key != own:
            needs.setdefault(above, set()).add(key)
    if parent_id is not None:
        needs.setdefault(parent_id, set()).add(own)
    met: set[str] = set()
    waiting = list(needs[own])
    while waiting:
        each = waiting.pop()
        if each == own:
            raise WrongFields({"/parent_id": "The segment would be a part of itself. Choose another place or rule."})
        if each not in met:
            met.add(each)
            waiting += needs.get(each, ())


def _values(row: SegmentRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in CHANGEABLE}


def _segment(unit: UnitOfWork, segment_id: str) -> SegmentRow:
    row = unit.session.get(SegmentRow, segment_id)
    if row is None:
        raise SegmentNotFound(segment_id)
    return row


def _picked(unit: UnitOfWork, segment_id: str, ids: tuple[str, ...]) -> SegmentRow:
    one_at_a_time(unit, f"segment:{segment_id}")
    row = _segment(unit, segment_id)
    if row.kind != PICKED:
        raise NotPicked(row.name)
    if not 0 < len(ids) <= MOST_AT_ONCE:
        raise WrongFields({"/ids": f"Name 1 to {MOST_AT_ONCE} members at once."})
    return row
