"""A calendar's span: for each day the first activities and how many there are, whoever and however many they are.

Each day of each person is one range of an index, of which at most `COUNTED` entries are counted and the activities
of the first `SHOWN` are read: a month costs the same among a thousand activities and among a million.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, Row, String, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

from core.identity import Reach
from core.records import dataclass
from crm.access import given, reach_of, require_read
from crm.activities.models import ActivityParticipantRow
from crm.errors import WrongFields
from crm.planning.models import ResourceRow
from storage.unit_of_work import Reading

SHOWN = 30  # activities of a day
SHOWN_OF_MANY = 12  # activities of a day in a span of more than `FEW` days
FEW = 10  # days
COUNTED = 300  # activities of a day that are counted; of more it is only said that there are more
LONGEST = 62  # days
LONG = timedelta(days=7)  # what began earlier is not looked for
SOON = timedelta(hours=1)
USUAL = timedelta(minutes=30)  # of an activity that says no end
BUSY = "Busy"
FILTERS = ("type", "priority", "method", "status")
_WHOSE = {  # the ids of a day's activities, as ranges of one index each
    "all": "SELECT a.id, a.moment FROM activity a WHERE a.moment >= d.since AND a.moment < d.until {rest}"
    " ORDER BY a.moment, a.id LIMIT {counted}",
    "people": "(SELECT a.id, a.moment FROM activity a WHERE a.employee = ANY(:people) AND a.moment >= d.since"
    " AND a.moment < d.until {rest} ORDER BY a.moment, a.id LIMIT {counted})"
    " UNION (SELECT p.activity_id, p.moment FROM activity_participant p {activity_of_p}"
    " WHERE p.account = ANY(:people) AND p.moment >= d.since AND p.moment < d.until {rest}"
    " ORDER BY p.moment, p.activity_id LIMIT {counted})",
    "resource": "SELECT a.id, a.moment FROM resource_booking b JOIN activity a ON a.id = b.activity_id"
    " WHERE b.resource_number = :resource AND b.starts_at >= d.since AND b.starts_at < d.until {rest}"
    " ORDER BY b.starts_at LIMIT {counted}",
}
_REACHED = (
    " AND (a.customer_id IS NULL OR customer_is_reached(a.customer_id, :reach_people, :reach_teams, :reach_customers))"
)
_ACTIVITY_OF_P = "JOIN activity a ON a.id = p.activity_id"
_OF_DAYS = (
    "SELECT d.number, f.found, a.id, a.subject, a.employee, a.customer_id, c.name AS customer_name, a.method, a.type,"
    " a.priority, a.status, a.state, a.moment, a.planned_from, a.planned_to, a.held_from, a.duration_seconds,"
    " a.is_private, a.row_version FROM unnest(:since, :until) WITH ORDINALITY AS d(since, until, number)"
    " CROSS JOIN LATERAL"
    " (SELECT i.id, count(*) OVER () AS found FROM ({ids}) AS i ORDER BY i.moment, i.id LIMIT {shown}) AS f"
    " JOIN activity a ON a.id = f.id LEFT JOIN customer c ON c.id = a.customer_id"
    " ORDER BY d.number, a.moment, a.id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFilter:
    """Which days, from `first` to before `last` in a zone, and whose; no people means everybody."""

    first: date
    last: date
    zone: str = "Europe/Warsaw"
    people: tuple[str, ...] = ()
    resource: str | None = None
    type: str | None = None
    priority: str | None = None
    method: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An activity in a calendar; `urgency` is late, soon or None. What is private has no subject for others."""

    id: str
    subject: str
    employee: str
    customer_id: str | None
    customer_name: str | None
    method: str
    type: str | None
    priority: str
    status: str
    state: str
    starts_at: datetime
    ends_at: datetime
    is_private: bool
    urgency: str | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The entries of a span, and for each day with more of them how many are not shown (None: very many)."""

    entries: list[Entry]
    more: dict[date, int | None]


def days(view: Reading, wanted: CalendarFilter) -> Days:
    """The activities of a span by day. Raises `WrongFields` for a span that is empty, too long or in no zone."""
    require_read(view)
    zone = _zone(wanted)
    spans = [_day(wanted.first + timedelta(days=number), zone) for number in range((wanted.last - wanted.first).days)]
    begin = spans[0][0]
    rest = "".join(f" AND a.{name} = :{name}" for name in FILTERS if getattr(wanted, name) is not None)
    reach = reach_of(view.actor)
    rest += _REACHED if reach is not None else ""
    shown = SHOWN if len(spans) <= FEW else SHOWN_OF_MANY
    carried = _rows(view, wanted, [(begin - LONG, begin)], rest + " AND a.planned_to > d.until", SHOWN)
    rows = _rows(view, wanted, spans, rest, shown)
    more: dict[date, int | None] = {}
    for row in rows:
        if row.found > shown:
            left = None if row.found >= COUNTED else row.found - shown
            more[wanted.first + timedelta(days=row.number - 1)] = left
    return Days(entries=_entries(view, [*carried, *rows]), more=more)


def _rows(
    view: Reading, wanted: CalendarFilter, spans: Sequence[tuple[datetime, datetime]], rest: str, shown: int
) -> Sequence[Row[Any]]:
    """The first activities of each span, with how many it has; names in the statement are ours, values are bound."""
    ids = _WHOSE["resource" if wanted.resource else "people" if wanted.people else "all"].format(
        rest=rest, counted=COUNTED, activity_of_p=_ACTIVITY_OF_P if rest else ""
    )
    statement = _OF_DAYS.format(ids=ids, shown=shown)
    asked: dict[str, Any] = {
        "since": [since for since, _ in spans],
        "until": [until for _, until in spans],
        "people": list(wanted.people),
        "resource": _number(view, wanted.resource),
        **{name: getattr(wanted, name) for name in FILTERS},
        **given(reach_of(view.actor) or Reach()),
    }
    used = {name: value for name, value in asked.items() if f":{name}" in statement}
    moments = ARRAY(TIMESTAMP(timezone=True))
    types: dict[str, Any] = {"since": moments, "until": moments, "people": ARRAY(String)}
    types |= dict.fromkeys(given(Reach()), ARRAY(String))
    bound: list[BindParameter[Any]] = [bindparam(name, type_=types[name]) for name in used if name in types]
    return view.session.execute(text(statement).bindparams(*bound), used).all()


def _entries(view: Reading, rows: Sequence[Row[Any]]) -> list[Entry]:
    me, now = view.actor.id, view.clock.now()
    mine: set[str] = set()
    others = {row.id for row in rows if row.is_private and row.employee != me}
    if others:
        taking_part = select(ActivityParticipantRow.activity_id).where(
            ActivityParticipantRow.activity_id.in_(others), ActivityParticipantRow.account == me
        )
        mine = set(view.session.scalars(taking_part))
    return [_entry(row, now, is_hidden=row.id in others - mine) for row in rows]


def _entry(row: Row[Any], now: datetime, *, is_hidden: bool) -> Entry:
    starts_at = row.moment
    if row.status == "held":
        ends_at = starts_at + (timedelta(seconds=row.duration_seconds) if row.duration_seconds else USUAL)
    else:
        ends_at = row.planned_to or starts_at + USUAL
    urgency = None
    if row.status == "planned" and now >= starts_at - SOON:
        urgency = "soon" if now < starts_at else "late"
    return Entry(
        id=row.id,
        subject=BUSY if is_hidden else row.subject,
        employee=row.employee,
        customer_id=None if is_hidden else row.customer_id,
        customer_name=None if is_hidden else row.customer_name,
        method=row.method,
        type=None if is_hidden else row.type,
        priority=row.priority,
        status=row.status,
        state=row.state,
        starts_at=starts_at,
        ends_at=max(ends_at, starts_at),
        is_private=row.is_private,
        urgency=urgency,
        version=row.row_version,
    )


def _zone(wanted: CalendarFilter) -> ZoneInfo:
    if not 0 < (wanted.last - wanted.first).days <= LONGEST:
        raise WrongFields({"/last": f"A calendar shows between one day and {LONGEST} days."})
    try:
        return ZoneInfo(wanted.zone)
    except (KeyError, ValueError, OSError):
        raise WrongFields({"/zone": "There is no such time zone; write one such as Europe/Warsaw."}) from None


def _day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    begin, end = (datetime.combine(each, time(), zone) for each in (day, day + timedelta(days=1)))
    return begin.astimezone(UTC), end.astimezone(UTC)


def _number(view: Reading, resource_id: str | None) -> int:
    if resource_id is None:
        return 0
    return view.session.scalar(select(ResourceRow.number).where(ResourceRow.id == resource_id)) or 0
