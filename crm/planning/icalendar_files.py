"""Activities as iCalendar (RFC 5545): one event each, whose UID stays and whose SEQUENCE grows with every change."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, vCalAddress, vText
from sqlalchemy import or_, select

from crm.access import require_read
from crm.activities.errors import ActivityNotFound
from crm.activities.models import ActivityParticipantRow, ActivityRow
from crm.activities.privacy import is_hidden
from crm.company import company
from crm.models import CustomerRow
from crm.planning.models import ResourceBookingRow, ResourceRow
from storage.unit_of_work import Reading

PRODUCT = "-//Obieg//Obieg//EN"
BEFORE, AFTER = timedelta(days=90), timedelta(days=400)
MOST = 5000  # events of one feed
USUAL = timedelta(minutes=30)
BUSY = "Busy"
PRIORITIES = {"high": 1, "medium": 5, "low": 9}


def my_calendar(view: Reading) -> bytes:
    """The actor's activities of the last 90 and the next 400 days; what is private is only a busy time."""
    require_read(view)
    now = view.clock.now()
    span = (now - BEFORE, now + AFTER)
    mine = select(ActivityRow.id).where(
        ActivityRow.employee == view.actor.id, ActivityRow.moment >= span[0], ActivityRow.moment < span[1]
    )
    taking_part = select(ActivityParticipantRow.activity_id).where(
        ActivityParticipantRow.account == view.actor.id,
        ActivityParticipantRow.moment >= span[0],
        ActivityParticipantRow.moment < span[1],
    )
    either = or_(ActivityRow.id.in_(mine), ActivityRow.id.in_(taking_part))
    rows = view.session.scalars(select(ActivityRow).where(either).order_by(ActivityRow.moment).limit(MOST)).all()
    return _file(view, rows, name=view.actor.name, private=True)


def one_activity(view: Reading, activity_id: str) -> bytes:
    """One activity as a file. Raises `ActivityNotFound`."""
    require_read(view)
    row = view.session.get(ActivityRow, activity_id)
    if row is None or is_hidden(view, row):
        raise ActivityNotFound(activity_id)
    return _file(view, [row], name=row.subject, private=False)


def _file(view: Reading, rows: Sequence[ActivityRow], *, name: str, private: bool) -> bytes:
    firm = company(view)
    zone = ZoneInfo(firm.time_zone)
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", name)
    customers = _customers(view, rows)
    places = _places(view, rows)
    for row in rows:
        hidden = private and row.is_private
        made.add_component(_event(row, zone, customers, places, is_hidden=hidden))
    if rows:
        made.add_missing_timezones()
    return bytes(made.to_ical())


def _event(
    row: ActivityRow, zone: ZoneInfo, customers: dict[str, str], places: dict[str, list[str]], *, is_hidden: bool
) -> Event:
    begins, ends = _span(row)
    event = Event()
    event.add("uid", f"{row.id}@obieg")
    event.add("sequence", row.row_version - 1)
    event.add("dtstamp", row.changed_at)
    event.add("last-modified", row.changed_at)
    event.add("dtstart", begins.astimezone(zone))
    event.add("dtend", ends.astimezone(zone))
    event.add("status", "CANCELLED" if row.status == "cancelled" else "CONFIRMED")
    event.add("priority", PRIORITIES[row.priority])
    if is_hidden:
        event.add("summary", BUSY)
        event.add("class", "PRIVATE")
        return event
    customer = customers.get(row.customer_id or "")
    event.add("summary", f"{row.subject} – {customer}" if customer else row.subject)
    if row.note:
        event.add("description", row.note)
    event.add("categories", [each for each in (row.type, row.method) if each])
    if row.id in places:
        event.add("location", ", ".join(places[row.id]))
    for each in row.participants:
        if each.name or each.account:
            attendee = vCalAddress(f"urn:obieg:{each.side}")
            attendee.params["cn"] = vText(each.name or each.account or "")
            event.add("attendee", attendee, encode=False)
    for reminder in row.reminders:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", row.subject)
        alarm.add("trigger", timedelta(minutes=-reminder.minutes))
        event.add_component(alarm)
    return event


def _span(row: ActivityRow) -> tuple[datetime, datetime]:
    if row.status == "held":
        length = timedelta(seconds=row.duration_seconds) if row.duration_seconds else USUAL
        return row.moment, row.moment + length
    return row.moment, row.planned_to or row.moment + USUAL


def _customers(view: Reading, rows: Sequence[ActivityRow]) -> dict[str, str]:
    ids = {row.customer_id for row in rows if row.customer_id}
    named = select(CustomerRow.id, CustomerRow.name).where(CustomerRow.id.in_(ids))
    return {row.id: row.name for row in view.session.execute(named)} if ids else {}


def _places(view: Reading, rows: Sequence[ActivityRow]) -> dict[str, list[str]]:
    named = (
        select(ResourceBookingRow.activity_id, ResourceRow.name)
        .join(ResourceRow, ResourceRow.number == ResourceBookingRow.resource_number)
        .where(ResourceBookingRow.activity_id.in_([row.id for row in rows]))
        .order_by(ResourceBookingRow.resource_number)
    )
    found: dict[str, list[str]] = {}
    for activity_id, name in view.session.execute(named):
        found.setdefault(activity_id, []).append(name)
    return found
