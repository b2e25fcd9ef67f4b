"""How soon we answer what comes in: each approach of a customer has a time by which somebody is to respond."""

from datetime import datetime, timedelta

from crm.activities.models import ActivityRow
from crm.activities.words import OPEN_STATES
from storage.unit_of_work import UnitOfWork

WITHIN = {"high": timedelta(hours=4), "medium": timedelta(hours=24), "low": timedelta(hours=72)}


def expect_response(row: ActivityRow, now: datetime) -> None:
    """Set until when a new activity that came in is to be answered; one that is done already has been."""
    if row.direction != "incoming":
        return
    row.respond_by = row.moment + WITHIN[row.priority]
    if row.state not in OPEN_STATES:
        answered(row, now)


def answered(row: ActivityRow, at: datetime) -> None:
    """Somebody has responded; the first time counts."""
    if row.respond_by is not None and row.responded_at is None:
        row.responded_at = max(at, row.moment)


def note_response(unit: UnitOfWork, row: ActivityRow) -> None:
    """What we hold with a customer answers the approach that it follows."""
    if row.follows_id is None or row.status != "held" or row.direction != "outgoing":
        return
    asked = unit.session.get(ActivityRow, row.follows_id)
    if asked is not None:
        answered(asked, row.moment)
