"""What becomes of a planned activity: it is held, postponed or cancelled, and none of that is turned back."""

from dataclasses import replace
from datetime import datetime

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.activities import words as known
from crm.activities.content import LONGEST_NOTE, checked, content_of, fill, moment_of
from crm.activities.errors import ActivitySettled
from crm.activities.events import ActivityCancelled, ActivityHeld, ActivityPostponed
from crm.activities.models import ActivityPostponementRow, ActivityRow
from crm.activities.ports import CaseStages
from crm.activities.registering import found
from crm.activities.responding import note_response
from crm.checks import Findings
from crm.dictionaries import check_codes
from crm.planning.booking import book
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldActivity(Command):
    """Say that a planned activity took place: when, how long, and what is left to do about it."""

    activity_id: str
    held_from: datetime
    duration_seconds: int | None = None
    state: str = "done"
    note: str | None = None  # replaces the note where one is given


@dataclass(frozen=True, slots=True, kw_only=True)
class PostponeActivity(Command):
    """Move a planned activity to another time, for a reason of the list `failure_reason`."""

    activity_id: str
    planned_from: datetime
    planned_to: datetime | None = None
    reason: str
    remark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelActivity(Command):
    """Say that a planned activity will not take place, and why."""

    activity_id: str
    reason: str


@handles(HoldActivity, needs="activity.edit")
def hold_activity(command: HoldActivity, unit: UnitOfWork) -> None:
    """Mark a planned activity as held. Raises `ActivitySettled`, `WrongFields`."""
    row = _planned(unit, command.activity_id, "held")
    before = content_of(row)
    after = replace(
        before,
        status="held",
        held_from=command.held_from,
        duration_seconds=command.duration_seconds,
        state=command.state,
        note=before.note if command.note is None else command.note,
    )
    fill(row, checked(unit, after, before))
    row.changed_at = unit.clock.now()
    note_response(unit, row)
    unit.emit(
        ActivityHeld(
            activity_id=row.id,
            customer_id=row.customer_id,
            held_from=command.held_from.isoformat(),
            duration_seconds=row.duration_seconds,
            state=row.state,
            note=row.note,
        )
    )


@handles(PostponeActivity, needs="activity.edit")
def postpone_activity(command: PostponeActivity, unit: UnitOfWork) -> None:
    """Move a planned activity; without an end it keeps its length. Raises `ActivitySettled`, `WrongFields`."""
    row = _planned(unit, command.activity_id, "postponed")
    findings = Findings()
    check_codes(unit, findings, {"/reason": (known.REASON, command.reason)})
    remark = findings.optional("/remark", command.remark, "The remark", longest=LONGEST_NOTE)
    findings.refuse()
    before = content_of(row)
    planned = moment_of(None, before.planned_from)
    until = command.planned_to
    if until is None and before.planned_to is not None:
        until = command.planned_from + (before.planned_to - planned)
    fill(row, checked(unit, replace(before, planned_from=command.planned_from, planned_to=until), before))
    book(unit, row, before.resources, span=(command.planned_from, until))
    now = unit.clock.now()
    row.changed_at = now
    records = [("crm.activity", row.id), *((link.entity, link.record_id) for link in row.links)]
    process, stage = unit.port(CaseStages).stage(unit, records) or (None, None)
    row.postponements.append(
        ActivityPostponementRow(
            id=new_id(),
            planned_from=planned,
            moved_to=command.planned_from,
            reason=command.reason,
            remark=remark,
            process=process,
            stage=stage,
            made_at=now,
            made_by=unit.actor.id,
        )
    )
    unit.emit(
        ActivityPostponed(
            activity_id=row.id,
            customer_id=row.customer_id,
            planned_from=planned.isoformat(),
            moved_to=command.planned_from.isoformat(),
            reason=command.reason,
            remark=remark,
        )
    )


@handles(CancelActivity, needs="activity.edit")
def cancel_activity(command: CancelActivity, unit: UnitOfWork) -> None:
    """Cancel a planned activity. Raises `ActivitySettled`, `WrongFields`."""
    row = _planned(unit, command.activity_id, "cancelled")
    findings = Findings()
    reason = findings.text("/reason", command.reason, "The reason")
    findings.refuse()
    row.status, row.cancelled_reason, row.state = "cancelled", reason, "not_needed"
    row.changed_at = unit.clock.now()
    book(unit, row, (), span=(None, None))
    unit.emit(ActivityCancelled(activity_id=row.id, customer_id=row.customer_id, reason=reason))


def _planned(unit: UnitOfWork, activity_id: str, what: str) -> ActivityRow:
    row = found(unit, activity_id)
    if row.status != "planned":
        raise ActivitySettled(row.status, what)
    return row
