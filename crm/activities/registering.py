"""Registering activities, planned or held, and correcting what was entered."""

from dataclasses import fields, replace
from typing import Any

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.activities.content import Content, checked, content_of, fill, moment_of
from crm.activities.errors import ActivityNotFound, ActivitySettled, CircularChain
from crm.activities.events import ActivityChanged, ActivityRegistered
from crm.activities.models import ActivityRow
from crm.activities.privacy import is_hidden
from crm.activities.responding import answered, expect_response, note_response
from crm.activities.words import OPEN_STATES
from crm.changes import differences
from crm.checks import checked_version, one_at_a_time
from crm.errors import WrongFields
from crm.planning.booking import book
from storage.unit_of_work import UnitOfWork

PERSONAL = frozenset({"subject", "note", "participants"})
MOVED_ELSEWHERE = frozenset({"status", "planned_from"})  # of what is planned: by commands of their own
LONGEST_CHAIN = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterActivity(Command):
    """Enter something that took place, or plan something."""

    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeActivity(Command):
    """Correct an activity; `changes` maps names of `Content` to new values, lists are replaced whole."""

    activity_id: str
    changes: dict[str, Any]
    expected_version: int | None = None  # the row_version that the caller had read


@handles(RegisterActivity, needs="activity.edit")
def register_activity(command: RegisterActivity, unit: UnitOfWork) -> str:
    """Enter an activity and return its id. Raises `WrongFields`, `ActivityNotFound` for one that it should follow."""
    content = checked(unit, command.content)
    if content.follows_id is not None:
        found(unit, content.follows_id)
    now = unit.clock.now()
    row = ActivityRow(id=new_id(), created_at=now, created_by=unit.actor.id, changed_at=now)
    fill(row, content)
    expect_response(row, now)
    unit.session.add(row)
    note_response(unit, row)
    if content.resources:
        unit.session.flush()  # bookings refer to it
        book(unit, row, content.resources, span=(content.planned_from, content.planned_to))
    unit.emit(
        ActivityRegistered(
            activity_id=row.id,
            customer_id=row.customer_id,
            method=row.method,
            direction=row.direction,
            status=row.status,
            employee=row.employee,
            subject=row.subject,
            moment=moment_of(row.held_from, row.planned_from).isoformat(),
            follows_id=row.follows_id,
        )
    )
    return row.id


@handles(ChangeActivity, needs="activity.edit")
def change_activity(command: ChangeActivity, unit: UnitOfWork) -> int:
    """Correct an activity and return its new row version.

    Raises `WrongFields`, `ChangedMeanwhile`, `ActivitySettled`, `CircularChain`.
    """
    row = found(unit, command.activity_id)
    checked_version("The activity", expected=command.expected_version, current=row.row_version)
    unknown = command.changes.keys() - {each.name for each in fields(Content)}
    if unknown:
        raise WrongFields({f"/{name}": f"An activity has no field {name}." for name in sorted(unknown)})
    before = content_of(row)
    after = replace(before, **command.changes)
    moved = {name for name in MOVED_ELSEWHERE if getattr(before, name) != getattr(after, name)}
    if (moved or before.planned_to != after.planned_to) and row.status != "planned":
        raise ActivitySettled(row.status, "planned anew")
    if moved:
        sentence = "Hold, postpone or cancel the activity instead; each of them is told with its reason."
        raise WrongFields({f"/{name}": sentence for name in sorted(moved)})
    if row.status == "cancelled":
        raise ActivitySettled(row.status, "changed")
    after = checked(unit, after, before)
    if after.follows_id != before.follows_id:
        _refuse_circle(unit, row.id, after.follows_id)
    changes = {each.name for each in fields(Content) if getattr(before, each.name) != getattr(after, each.name)}
    if not changes:
        return row.row_version
    fill(row, after)
    row.changed_at = unit.clock.now()
    if after.state not in OPEN_STATES:
        answered(row, unit.clock.now())
    if (after.resources, after.planned_to) != (before.resources, before.planned_to):
        book(unit, row, after.resources, span=(after.planned_from, after.planned_to))
        unit.session.expire(row, ["bookings"])
    unit.emit(
        ActivityChanged(
            activity_id=row.id,
            customer_id=row.customer_id,
            changes=differences(before, after, changes - PERSONAL),
            personal_changes=differences(before, after, changes & PERSONAL),
        )
    )
    unit.session.flush()  # the new row version is the answer
    return row.row_version


def found(unit: UnitOfWork, activity_id: str) -> ActivityRow:
    """An activity to change. Raises `ActivityNotFound`."""
    row = unit.session.get(ActivityRow, activity_id)
    if row is None or is_hidden(unit, row):
        raise ActivityNotFound(activity_id)
    return row


def _refuse_circle(unit: UnitOfWork, activity_id: str, follows_id: str | None) -> None:
    """Walk to the chain's beginning, behind a lock: two people could close a circle together."""
    one_at_a_time(unit, "activity:chain")
    following = follows_id
    for _ in range(LONGEST_CHAIN):
        if following is None:
            return
        if following == activity_id:
            raise CircularChain
        found(unit, following)
        following = unit.session.scalar(select(ActivityRow.follows_id).where(ActivityRow.id == following))
    raise CircularChain
