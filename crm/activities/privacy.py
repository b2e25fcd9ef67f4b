"""Who may see what is private: those who take part in it."""

from sqlalchemy import ColumnElement, or_, select, true

from crm.activities.models import ActivityParticipantRow, ActivityRow
from storage.unit_of_work import Reading, UnitOfWork


def is_hidden(view: Reading | UnitOfWork, row: ActivityRow) -> bool:
    """Whether an activity is the private business of others."""
    if not row.is_private or view.actor.is_system:
        return False
    return view.actor.id not in {row.employee, row.created_by, *(each.account for each in row.participants)}


def visible_activities(view: Reading) -> ColumnElement[bool]:
    """What `is_hidden` says, for the WHERE of queries that select from `activity`."""
    if view.actor.is_system:
        return true()
    me = view.actor.id
    taking_part = select(ActivityParticipantRow.activity_id).where(
        ActivityParticipantRow.account == me, ActivityParticipantRow.activity_id == ActivityRow.id
    )
    return or_(
        ActivityRow.is_private.is_(False),
        ActivityRow.employee == me,
        ActivityRow.created_by == me,
        taking_part.exists(),
    )
