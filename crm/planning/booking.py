"""Booking rooms and devices for an activity: all of them or none, and never one that somebody else has."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.errors import DomainError
from crm.access import may_read
from crm.company import company
from crm.errors import WrongFields
from crm.planning.errors import ResourceReserved, ResourceTaken
from crm.planning.events import ResourcesBooked
from crm.planning.models import ResourceBookingRow, ResourceRow
from crm.planning.slots import Wanted, free_slots, knows_of
from storage.unit_of_work import UnitOfWork

TAKEN = "23P01"  # exclusion_violation
MOST = 20  # resources of one activity
LOOK_AHEAD = timedelta(days=14)
PROPOSALS = 3
LONGEST = timedelta(days=31)


def book(
    unit: UnitOfWork,
    activity: Any,
    resources: Collection[str],
    *,
    span: tuple[datetime | None, datetime | None],
) -> None:
    """Have an activity own exactly these resources from the begin to before the end of a span.

    Raises `WrongFields`, `ResourceReserved`, and `ResourceTaken` when the database finds another booking.
    """
    held = {row.resource_number: row for row in _bookings(unit, activity.id)}
    rows = _asked(unit, resources)
    starts_at, ends_at = span
    if not rows and not held:
        return
    if rows:
        starts_at, ends_at = _checked(unit, rows, held.keys(), span)
    wanted = {row.number for row in rows}
    for number, booking in held.items():
        if number not in wanted:
            unit.session.delete(booking)
    unit.session.flush()  # what is given back is free before anything else is taken
    try:
        with unit.savepoint():
            for row in rows:
                _take(unit, held.get(row.number), activity.id, row.number, span=(starts_at, ends_at))
            unit.session.flush()  # the database decides here, while we can still say with whom it collides
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != TAKEN:
            raise
        raise _taken(unit, activity.id, rows, starts_at, ends_at) from error
    unit.emit(
        ResourcesBooked(
            activity_id=activity.id,
            customer_id=activity.customer_id,
            resources=[row.id for row in rows],
            starts_at=None if starts_at is None or not rows else starts_at.isoformat(),
            ends_at=None if ends_at is None or not rows else ends_at.isoformat(),
        )
    )


def _bookings(unit: UnitOfWork, activity_id: str) -> Sequence[ResourceBookingRow]:
    wanted = select(ResourceBookingRow).where(ResourceBookingRow.activity_id == activity_id)
    return unit.session.scalars(wanted).all()


def _asked(unit: UnitOfWork, resources: Collection[str]) -> list[ResourceRow]:
    """The rows, locked in one order so that two who want the same ones wait for each other instead of blocking."""
    if not resources:
        return []
    if len(set(resources)) > MOST:
        raise WrongFields({"/resources": f"An activity has at most {MOST} resources."})
    wanted = select(ResourceRow).where(ResourceRow.id.in_(resources)).order_by(ResourceRow.number)
    rows = list(unit.session.scalars(wanted.with_for_update(key_share=True)))
    missing = sorted(set(resources) - {row.id for row in rows})
    if missing:
        raise WrongFields({"/resources": f"There is no resource {missing[0]}."})
    return rows


def _checked(
    unit: UnitOfWork,
    rows: list[ResourceRow],
    held: Collection[int],
    span: tuple[datetime | None, datetime | None],
) -> tuple[datetime, datetime]:
    starts_at, ends_at = span
    if starts_at is None or ends_at is None or ends_at <= starts_at:
        raise WrongFields({"/planned_to": "Say until when the room or the device is needed."})
    if ends_at - starts_at > LONGEST:
        raise WrongFields({"/planned_to": f"A resource is booked for {LONGEST.days} days at most."})
    zone = ZoneInfo(company(unit).time_zone)
    for row in rows:
        if row.number not in held:
            if not row.is_active:
                raise WrongFields({"/resources": f"{row.name} cannot be booked any more."})
            if row.groups and not unit.actor.is_system and unit.actor.roles.isdisjoint(row.groups):
                raise ResourceReserved(row.name, list(row.groups))
        if row.opens is not None and row.closes is not None:
            begin, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
            if begin.date() != end.date() or begin.time() < row.opens or end.time() > row.closes:
                sentence = f"{row.name} can be had from {row.opens:%H:%M} to {row.closes:%H:%M} only."
                raise WrongFields({"/planned_from": sentence})
    return starts_at, ends_at


def _take(
    unit: UnitOfWork,
    held: ResourceBookingRow | None,
    activity_id: str,
    number: int,
    *,
    span: tuple[datetime | None, datetime | None],
) -> None:
    if held is None:
        held = ResourceBookingRow(
            activity_id=activity_id, resource_number=number, made_at=unit.clock.now(), made_by=unit.actor.id
        )
        unit.session.add(held)
    held.starts_at, held.ends_at = span  # type: ignore[assignment]  # `_checked` has refused what is missing


def _taken(
    unit: UnitOfWork,
    activity_id: str,
    rows: list[ResourceRow],
    starts_at: datetime | None,
    ends_at: datetime | None,
) -> DomainError:
    """Who has it, as far as the reader may know, and when it is free."""
    if starts_at is None or ends_at is None:
        raise AssertionError("unreachable")  # nothing is booked without a span
    others = knows_of(unit, [row.number for row in rows], starts_at, ends_at, but=activity_id)
    zone = ZoneInfo(company(unit).time_zone)
    told = []
    for each in others:
        begin, end = each.starts_at.astimezone(zone), each.ends_at.astimezone(zone)
        whose = f" for “{each.subject}”" if each.subject and may_read(unit.actor) else ""
        told.append(f"{each.resource} is booked by {each.employee}{whose} from {begin:%d.%m.%Y %H:%M} to {end:%H:%M}")
    wanted = Wanted(
        people=(),
        resources=tuple(row.id for row in rows),
        minutes=max(1, int((ends_at - starts_at).total_seconds() // 60)),
        since=starts_at,
        until=starts_at + LOOK_AHEAD,
    )
    free = free_slots(unit, wanted, most=PROPOSALS)
    sentence = "; ".join(told) or "One of the resources is booked at that time"
    first = f" It is free from {free[0].starts_at.astimezone(zone):%d.%m.%Y %H:%M}." if free else ""
    return ResourceTaken(
        f"{sentence}. Nothing was booked; choose another time or another resource.{first}",
        bookings=[
            {
                "resource": each.resource,
                "employee": each.employee,
                "subject": each.subject if may_read(unit.actor) else None,
                "starts_at": each.starts_at.isoformat(),
                "ends_at": each.ends_at.isoformat(),
            }
            for each in others
        ],
        alternatives=[{"starts_at": each.starts_at.isoformat(), "ends_at": each.ends_at.isoformat()} for each in free],
    )
